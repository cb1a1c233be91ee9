package view

import (
	"bytes"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/dram-go/dram/framework/view/compile"
)

// maker compiles pages.
type maker struct {
	off   bool
	log   *slog.Logger
	funcs map[string]compile.Func

	test    func() error // compile.SelfTest
	testing sync.Once
	broken  error // what the self-test says of this release of Go
}

// program is a page compiled, or why it is not.
type program struct {
	compiled *compile.Program // nil if nothing is
	why      string
	err      error        // html/template cannot escape the page
	size     atomic.Int64 // of the last page, so that the next one fits
}

// compiled returns the program of a page that has been built.
func (p *page) compiled(m *maker) *program {
	p.making.Do(func() { p.program = p.compile(m) })
	return p.program
}

func (p *page) compile(m *maker) *program {
	clone, err := p.pristine.Clone()
	if err != nil {
		return &program{why: err.Error(), err: fmt.Errorf("page %s: %w", p.name, err)}
	}
	if err := compile.Escape(clone); err != nil {
		err = p.lib.explain(err)
		return &program{why: err.Error(), err: err}
	}
	switch {
	case m.off:
		return &program{why: "compiling is turned off"}
	case m.selfTest() != nil:
		return &program{why: m.broken.Error()}
	}
	return &program{compiled: compile.New(clone, m.funcs)}
}

// selfTest compares the compiler with html/template, once.
func (m *maker) selfTest() error {
	m.testing.Do(func() {
		if m.broken = m.test(); m.broken == nil {
			return
		}
		log := m.log
		if log == nil {
			log = slog.Default()
		}
		log.Warn("templates are not compiled, html/template renders them", "err", m.broken)
	})
	return m.broken
}

// render appends the page to buf if it can. If not, why says what happened; it
// is nil if nothing was tried.
func (p *program) render(buf *bytes.Buffer, data, scope any) (done bool, why *compile.Deopt) {
	if p.compiled == nil {
		return false, nil
	}
	buf.Grow(int(p.size.Load()))
	out, why := p.compiled.Render(buf.AvailableBuffer(), data, scope)
	if why != nil {
		return false, why
	}
	p.size.Store(int64(len(out)))
	buf.Write(out)
	return true, nil
}

// PageStatus says who renders a page.
type PageStatus struct {
	Page     string // "question/detail.html"
	Compiled bool
	// Left is what keeps html/template at it, each with the place where there
	// is one: "templates/question/detail.html:3:9: …".
	Left []string
}

// Compiled says for every page whether it is compiled or rendered by
// html/template, and why. It compiles what has not been compiled yet and
// calls no function of the app. A page whose data brings something that only
// html/template can do, such as a channel to range over, changes its status
// when that happens.
func (s *Set) Compiled() []PageStatus {
	lib := s.library()
	list := make([]PageStatus, 0, len(lib.pages))
	for _, name := range lib.pageNames() {
		list = append(list, s.status(lib.pages[name]))
	}
	return list
}

func (s *Set) status(p *page) PageStatus {
	status := PageStatus{Page: p.name}
	if err := p.build(s.funcs); err != nil {
		status.Left = []string{err.Error()}
		return status
	}
	prog := p.compiled(&s.maker)
	if prog.compiled == nil {
		status.Left = []string{prog.why}
		return status
	}
	for _, left := range prog.compiled.Left() {
		status.Left = append(status.Left, left.Error())
	}
	status.Compiled = len(status.Left) == 0
	return status
}
