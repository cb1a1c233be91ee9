package router

import (
	"slices"
	"strings"
)

// Match finds the route for a method and an escaped path (what
// url.URL.EscapedPath returns, without query) and writes its parameters to
// params, which must not be nil. It never panics, whatever the path holds.
// Unless the path has percent-encoded characters it allocates nothing when it
// finds a route.
func (r *Router[T]) Match(method, escapedPath string, params *Params) Result[T] {
	params.names = nil
	if entry := r.static[escapedPath].find(method); entry >= 0 {
		return Result[T]{Status: Found, Entry: r.entries[entry]}
	}
	path, ok := decodePath(escapedPath)
	if !ok || path == "" || path[0] != '/' {
		return Result[T]{Status: BadPath}
	}
	s := search{method: method, params: params}
	if !s.walk(&r.root, path, 0) {
		return r.miss(method, path, params)
	}
	if !s.goodParams() {
		return Result[T]{Status: BadPath}
	}
	params.names = s.leaf.pattern.params
	return Result[T]{Status: Found, Entry: r.entries[s.entry]}
}

// goodParams checks what matched parameters: literal text is always good, so
// this is the check of the whole path, and built-in converters did it already.
func (s *search) goodParams() bool {
	i := 0
	for _, seg := range s.leaf.pattern.segments {
		switch {
		case seg.kind == literal:
			continue
		case seg.kind == rest:
			if !goodPath("/" + s.params.values[i]) {
				return false
			}
		case (seg.conv == nil || !seg.conv.safe) && !goodSegment(s.params.values[i]):
			return false
		}
		i++
	}
	return true
}

// miss says why a decoded path has no route for the method.
func (r *Router[T]) miss(method, path string, params *Params) Result[T] {
	if !goodPath(path) {
		return Result[T]{Status: BadPath}
	}
	var methods []string
	all := search{allow: &methods, params: params}
	all.walk(&r.root, path, 0)
	if len(methods) > 0 {
		return Result[T]{Status: MethodNotAllowed, Allow: allow(methods)}
	}
	other := search{method: method, params: params, flip: true}
	if !other.walk(&r.root, path, 0) {
		return Result[T]{Status: NotFound}
	}
	values := params.values[:len(other.leaf.pattern.params)]
	status := NotFound
	if method == "GET" || method == "HEAD" {
		status = Redirect
	}
	return Result[T]{Status: status, Path: other.leaf.pattern.path(values)}
}

// allow writes the header of the same name.
func allow(methods []string) string {
	methods = append(methods, "OPTIONS")
	if slices.Contains(methods, "GET") {
		methods = append(methods, "HEAD")
	}
	slices.Sort(methods)
	return strings.Join(slices.Compact(methods), ", ")
}
