package router

import (
	"slices"
	"strings"
)

// lanes are the compiled trees of all methods.
type lanes struct {
	list      []*lane // of each method that has routes, of GET and of HEAD
	get, post *lane   // what most requests are for
	any       *lane   // of all others
}

// lane is the compiled trees of one method.
type lane struct {
	method string
	root   *step // paths that are answered
	other  *step // the same with the other form of their end: with a slash, or without
}

// of returns the lane of a method.
func (all *lanes) of(method string) *lane {
	switch method {
	case "GET":
		return all.get
	case "POST":
		return all.post
	}
	for _, l := range all.list {
		if l.method == method {
			return l
		}
	}
	return all.any
}

// find returns the hit for a decoded path, nil when there is none or the path
// holds what a path may not hold.
func (all *lanes) find(method, path string, params *Params) *hit {
	params.names = nil
	if path == "" || path[0] != '/' {
		return nil
	}
	h := all.of(method).root.find(path, params, 0)
	if h == nil || h.unsure && !h.pattern.accepts(params) {
		return nil
	}
	params.names = h.pattern.params
	return h
}

// compileLanes makes the lanes. Each holds every pattern that answers its
// method, so that a search never meets a route of another.
func compileLanes(leaves []*leaf) *lanes {
	own := map[string]bool{}
	for _, l := range leaves {
		for _, m := range l.methods {
			own[m.name] = true
		}
	}
	all := &lanes{get: compileLane(leaves, "GET"), any: compileLane(leaves, Any)}
	all.list = append(all.list, all.get)
	if !own["HEAD"] { // GET answers it
		all.list = append(all.list, &lane{method: "HEAD", root: all.get.root, other: all.get.other})
	}
	for _, m := range keys(own) {
		if m != "GET" && m != Any {
			all.list = append(all.list, compileLane(leaves, m))
		}
	}
	all.post = all.any
	for _, l := range all.list {
		if l.method == "POST" {
			all.post = l
		}
	}
	return all
}

func compileLane(leaves []*leaf, method string) *lane {
	root, other := &sprout{}, &sprout{}
	for _, l := range leaves {
		entry := l.find(method)
		if entry < 0 {
			continue
		}
		h := &hit{entry: entry, pattern: l.pattern, unsure: l.pattern.unsure()}
		root.grow(l.pattern).hit = h
		if turned := l.pattern.turned(); turned != nil {
			other.grow(turned).hit = h
		}
	}
	return &lane{method: method, root: root.step(), other: other.step()}
}

// turned returns the pattern with the other form of its end, nil when it has
// none. A rest that is empty has a slash before it.
func (p *pattern) turned() *pattern {
	n := len(p.segments)
	switch {
	case n == 0:
		return nil // no path is shorter than a slash
	case p.endsInRest():
		return &pattern{segments: p.segments[:n-1]}
	}
	return &pattern{segments: p.segments, slash: !p.slash}
}

func (p *pattern) endsInRest() bool {
	n := len(p.segments)
	return n > 0 && p.segments[n-1].kind == rest
}

// unsure reports whether a parameter of the pattern takes texts that have to
// be looked at: converters of our own accept only good ones.
func (p *pattern) unsure() bool {
	return slices.ContainsFunc(p.segments, func(s segment) bool {
		return s.kind != literal && (s.conv == nil || !s.conv.safe)
	})
}

// sprout is a step while its tree grows.
type sprout struct {
	text string
	kids []*sprout
	ways []*limb
	hit  *hit
}

type limb struct {
	seg  segment
	next *sprout
}

// grow returns the place where a pattern ends, below s, which is the root.
func (s *sprout) grow(p *pattern) *sprout {
	text := "/"
	for i, seg := range p.segments {
		if i > 0 {
			text += "/"
		}
		if seg.kind == literal {
			text += seg.text
			continue
		}
		s = s.along(text).through(seg)
		text = ""
	}
	if p.slash && len(p.segments) > 0 {
		text += "/"
	}
	return s.along(text)
}

// along returns the place behind text, dividing what is on the way.
func (s *sprout) along(text string) *sprout {
	if text == "" {
		return s
	}
	for i, kid := range s.kids {
		n := common(kid.text, text)
		if n == 0 {
			continue
		}
		if n < len(kid.text) {
			upper := &sprout{text: kid.text[:n], kids: []*sprout{kid}}
			kid.text = kid.text[n:]
			s.kids[i] = upper
			kid = upper
		}
		return kid.along(text[n:])
	}
	kid := &sprout{text: text}
	s.kids = append(s.kids, kid)
	return kid
}

func common(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// through returns the place behind a parameter.
func (s *sprout) through(seg segment) *sprout {
	for _, l := range s.ways {
		if l.seg.kind == seg.kind && l.seg.conv == seg.conv {
			return l.next
		}
	}
	l := &limb{seg, &sprout{}}
	s.ways = append(s.ways, l)
	slices.SortFunc(s.ways, func(a, b *limb) int {
		if a.seg.kind != b.seg.kind || a.seg.kind != typed {
			return int(a.seg.kind) - int(b.seg.kind)
		}
		return a.seg.conv.rank - b.seg.conv.rank
	})
	return l.next
}

// step returns the finished tree.
func (s *sprout) step() *step {
	if s.text == "" && len(s.kids) == 1 && s.ways == nil && s.hit == nil {
		return s.kids[0].step()
	}
	done := &step{text: s.text, hit: s.hit}
	for _, l := range s.ways {
		done.ways = append(done.ways, way{take: takeOf(l.seg), conv: l.seg.conv, next: l.next.step()})
	}
	if len(s.kids) == 0 {
		return done
	}
	slices.SortFunc(s.kids, func(a, b *sprout) int { return strings.Compare(a.text, b.text) })
	done.low = s.kids[0].text[0]
	done.kids = make([]*step, int(s.kids[len(s.kids)-1].text[0]-done.low)+1)
	for _, kid := range s.kids {
		done.kids[kid.text[0]-done.low] = kid.step()
	}
	return done
}

func takeOf(s segment) take {
	switch {
	case s.kind == rest:
		return takeRest
	case s.kind == plain:
		return takeAny
	case s.conv.safe && s.conv.name == "int":
		return takeInt
	case s.conv.safe && s.conv.name == "uint":
		return takeUint
	}
	return takeConv
}
