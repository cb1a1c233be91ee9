package view

import (
	"bytes"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"log/slog"
	"sync"

	"github.com/dram-go/dram/framework/view/compile"
)

// DefaultLayout is the layout of a page that names none: layouts/base.html.
const DefaultLayout = "base"

// NoLayout, named on a page's first line, makes the page the whole document.
const NoLayout = "none"

// Engine renders pages. [Set] is one; an app that prefers another template
// language implements this.
type Engine interface {
	// Render writes the page to w, whole or not at all. What scope is, is
	// between the caller and the functions of the templates.
	Render(w io.Writer, page string, data, scope any) error
}

// Options says where templates are and what they may call.
type Options struct {
	// FS holds the templates; nil is a set without pages. Files whose names
	// do not end in .html are left alone.
	FS fs.FS
	// Prefix stands before file names in errors: "templates/".
	Prefix string
	// Funcs are functions of their arguments alone, beside those of [Funcs].
	Funcs template.FuncMap
	// Scoped are functions whose first parameter is the scope of the render.
	Scoped template.FuncMap
	// Impure names functions, of either kind, whose calls have an effect that
	// must not happen twice for one render. What the others do is taken as
	// repeatable: a render that is given up half-way is done again.
	Impure []string
	// Reload looks for changed files before each render. For development.
	Reload bool
	// Uncompiled leaves every page to html/template's own executor.
	Uncompiled bool
	// Log is told, once, if pages cannot be compiled with this release of Go;
	// nil is slog.Default().
	Log *slog.Logger
}

// Set is the templates of one app. Its methods may be called concurrently.
type Set struct {
	opts   Options
	funcs  template.FuncMap // every function by name, scoped ones unbound
	scoped *scoped
	maker  maker

	mu        sync.Mutex // guards the three below when Reload is set
	current   *library
	signature string
}

// New reads and parses the files of opts.FS. It returns a set in any case;
// what is wrong with the files is reported by [Set.Check], and by
// [Set.Render] for the pages that it concerns. A function in opts that
// html/template cannot call is a mistake in the program and panics.
func New(opts Options) *Set {
	funcs := Funcs()
	for name, fn := range opts.Funcs {
		funcs[name] = fn
	}
	for name, fn := range opts.Scoped {
		mustBeScoped(name, fn)
		funcs[name] = fn
	}
	s := &Set{opts: opts, funcs: funcs, scoped: newScoped(opts)}
	s.maker = maker{off: opts.Uncompiled, log: opts.Log, funcs: s.scoped.table(funcs), test: compile.SelfTest}
	s.current = load(opts.FS, opts.Prefix, funcs)
	if opts.Reload {
		s.signature = signature(opts.FS)
	}
	return s
}

// Has reports whether there is a page of this name, good or broken.
func (s *Set) Has(page string) bool {
	_, ok := s.library().pages[page]
	return ok
}

// Pages returns the names of all pages, sorted.
func (s *Set) Pages() []string { return s.library().pageNames() }

// Render writes the page, a path below the template directory such as
// "question/detail.html", with data as its dot. Nothing is written when it
// fails; the error is an [*Error] if it has a place in a template, and wraps
// what a function of the app returned.
func (s *Set) Render(w io.Writer, page string, data, scope any) error {
	lib := s.library()
	p, ok := lib.pages[page]
	if !ok {
		return lib.unknownPage(page)
	}
	if buf, ok := w.(*bytes.Buffer); ok {
		return s.execute(buf, p, data, scope)
	}
	buf := new(bytes.Buffer)
	if err := s.execute(buf, p, data, scope); err != nil {
		return err
	}
	_, err := w.Write(buf.Bytes())
	return err
}

// execute appends the page to buf, or leaves buf as it was.
func (s *Set) execute(buf *bytes.Buffer, p *page, data, scope any) error {
	if err := p.build(s.funcs); err != nil {
		return err
	}
	if err := s.scoped.fits(scope); err != nil {
		return fmt.Errorf("page %s: %w", p.name, err)
	}
	prog := p.compiled(&s.maker)
	done, why := prog.render(buf, data, scope)
	if done {
		return nil
	}
	b, err := p.borrow(s.scoped)
	if err != nil {
		return err
	}
	defer p.giveBack(b)
	b.scope.set(scope, why)
	before := buf.Len()
	if err := b.tmpl.Execute(buf, data); err != nil {
		buf.Truncate(before)
		return p.lib.explain(err)
	}
	if why != nil {
		prog.compiled.Wasted(why)
	}
	return nil
}

// library returns the parsed files, newly read if Reload is set and one of
// them has changed.
func (s *Set) library() *library {
	if !s.opts.Reload {
		return s.current
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := signature(s.opts.FS); now != s.signature {
		s.current, s.signature = load(s.opts.FS, s.opts.Prefix, s.funcs), now
	}
	return s.current
}
