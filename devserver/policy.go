package devserver

import (
	"crypto/rand"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// amendPolicies makes the Content-Security-Policy headers of a page let the
// dev client in, as narrowly as possible: nothing of the page's own that the
// policy forbids becomes allowed, so a page that works here works in production.
// It returns the nonce for the client's tag, or "" where none is needed.
func amendPolicies(h http.Header, host string) (nonce string) {
	names := []string{"Content-Security-Policy", "Content-Security-Policy-Report-Only"}
	for _, name := range names {
		for _, header := range h.Values(name) {
			if nonce == "" {
				nonce = firstNonce(header)
			}
		}
	}
	fresh := ""
	if nonce == "" {
		fresh = rand.Text()
	}
	used := false
	for _, name := range names {
		for i, header := range h.Values(name) {
			// One header may carry several policies; all of them hold.
			policies := strings.Split(header, ",")
			for j, policy := range policies {
				var usesFresh bool
				policies[j], usesFresh = amendPolicy(policy, host, nonce, fresh)
				used = used || usesFresh
			}
			h[http.CanonicalHeaderKey(name)][i] = strings.Join(policies, ",")
		}
	}
	if used {
		return fresh
	}
	return nonce
}

var nonceSource = regexp.MustCompile(`'nonce-([A-Za-z0-9+/_=-]+)'`)

func firstNonce(policy string) string {
	if match := nonceSource.FindStringSubmatch(policy); match != nil {
		return match[1]
	}
	return ""
}

// directive is one part of a policy: a name and its sources.
type directive struct {
	name    string
	sources []string
}

// amendPolicy lets the client's script and its event stream through one
// policy. usesFresh tells whether that took the nonce fresh.
func amendPolicy(policy, host, nonce, fresh string) (amended string, usesFresh bool) {
	directives := parsePolicy(policy)
	if i := effective(directives, "script-src-elem", "script-src", "default-src"); i >= 0 {
		var source string
		source, usesFresh = scriptSource(directives[i].sources, host, nonce, fresh)
		policy = allow(policy, directives[i], source, "script-src-elem")
	}
	if i := effective(directives, "connect-src", "default-src"); i >= 0 && !coversSelf(directives[i].sources) {
		policy = allow(policy, directives[i], pathSource(host, devPrefix), "connect-src")
	}
	return policy, usesFresh
}

// scriptSource is what has to be added to script sources, or "". A nonce is
// added only where the policy goes by nonces or hashes already: beside
// 'unsafe-inline' it would switch that off and break the page.
func scriptSource(sources []string, host, nonce, fresh string) (source string, usesFresh bool) {
	switch {
	case nonce != "" && slices.Contains(sources, "'nonce-"+nonce+"'"):
		return "", false
	case slices.Contains(sources, "'strict-dynamic'") && nonce != "":
		return "'nonce-" + nonce + "'", false
	case slices.Contains(sources, "'strict-dynamic'"):
		return "'nonce-" + fresh + "'", true
	case coversSelf(sources):
		return "", false
	}
	return pathSource(host, clientPath), false
}

// coversSelf tells whether sources let everything of the page's origin pass.
func coversSelf(sources []string) bool {
	return slices.ContainsFunc(sources, func(s string) bool {
		return s == "*" || strings.EqualFold(s, "'self'") || strings.EqualFold(s, "http:")
	})
}

// pathSource names one path of this server. A source cannot name an IPv6
// address (CSP Level 3, section 2.3.1), there it must be the origin.
func pathSource(host, path string) string {
	if strings.HasPrefix(host, "[") {
		return "'self'"
	}
	return "http://" + host + path
}

// allow adds source to directive d of policy. Where d is only the fallback
// default-src, its copy under the special name is amended, so that nothing
// else changes.
func allow(policy string, d directive, source, special string) string {
	if source == "" {
		return policy
	}
	sources := slices.DeleteFunc(slices.Clone(d.sources), func(s string) bool {
		return strings.EqualFold(s, "'none'")
	})
	text := strings.Join(append(sources, source), " ")
	if d.name == "default-src" {
		return strings.TrimRight(policy, "; ") + "; " + special + " " + text
	}
	parts := strings.Split(policy, ";")
	for i, part := range parts {
		fields := strings.Fields(part)
		if len(fields) > 0 && strings.EqualFold(fields[0], d.name) {
			parts[i] = " " + fields[0] + " " + text
			break // only the first of a name counts
		}
	}
	return strings.TrimPrefix(strings.Join(parts, ";"), " ")
}

func parsePolicy(policy string) []directive {
	var directives []directive
	for part := range strings.SplitSeq(policy, ";") {
		if fields := strings.Fields(part); len(fields) > 0 {
			directives = append(directives, directive{strings.ToLower(fields[0]), fields[1:]})
		}
	}
	return directives
}

// effective returns the index of the first of names that the policy has, or -1.
func effective(directives []directive, names ...string) int {
	for _, name := range names {
		if i := slices.IndexFunc(directives, func(d directive) bool { return d.name == name }); i >= 0 {
			return i
		}
	}
	return -1
}
