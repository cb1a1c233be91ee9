package front

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/dram-go/dram/framework/config"
)

// mount is a part of the address space that has an app of its own.
type mount struct {
	config.Mount
	name     string
	host     string   // lower case, "" for every one; .example.org for those below it
	segments []string // of the path, decoded
	prefix   string   // as the app is told, escaped; "" for none

	upstreams []config.Upstream // where those of the same index are
	trust     trust             // of those that speak TLS
	settings  *settings         // of its requests; set when it comes into force, as app
	app       *app
}

// newMount prepares a mount of a valid configuration.
func newMount(name string, c config.Mount) *mount {
	m := &mount{Mount: c, name: name, host: plainHost(c.Host)}
	m.host = strings.TrimPrefix(m.host, "*")
	if path := strings.Trim(c.Path, "/"); path != "" {
		m.segments = strings.Split(path, "/")
		m.prefix = (&url.URL{Path: "/" + path}).EscapedPath()
	}
	return m
}

// mounts are all of a configuration, in the order in which they are asked.
type mounts []*mount

// newMounts puts the mounts in order: an exact host before those below one,
// these before all hosts; then the longest path.
func newMounts(c *config.Config) (mounts, error) {
	var all mounts
	for name, entry := range c.Mounts {
		m := newMount(name, entry)
		if m.App != "" && m.App != config.SelfApp {
			m.App = c.Path(m.App)
		}
		for _, text := range m.Upstreams {
			at, err := c.ParseUpstream(text)
			if err != nil {
				return nil, fmt.Errorf("front: mounts.%s.upstreams: %q: %w", name, text, err)
			}
			m.upstreams = append(m.upstreams, at)
		}
		var err error
		if m.trust, err = trustOf(c, name); err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	exactness := func(m *mount) int {
		switch {
		case m.host == "":
			return 0
		case m.host[0] == '.':
			return len(m.host)
		}
		return 1 << 16
	}
	slices.SortFunc(all, func(a, b *mount) int {
		return cmp.Or(cmp.Compare(exactness(b), exactness(a)), cmp.Compare(len(b.segments), len(a.segments)),
			strings.Compare(a.name, b.name))
	})
	return all, nil
}

// plainHost is the host of an authority as it is compared: without port, case
// and the dot of the root.
func plainHost(authority string) string {
	host := authority
	if h, _, err := net.SplitHostPort(authority); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"), ".")
	return strings.ToLower(host)
}

// find returns the mount for an escaped path of a host, nil when it is for the
// front's own app. It is not clear when the path names one mount as it was
// sent and another once its dots are resolved, in whichever of the ways that
// servers have: whoever looks at the path later might see the other one.
func (all mounts) find(authority, path string) (m *mount, clear bool) {
	host := plainHost(authority)
	m = all.match(host, path)
	if !strings.Contains(path, "/.") && !strings.Contains(path, "..") && !strings.Contains(path, "%2e") && !strings.Contains(path, "%2E") {
		return m, true
	}
	if m != all.match(host, resolveDots(path)) {
		return m, false
	}
	loose, climbs := loosen(path, false)
	if !climbs {
		return m, true
	}
	looser, _ := loosen(path, true)
	return m, m == all.match(host, resolveDots(loose)) && m == all.match(host, resolveDots(looser))
}

func (all mounts) match(host, path string) *mount {
	for _, m := range all {
		if m.hosts(host) && m.holds(path) {
			return m
		}
	}
	return nil
}

// hosts reports that a host belongs to the mount.
func (m *mount) hosts(host string) bool {
	switch {
	case m.host == "":
		return true
	case m.host[0] == '.':
		return strings.HasSuffix(host, m.host)
	}
	return m.host == host
}

// holds reports that an escaped path begins with the segments of the mount. An
// encoded slash is part of its segment.
func (m *mount) holds(path string) bool {
	if len(m.segments) == 0 {
		return true // OPTIONS *, too
	}
	for _, want := range m.segments {
		rest, ok := strings.CutPrefix(path, "/")
		if !ok {
			return false
		}
		segment, _, _ := strings.Cut(rest, "/")
		path = rest[len(segment):]
		if segment == want {
			continue
		}
		if plain, err := url.PathUnescape(segment); err != nil || plain != want {
			return false
		}
	}
	return true
}

// inside returns the target for an escaped path and a query with its question
// mark, as the app of the mount shall see it.
func (m *mount) inside(path, query string) string {
	if m.KeepPrefix {
		return path + query
	}
	return behind(path, len(m.segments)) + query
}

// behind returns an escaped path without its first n segments.
func behind(path string, n int) string {
	for ; n > 0; n-- {
		at := strings.IndexByte(path[1:], '/')
		if at < 0 {
			return "/"
		}
		path = path[1+at:]
	}
	return path
}

// resolveDots resolves the segments . and .. of an escaped path (RFC 3986,
// section 5.2.4), also when their dots are encoded.
func resolveDots(path string) string {
	var kept []string
	for segment := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		switch plain, _ := url.PathUnescape(segment); plain {
		case ".":
		case "..":
			kept = kept[:max(0, len(kept)-1)]
		default:
			kept = append(kept, segment)
		}
	}
	return "/" + strings.Join(kept, "/")
}

// loosen writes a path as the least strict of servers read it: an encoded
// separator, or a backslash, is a separator, and parameters behind a segment of
// dots do not count. Where empty segments do not count either, it merges them.
// climbs: there is a segment of two dots.
func loosen(path string, merge bool) (loose string, climbs bool) {
	var b strings.Builder
	for segment := range strings.SplitSeq(strings.TrimPrefix(separated.Replace(path), "/"), "/") {
		if plain, _ := url.PathUnescape(segment); strings.HasPrefix(plain, ".") {
			switch dots, _, _ := strings.Cut(plain, ";"); dots {
			case "..":
				climbs = true
				fallthrough
			case ".":
				segment = dots
			}
		}
		if segment != "" || !merge {
			b.WriteString("/" + segment)
		}
	}
	return cmp.Or(b.String(), "/"), climbs
}

// separated makes separators of all that may be taken for one.
var separated = strings.NewReplacer("%2f", "/", "%2F", "/", "%5c", "/", "%5C", "/", `\`, "/")
