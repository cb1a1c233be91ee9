package router

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Router holds routes that carry values of type T. Fill it with Add, then call
// Build once; after that it never changes and any number of goroutines may
// match and reverse.
type Router[T any] struct {
	converters map[string]*converter
	own        int // number of converters of the app
	entries    []*Entry[T]
	faults     Faults
	built      bool

	root   node
	leaves []*leaf
	lanes  *lanes
	named  map[string]*pattern
}

// Entry is one route: a pattern, a method and the value that belongs to them.
// Its fields are for reading.
type Entry[T any] struct {
	Method  string
	Pattern string
	// Name is the name of the pattern, empty when it has none. From Build on
	// an entry that was not named itself carries the name that another method
	// of its pattern was given.
	Name  string
	Value T
	// Where is the file:line of the registration.
	Where string
}

// Status says what a match led to.
type Status uint8

// What Match can return, with the answer that belongs to it.
const (
	NotFound         Status = iota // 404
	Found                          // call the entry's handler
	MethodNotAllowed               // 405 with Allow; for OPTIONS 204 with Allow
	Redirect                       // 308 to Path, with the query appended
	BadPath                        // 400
)

// String returns the name of the status.
func (s Status) String() string {
	names := [...]string{"NotFound", "Found", "MethodNotAllowed", "Redirect", "BadPath"}
	if int(s) < len(names) {
		return names[s]
	}
	return fmt.Sprintf("Status(%d)", uint8(s))
}

// Result is what Match found.
type Result[T any] struct {
	Status Status
	// Entry is the route when Status is Found, else nil.
	Entry *Entry[T]
	// Allow is the value of the Allow header (RFC 9110 section 10.2.1) when
	// Status is MethodNotAllowed: sorted, with HEAD wherever there is GET, and
	// with OPTIONS.
	Allow string
	// Path is the canonical path when Status is Redirect: escaped, without
	// query, beginning with exactly one slash. When Status is NotFound and Path
	// is not empty, the method has a route there: not an answer, because a
	// redirect would lose the body, but a hint for the developer.
	Path string
}

// New returns an empty router.
func New[T any]() *Router[T] {
	return &Router[T]{converters: builtins(), lanes: compileLanes(nil)}
}

// RegisterConverter makes a converter known as {param:name}. Call it before
// the first Add that uses it. A name that is taken is a fault of Build.
func (r *Router[T]) RegisterConverter(name string, c Converter) {
	switch {
	case !isName(name):
		r.faults.add("", "converter %q: the name must be a letter followed by letters, digits or _", name)
	case c.Match == nil:
		r.faults.add("", "converter %q has no Match function", name)
	case r.converters[name] != nil:
		r.faults.add("", "converter %q exists already", name)
	default:
		r.converters[name] = &converter{Converter: c, name: name, rank: ownRank + r.own}
		r.own++
	}
}

// Add registers a value for a method and a pattern. where is the file:line of
// the registration, which faults quote. Add itself never fails: everything
// wrong is reported by Build. It panics after Build.
func (r *Router[T]) Add(method, pattern string, value T, where string) *Entry[T] {
	if r.built {
		panic("router: Add after Build")
	}
	e := &Entry[T]{Method: method, Pattern: pattern, Value: value, Where: where}
	r.entries = append(r.entries, e)
	return e
}

// Name names the pattern of an entry, for [Router.Path]. A name belongs to one
// pattern: entries of other methods on the same pattern have it too, and may
// be given the same name again. It panics after Build.
func (r *Router[T]) Name(e *Entry[T], name string) {
	if r.built {
		panic("router: Name after Build")
	}
	switch {
	case name == "" || strings.ContainsFunc(name, unicode.IsSpace):
		r.faults.add(e.Where, "%s %s: %q is no name for a route", e.Method, e.Pattern, name)
	case e.Name != "" && e.Name != name:
		r.faults.add(e.Where, "%s %s is named twice, %q and %q", e.Method, e.Pattern, e.Name, name)
	default:
		e.Name = name
	}
}

// Entries returns all routes in the order of their registration.
func (r *Router[T]) Entries() []*Entry[T] { return slices.Clone(r.entries) }

// Build checks all routes and makes the router ready. The error is a [Faults]
// with everything that is wrong: bad patterns, methods and names, routes
// registered twice, names of two patterns, parameters of different names at
// one place. A router with faults matches the routes that are sound.
func (r *Router[T]) Build() error {
	if r.built {
		panic("router: Build called twice")
	}
	r.built = true
	r.named = map[string]*pattern{}
	for i, e := range r.entries {
		r.place(i, e)
	}
	r.inheritNames()
	r.lanes = compileLanes(r.leaves)
	if len(r.faults) == 0 {
		return nil
	}
	return r.faults
}

// place puts one entry into the tree.
func (r *Router[T]) place(i int, e *Entry[T]) {
	if !isMethod(e.Method) {
		r.faults.add(e.Where, "%q is no method: write it in capitals, like GET, or %q for all", e.Method, Any)
		return
	}
	p, err := parsePattern(e.Pattern, r.converters)
	if err != nil {
		r.faults.add(e.Where, "pattern %q: %v", e.Pattern, err)
		return
	}
	l, c := r.root.insert(p, e.Where)
	if c != nil {
		r.faults.add(e.Where, "pattern %q gives another name to the parameter that is {%s} in %q at %s: use one name at one place", e.Pattern, c.name, c.text, c.where)
		return
	}
	r.record(e, l.pattern)
	for _, m := range l.methods {
		if m.name == e.Method {
			r.faults.add(e.Where, "%s %s is already registered at %s", e.Method, e.Pattern, r.entries[m.entry].Where)
			return
		}
	}
	if l.methods == nil {
		r.leaves = append(r.leaves, l)
	}
	l.methods = append(l.methods, method{e.Method, i})
}

// record notes the name of an entry.
func (r *Router[T]) record(e *Entry[T], p *pattern) {
	if e.Name == "" {
		return
	}
	if other := r.named[e.Name]; other != nil && other.text != p.text {
		r.faults.add(e.Where, "the name %q of %q already belongs to %q at %s", e.Name, p.text, other.text, r.whereNamed(e.Name))
		return
	}
	r.named[e.Name] = p
}

func (r *Router[T]) whereNamed(name string) string {
	for _, e := range r.entries {
		if e.Name == name {
			return e.Where
		}
	}
	return ""
}

// inheritNames gives nameless entries the name of their pattern.
func (r *Router[T]) inheritNames() {
	names := map[string]string{}
	for _, e := range r.entries {
		if e.Name != "" && names[e.Pattern] == "" {
			names[e.Pattern] = e.Name
		}
	}
	for _, e := range r.entries {
		if e.Name == "" {
			e.Name = names[e.Pattern]
		}
	}
}

// isMethod reports whether s is a token (RFC 9110 section 5.6.2) without
// small letters. Methods are case-sensitive, and all known ones are capitals.
func isMethod(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}
