package templates_test

import (
	"io/fs"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dram-go/dram/templates"
)

// TestEmbeddedFilesAreThoseOfGit keeps what git ignores (secrets, databases)
// out of every new app, and a file that was forgotten in the list from being
// missing there.
func TestEmbeddedFilesAreThoseOfGit(t *testing.T) {
	out, err := exec.Command("git", "ls-files", "--cached", "app").Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	var want []string
	for _, name := range strings.Fields(string(out)) {
		want = append(want, strings.TrimPrefix(name, "app/"))
	}
	var got []string
	err = fs.WalkDir(templates.App(), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			got = append(got, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("files in git (-) and embedded (+) differ; mend the list in app.go:\n%s", d)
	}
}

// TestStylesheetKnowsTheMarkup keeps what Dram's own markup writes from
// looking like nothing in a new app.
func TestStylesheetKnowsTheMarkup(t *testing.T) {
	content, err := fs.ReadFile(templates.App(), "static/css/app.css")
	if err != nil {
		t.Fatal(err)
	}
	css := string(content)
	if opened, closed := strings.Count(css, "{"), strings.Count(css, "}"); opened == 0 || opened != closed {
		t.Errorf("%d { and %d }", opened, closed)
	}
	for _, selector := range []string{".field", ".field-error", ".field-help", ".form-errors", ".flash", "[aria-invalid=true]"} {
		if !strings.Contains(css, selector) {
			t.Errorf("no rule for %s", selector)
		}
	}
}
