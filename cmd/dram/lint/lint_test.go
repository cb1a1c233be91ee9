package lint_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dram-go/dram/cmd/dram/lint"
	"github.com/dram-go/dram/framework/i18n"
)

// wanted matches what a line of the test data says about itself.
var wanted = regexp.MustCompile("`([^`]+)`")

// expectations returns the faults that the files below dir announce, by
// "file:line".
func expectations(t *testing.T, dir string) map[string][]string {
	t.Helper()
	want := map[string][]string{}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	inner, err := filepath.Glob(filepath.Join(dir, "*", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, inner...) {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(content), "\n") {
			_, after, found := strings.Cut(line, "// want ")
			if !found {
				continue
			}
			place := lint.Fault{File: file, Line: i + 1}.String()
			for _, m := range wanted.FindAllStringSubmatch(after, -1) {
				want[place] = append(want[place], strings.ReplaceAll(m[1], `\*`, "*"))
			}
		}
	}
	return want
}

func board(t *testing.T) (*lint.Program, string) {
	t.Helper()
	dir, err := filepath.Abs("testdata/board")
	if err != nil {
		t.Fatal(err)
	}
	p, err := lint.Load(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return p, dir
}

func TestCheck(t *testing.T) {
	t.Parallel()
	p, dir := board(t)
	catalog, err := i18n.Load(os.DirFS(filepath.Join(dir, "locales")), "ko")
	if err != nil {
		t.Fatal(err)
	}
	faults := p.Check(lint.Names{
		Routes: map[string]string{
			"question.list": "/question/", "question.detail": "/question/{id:int}/", "question.create": "/question/create/",
		},
		Catalog: catalog,
		Pages:   []string{"question/list.html"},
	})
	want := expectations(t, dir)
	for _, f := range faults {
		place := lint.Fault{File: f.File, Line: f.Line}.String()
		i := slices.IndexFunc(want[place], func(text string) bool { return strings.Contains(f.Text, text) })
		if i < 0 {
			t.Errorf("nobody expects %s", f)
			continue
		}
		if f.Column == 0 || f.Warning {
			t.Errorf("%s: has no column, or is a warning", f)
		}
		want[place] = slices.Delete(want[place], i, i+1)
	}
	for place, texts := range want {
		for _, text := range texts {
			t.Errorf("%s%s: is not reported", place, text)
		}
	}
	if !slices.IsSortedFunc(faults, func(a, b lint.Fault) int { return strings.Compare(a.File, b.File) }) {
		t.Error("the faults are not in the order of the files")
	}
}

// TestUnjudged: what is not known is not compared.
func TestUnjudged(t *testing.T) {
	t.Parallel()
	p, _ := board(t)
	for _, f := range p.Check(lint.Names{}) {
		if !strings.Contains(f.Text, "SELECT *") {
			t.Errorf("without names: %s", f)
		}
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	p, dir := board(t)
	if got := p.Homes(); !slices.Equal(got, []string{dir}) {
		t.Errorf("Homes() = %v, want the directory of the call of dram.New", got)
	}
	for _, f := range p.Check(lint.Names{}) {
		line := strings.Split(mustRead(t, f.File), "\n")[f.Line-1]
		if !strings.HasPrefix(strings.ToLower(line[f.Column-1:]), "select") {
			t.Errorf("%s: the column does not point at the statement", f)
		}
	}
}

func TestWithoutNew(t *testing.T) {
	t.Parallel()
	dir, err := filepath.Abs("testdata/board/mini")
	if err != nil {
		t.Fatal(err)
	}
	p, err := lint.Load(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Homes(); !slices.Equal(got, []string{dir}) {
		t.Errorf("Homes() = %v, want the directory itself", got)
	}
}

func TestDoesNotCompile(t *testing.T) {
	t.Parallel()
	_, err := lint.Load(t.Context(), "testdata/broken")
	if err == nil || !strings.Contains(err.Error(), "broken.go:4:28: undefined: undefined") {
		t.Errorf("error %v, want the place", err)
	}
}

func TestGaps(t *testing.T) {
	t.Parallel()
	catalog, err := i18n.Load(os.DirFS("testdata/board/locales"), "ko")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range lint.Gaps(catalog) {
		got = append(got, f.String())
	}
	want := []string{
		`locales/ko.toml:2: warning: en has no text "farewell", ko stands in`,
		`locales/en.toml:2: the default locale ko has no text "title": visitors would read the key`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func mustRead(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
