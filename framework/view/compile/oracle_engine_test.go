package compile_test

import (
	"fmt"
	"html/template"

	"github.com/dram-go/dram/framework/view/compile"
)

// own is the compiled engine of one page, with html/template at hand.
type own struct {
	instead func(data any) answer // html/template's turn
	program *compile.Program      // nil if html/template refuses to escape the page
	last    *compile.Deopt
}

func newOwn(set *template.Template, funcs functions, instead func(any) answer) *own {
	if err := compile.Escape(set); err != nil {
		return &own{instead: instead}
	}
	return &own{instead: instead, program: compile.New(set, funcs)}
}

// render answers like html/template, and says whether the program did it alone.
func (o *own) render(data any) (a answer, alone bool) {
	if o.program == nil {
		return o.instead(data), false
	}
	const before = "before "
	lost := false
	a = answerOf(func() (string, error) {
		out, why := o.program.Render([]byte(before), data, visit)
		o.last = why
		if lost = len(out) < len(before) || string(out[:len(before)]) != before; lost {
			return "", fmt.Errorf("Render lost what stood in the buffer: %q", out)
		}
		return string(out[len(before):]), nil
	})
	if o.last == nil || lost || a.panic != "" {
		return a, true
	}
	return o.instead(data), false
}

// why says why the program did not answer alone.
func (o *own) why() string {
	switch {
	case o.program == nil:
		return "html/template does not escape it"
	case o.last != nil:
		return fmt.Sprintf("%s: %s %v", o.last.At, o.last.Reason, o.program.Left())
	}
	return fmt.Sprint(o.program.Left())
}

// refused says that the program answers no more.
func (o *own) refused() bool { return o.program != nil && o.program.Left() != nil }
