package compile

import (
	"fmt"
	"html/template"
	"reflect"
	"sync"
	"sync/atomic"
)

// Func is a function that the templates may call.
type Func struct {
	// Fn is what text/template would call: it has one result, or one and an
	// error. If Scoped is set its first parameter is the scope of the render,
	// which templates do not write.
	Fn     any
	Scoped bool
	// Impure says that a call has an effect that must not happen twice for one
	// render, see [Deopt.Replay]. Of other functions, and of the methods of
	// the data, it is expected that a second call with the same arguments
	// gives the same.
	Impure bool
}

// Left is something in a template that the compiler leaves to html/template.
type Left struct {
	At     string // file:line:column
	Reason string
}

// Error returns "file:line:column: reason".
func (l Left) Error() string {
	if l.At == "" {
		return l.Reason
	}
	return l.At + ": " + l.Reason
}

// Program renders one page. It may be used by many goroutines at once.
type Program struct {
	root *body
	left []Left
	met  atomic.Pointer[Left] // the first that was met while rendering
	pool sync.Pool            // of *state

	waste atomic.Int64 // see Wasted
}

// What is wasted by a render that was given up for nothing, in renders that
// went well; and how much of it turns a program off.
const (
	wasteOfOne = 8
	maxWaste   = 8 * wasteOfOne
)

// New compiles the template and everything that it calls. It must have been
// escaped, by [Escape] or by having been executed, and must not be changed
// afterwards. The functions are those of the template, without the builtins.
//
// New always returns a program. One that says in [Program.Left] what it cannot
// do renders nothing.
func New(t *template.Template, funcs map[string]Func) *Program {
	p := &Program{}
	p.pool.New = func() any { return new(state) }
	tmpl, ok := inner(t)
	if !ok || !layoutKnown() {
		p.leave("", "this release of Go, or this processor, is not known to the compiler")
		return p
	}
	if isDefault, ok := defaultMissingKey(tmpl); !ok || !isDefault {
		p.leave("", "the option missingkey is set")
		return p
	}
	c := &compiler{set: tmpl, funcs: funcs, bodies: map[string]*body{}, program: p}
	p.root = c.template(t.Name())
	if p.root == nil {
		p.leave("", fmt.Sprintf("template %q is not escaped", t.Name()))
	}
	return p
}

func (p *Program) leave(at, reason string) {
	p.left = append(p.left, Left{at, reason})
}

// Left returns what keeps the page from being rendered by the program: nodes
// that it cannot compile, or the first thing that it met while rendering and
// cannot do, such as a channel to range over. nil means that all is well.
func (p *Program) Left() []Left {
	if met := p.met.Load(); met != nil {
		return []Left{*met}
	}
	return p.left
}

// Render appends the page to dst, with data as its dot. If why is not nil, out
// is worth nothing and html/template must render the page with the same data:
// its bytes or its error are the answer. What dst held before is untouched in
// either case.
//
// scope is what the scoped functions get as their first argument.
func (p *Program) Render(dst []byte, data, scope any) (out []byte, why *Deopt) {
	if left := p.Left(); left != nil {
		return dst, &Deopt{At: left[0].At, Reason: left[0].Reason}
	}
	st := p.pool.Get().(*state)
	defer p.giveBack(st)
	defer func() {
		if r := recover(); r != nil {
			out, why = dst, p.explain(st, r)
		}
	}()
	st.out = dst
	st.setScope(scope)
	st.dot = dataOf(data)
	p.root.run(st)
	if p.waste.Load() > 0 {
		p.waste.Add(-1)
	}
	return st.out, nil
}

// Wasted is told that html/template has rendered, without an error, what this
// program gave up with why. A program that cannot do what the app's data asks
// of it, and so costs more than it saves, is turned off, and [Program.Left]
// says why.
func (p *Program) Wasted(why *Deopt) {
	if p.waste.Add(wasteOfOne) > maxWaste {
		p.met.CompareAndSwap(nil, &Left{why.At, why.Reason})
	}
}

// dataOf is the first dot, as text/template makes it.
func dataOf(data any) value {
	if v, ok := data.(reflect.Value); ok {
		return of(v)
	}
	return unboxed(reflect.ValueOf(data))
}

// explain makes a Deopt of what a render panicked with: one of ours, or a
// panic of a function or a method, which html/template will meet as well.
func (p *Program) explain(st *state, r any) *Deopt {
	why, ours := r.(*Deopt)
	if !ours {
		why = &Deopt{Reason: fmt.Sprint("panic: ", r)}
	}
	why.calls = append([]call(nil), st.calls...)
	if why.lasting {
		p.met.CompareAndSwap(nil, &Left{why.At, why.Reason})
	}
	return why
}

func (p *Program) giveBack(st *state) {
	st.clear()
	p.pool.Put(st)
}
