package main

import (
	"io"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
)

func readme(t *testing.T) string {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestReadmeShowsWhatNewWrites: the app in the README is the one that `dram new`
// makes, function by function.
func TestReadmeShowsWhatNewWrites(t *testing.T) {
	var app strings.Builder
	err := fs.WalkDir(os.DirFS("../../templates/app"), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") {
			return err
		}
		text, err := os.ReadFile("../../templates/app/" + path)
		app.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for _, block := range regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(readme(t), -1) {
		if strings.Contains(block[1], "func main()") {
			continue // other apps
		}
		shown++
		if !strings.Contains(app.String(), block[1]) {
			t.Errorf("templates/app does not have\n%s", block[1])
		}
	}
	if shown < 3 {
		t.Errorf("only %d pieces were found", shown)
	}
}

// TestReadmeNamesCommandsThatExist, with their flags.
func TestReadmeNamesCommandsThatExist(t *testing.T) {
	root := newRoot(io.Discard, io.Discard)
	calls := regexp.MustCompile("(?m)(?:^|`|cmd/)dram ([a-z]+)((?: load)?)((?: --?[a-z-]+)?)").FindAllStringSubmatch(readme(t), -1)
	if len(calls) < 5 {
		t.Errorf("only %d calls were found", len(calls))
	}
	for _, call := range calls {
		c, _, err := root.Find(strings.Fields(call[1] + call[2]))
		if err != nil || c == root {
			t.Errorf("%s: no such command", call[0])
		} else if flag := strings.TrimLeft(call[3], " -"); flag != "" && c.Flag(flag) == nil && c.Flags().ShorthandLookup(flag) == nil {
			t.Errorf("%s: no such flag", call[0])
		}
	}
}
