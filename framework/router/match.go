package router

import (
	"net/url"
	"slices"
	"strings"
)

// Match finds the route for a method and an escaped path (what
// url.URL.EscapedPath returns, without query) and writes its parameters to
// params, which must not be nil. It never panics, whatever the path holds.
// Unless the path has percent-encoded characters it allocates nothing when it
// finds a route.
func (r *Router[T]) Match(method, escapedPath string, params *Params) Result[T] {
	path, ok := decodePath(escapedPath)
	if !ok {
		params.names = nil
		return Result[T]{Status: BadPath}
	}
	if h := r.lanes.find(method, path, params); h != nil {
		return Result[T]{Status: Found, Entry: r.entries[h.entry]}
	}
	return r.miss(method, path, params)
}

// MatchURL is [Router.Match] for the escaped path of a parsed URL, such as that
// of a request. It is quicker: where the path was written in its usual form,
// which net/url tells by an empty RawPath, nothing is escaped only to be
// decoded again.
func (r *Router[T]) MatchURL(method string, u *url.URL, params *Params) Result[T] {
	if u.RawPath != "" {
		return r.Match(method, u.EscapedPath(), params)
	}
	if h := r.lanes.find(method, u.Path, params); h != nil {
		return Result[T]{Status: Found, Entry: r.entries[h.entry]}
	}
	return r.miss(method, u.Path, params)
}

// accepts checks what matched parameters: literal text is always good, so this
// is the check of the whole path, and built-in converters did it already.
func (p *pattern) accepts(params *Params) bool {
	i := 0
	for _, seg := range p.segments {
		switch {
		case seg.kind == literal:
			continue
		case seg.kind == rest:
			if !goodRest(params.values[i]) {
				return false
			}
		case (seg.conv == nil || !seg.conv.safe) && !goodSegment(params.values[i]):
			return false
		}
		i++
	}
	return true
}

// miss says why a decoded path has no route for the method.
func (r *Router[T]) miss(method, path string, params *Params) Result[T] {
	if path == "" || path[0] != '/' || !goodRest(path[1:]) {
		return Result[T]{Status: BadPath}
	}
	var methods []string
	for _, l := range r.lanes.list {
		if l.root.find(path, params, 0) != nil {
			methods = append(methods, l.method)
		}
	}
	if len(methods) > 0 {
		return Result[T]{Status: MethodNotAllowed, Allow: allow(methods)}
	}
	h := r.lanes.of(method).other.find(path, params, 0)
	if h == nil {
		return Result[T]{Status: NotFound}
	}
	status := NotFound
	if method == "GET" || method == "HEAD" {
		status = Redirect
	}
	return Result[T]{Status: status, Path: h.pattern.path(h.pattern.values(params))}
}

// values returns the values of a pattern that matched in its other form. A
// rest stood for nothing, and nothing was written for it.
func (p *pattern) values(params *Params) []string {
	values := params.values[:len(p.params)]
	if p.endsInRest() {
		values[len(values)-1] = ""
	}
	return values
}

// allow writes the header of the same name. HEAD is among the methods where
// GET is.
func allow(methods []string) string {
	methods = append(methods, "OPTIONS")
	slices.Sort(methods)
	return strings.Join(slices.Compact(methods), ", ")
}
