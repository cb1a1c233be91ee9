package router

import (
	"strings"
)

// A step is a place in a compiled tree. The tree of nodes says what a router
// means; from it, Build makes one tree of steps for each method, in which a
// search compares stretches of text instead of segments and calls no
// functions. A search in it finds what the search through the nodes finds, or
// nothing; why there is nothing is then asked of the nodes.
type step struct {
	text string  // what the path must go on with
	low  byte    // what the first of kids begins with
	kids []*step // where text goes on, by its next byte less low; nil for none
	ways []way   // parameters that may stand here, in order of precedence
	hit  *hit    // the path may end here
}

// way leads on through a parameter.
type way struct {
	take take
	conv *converter
	next *step
}

// take says how much of a path a parameter takes.
type take uint8

const (
	takeInt  take = iota // an integer of the converter int, found without calling it
	takeUint             // the same of uint
	takeConv             // a segment that the converter accepts
	takeAny              // a segment
	takeRest             // all that is left
)

// hit is a route that was found.
type hit struct {
	entry   int
	pattern *pattern
	// unsure is set when a parameter takes texts that a path may not hold.
	unsure bool
}

// find returns the hit for a path, or nil. It writes the values of parameters
// from depth on. The first byte of path, if there is one, must be that of s.text:
// a slash at the root and behind a parameter, and what chose a kid elsewhere.
func (s *step) find(path string, p *Params, depth int) *hit {
	for {
		n := len(s.text)
		if len(path) < n || n > 1 && path[1:n] != s.text[1:] {
			return nil
		}
		path = path[n:]
		if path == "" {
			return s.end(p, depth)
		}
		kid := s.kid(path[0])
		if len(s.ways) == 0 {
			if kid == nil {
				return nil
			}
			s = kid
			continue
		}
		if kid != nil {
			if h := kid.find(path, p, depth); h != nil {
				return h
			}
		}
		last := len(s.ways) - 1
		for i := range last {
			w := &s.ways[i]
			if n := w.length(path); n > 0 {
				p.values[depth] = path[:n]
				if h := w.next.find(path[n:], p, depth+1); h != nil {
					return h
				}
			}
		}
		w := &s.ways[last]
		if n = w.length(path); n == 0 {
			return nil
		}
		p.values[depth] = path[:n]
		s, path, depth = w.next, path[n:], depth+1
	}
}

// end is find where the path ends: here, or with a rest that is empty.
func (s *step) end(p *Params, depth int) *hit {
	if s.hit != nil || len(s.ways) == 0 {
		return s.hit
	}
	if w := &s.ways[len(s.ways)-1]; w.take == takeRest {
		p.values[depth] = ""
		return w.next.hit
	}
	return nil
}

func (s *step) kid(first byte) *step {
	if i := int(first - s.low); i < len(s.kids) {
		return s.kids[i]
	}
	return nil
}

// length returns how many bytes of path the parameter takes, 0 when it takes
// none. path is not empty.
func (w *way) length(path string) int {
	switch w.take {
	case takeInt, takeUint:
		return w.number(path)
	case takeRest:
		if path[0] == '/' || strings.Contains(path, "//") {
			return 0
		}
		return len(path)
	}
	n := strings.IndexByte(path, '/')
	if n < 0 {
		n = len(path)
	}
	if n == 0 || w.take == takeConv && !w.conv.Match(path[:n]) {
		return 0
	}
	return n
}

// sureDigits is how many digits every int64 and every uint64 has room for.
const sureDigits = 18

// number is length for integers. It does what matchInt and matchUint do.
func (w *way) number(path string) int {
	first := 0
	if path[0] == '-' && w.take == takeInt {
		first = 1
	}
	n := first
	for n < len(path) && path[n]-'0' <= 9 {
		n++
	}
	switch {
	case n < len(path) && path[n] != '/':
		return 0
	case n > first+1 && n <= first+sureDigits && path[first] != '0', n == first+1 && (first == 0 || path[1] != '0'):
		return n
	case n == 0 || !w.conv.Match(path[:n]):
		return 0
	}
	return n
}
