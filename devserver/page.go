package devserver

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
)

//go:embed page.html
var problemPage string

// writeProblemPage answers a request for which there is no process: with a
// page that says what is wrong and loads itself again when it is mended, or
// in plain text to a client that shows no HTML.
func writeProblemPage(w http.ResponseWriter, r *http.Request, v *view, status int) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "1")
	}
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		h.Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		fmt.Fprint(w, problemText(v))
		return
	}
	var page bytes.Buffer
	data := struct {
		*view
		Client template.HTML // our own tag
	}{v, template.HTML(clientTag(v, r.Method, ""))}
	if err := problemTemplate().Execute(&page, data); err != nil {
		http.Error(w, problemText(v), status)
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = page.WriteTo(w)
}

func problemTemplate() *template.Template {
	return template.Must(template.New("problem").Funcs(template.FuncMap{
		"add": func(a, b int) int { return a + b },
	}).Parse(problemPage))
}

// problemText is the same for a terminal.
func problemText(v *view) string {
	p := v.Problem
	if p == nil {
		return strings.TrimSpace("The app is being built. "+v.Note) + "\n"
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %s\n", v.Phase, p.Message)
	for _, l := range p.Locations {
		fmt.Fprintf(&text, "\n%s: %s\n", l, l.Message)
		if l.Frame == nil {
			continue
		}
		for i, line := range l.Frame.Lines {
			mark := " "
			if l.Frame.First+i == l.Line {
				mark = ">"
			}
			fmt.Fprintf(&text, "%s %4d  %s\n", mark, l.Frame.First+i, line)
		}
	}
	if p.Hint != "" {
		fmt.Fprintf(&text, "\n%s\n", p.Hint)
	}
	if p.Output != "" {
		fmt.Fprintf(&text, "\n%s\n", strings.TrimSpace(p.Output))
	}
	return text.String()
}
