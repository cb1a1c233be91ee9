package webtest

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

// jar keeps the cookies of one visitor of one site, as a browser does
// (RFC 6265 section 5.3): by name and path, until they expire by the app's
// clock. Secure cookies are kept too, as browsers do for localhost.
type jar struct {
	now     func() time.Time
	mu      sync.Mutex
	cookies []kept
}

type kept struct {
	name, value, path string
	end               time.Time // zero: no end
}

// store takes over what a response to a request for path sets.
func (j *jar) store(path string, cookies []*http.Cookie) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, c := range cookies {
		k := kept{name: c.Name, value: c.Value, path: c.Path, end: c.Expires}
		if !strings.HasPrefix(k.path, "/") {
			k.path = defaultPath(path)
		}
		if c.MaxAge != 0 {
			k.end = j.now().Add(time.Duration(c.MaxAge) * time.Second)
		}
		j.drop(k.name, k.path)
		if k.live(j.now()) {
			j.cookies = append(j.cookies, k)
		}
	}
}

// defaultPath is the directory of a path (RFC 6265 section 5.1.4).
func defaultPath(path string) string {
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		return path[:i]
	}
	return "/"
}

func (j *jar) drop(name, path string) {
	rest := j.cookies[:0]
	for _, k := range j.cookies {
		if k.name != name || k.path != path {
			rest = append(rest, k)
		}
	}
	j.cookies = rest
}

// send adds the cookies for a path to a request.
func (j *jar) send(r *http.Request, path string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, k := range j.cookies {
		if k.live(j.now()) && k.covers(path) {
			r.AddCookie(&http.Cookie{Name: k.name, Value: k.value})
		}
	}
}

// get returns the live cookie of a name.
func (j *jar) get(name string) (string, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, k := range j.cookies {
		if k.name == name && k.live(j.now()) {
			return k.value, true
		}
	}
	return "", false
}

func (k kept) live(now time.Time) bool { return k.end.IsZero() || k.end.After(now) }

// covers is path matching of RFC 6265 section 5.1.4.
func (k kept) covers(path string) bool {
	rest, ok := strings.CutPrefix(path, k.path)
	return ok && (rest == "" || strings.HasSuffix(k.path, "/") || rest[0] == '/')
}
