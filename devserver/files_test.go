package devserver

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// write replaces a file below dir, making directories, in one step as most
// editors do.
func write(t *testing.T, dir, name, text string) {
	t.Helper()
	full := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	temp := full + "~"
	if err := os.WriteFile(temp, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(temp, full); err != nil {
		t.Fatal(err)
	}
}

// edit replaces a text within a file.
func edit(t *testing.T, dir, name, old, text string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(content), old) {
		t.Fatalf("%s does not contain %q", name, old)
	}
	write(t, dir, name, strings.Replace(string(content), old, text, 1))
}
