package dram

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/dram-go/dram/framework/view"
	"github.com/dram-go/dram/templates/pages"
)

// debugPage explains an error to the developer.
func (c *Context) debugPage(err error, page ErrorPage) pages.DebugPage {
	shown := err
	var outer handled
	if errors.As(err, &outer) {
		shown = outer.error
	}
	debug := pages.DebugPage{
		Status:  page.Status,
		ID:      page.ID,
		Type:    fmt.Sprintf("%T", shown),
		Message: shown.Error(),
		Causes:  pages.Causes(shown),
		Request: pages.NewRequest(c.Request, c.Pattern(), c.fields()),
	}
	if stack := stackOf(shown); stack != nil {
		debug.Type = "panic"
		debug.Frames = pages.Frames(stack, c.app.isOwn)
	}
	if why := (*unrouted)(nil); errors.As(shown, &why) {
		debug.Message, debug.Causes = why.text, nil
		if len(why.near) > 0 {
			debug.Hint = "The nearest routes:\n" + strings.Join(why.near, "\n")
		}
	}
	var broken *view.Error
	if errors.As(shown, &broken) {
		debug.Source = sourceOf(broken)
		if broken.Message == "unexpected EOF" {
			debug.Hint = "The file ends within {{if}}, {{range}}, {{with}}, {{block}} or {{define}}: one of them has no {{end}}."
		}
	}
	return debug
}

// sourceOf returns the lines around the fault. A file that ends too early is
// at fault behind its last line, which is shown then.
func sourceOf(broken *view.Error) *pages.Source {
	last := strings.Count(strings.TrimSuffix(broken.Source, "\n"), "\n") + 1
	return pages.NewSource(broken.File, broken.Source, min(broken.Line, last), broken.Column)
}

// fields lists the parameters of the route.
func (c *Context) fields() []pages.Field {
	var fields []pages.Field
	for i := range c.params.Len() {
		name, text := c.params.At(i)
		fields = append(fields, pages.Field{Name: name, Value: text})
	}
	return fields
}

// isOwn reports whether a function belongs to the app: its source lies below
// the directory of the file that called New.
func (a *App) isOwn(_, file string) bool {
	if a.live == "" {
		return false
	}
	rel, err := filepath.Rel(a.live, file)
	return err == nil && filepath.IsLocal(rel) && !strings.Contains(rel, "/pkg/mod/")
}
