package devserver

import (
	"path"
	"slices"
	"strings"
)

// kind says what a file is to the dev server.
type kind int

// The kinds of files. A file that is none of them is not watched.
const (
	kindNone      kind = iota
	kindGo             // compiled in: *.go, go.mod, C files, embedded files
	kindMigration      // migrations/*.sql: embedded, and run at start
	kindConfig         // dram.toml, .env: read at start
	kindTemplate       // templates/: the app re-reads them in development
	kindLocale         // locales/: read from the disk at start, in development
	kindStyle          // static/**/*.css: swapped in the page
	kindStatic         // the rest of static/
	kindTest           // *_test.go: not part of the app
)

// change is one file that came, went or has other content than before.
type change struct {
	Path string // relative to the app, with slashes
	Kind kind
}

// classify says what the file at a slash-separated path relative to the app
// is. embedded tells whether a go:embed directive of the app takes the file in.
func classify(name string, embedded bool) kind {
	base, ext := path.Base(name), path.Ext(name)
	switch {
	case name == ".env" || name == "dram.toml":
		return kindConfig
	case isScratch(base):
		return kindNone
	}
	switch folder, _, _ := strings.Cut(name, "/"); {
	case folder == "migrations" && ext == ".sql":
		return kindMigration
	case folder == "templates" && ext != ".go":
		return kindTemplate
	case folder == "locales" && ext != ".go":
		return kindLocale
	case folder == "static" && ext == ".css":
		return kindStyle
	case folder == "static" && ext != ".go":
		return kindStatic
	}
	switch {
	case strings.HasSuffix(base, "_test.go"):
		return kindTest
	case slices.Contains(compiledExts, ext), slices.Contains(moduleFiles, base), embedded:
		return kindGo
	}
	return kindNone
}

// What the go command compiles into a package, and what it reads beside it.
var (
	compiledExts = []string{".go", ".c", ".h", ".s", ".S", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".m", ".syso"}
	moduleFiles  = []string{"go.mod", "go.sum", "go.work", "go.work.sum"}
)

// isScratch tells the files that editors and systems put beside the real ones:
// dotfiles (.DS_Store, .#lock, .page.html.swp), backups, half-written copies.
func isScratch(base string) bool {
	return strings.HasPrefix(base, ".") || strings.HasPrefix(base, "#") ||
		strings.HasSuffix(base, "~") || strings.HasSuffix(base, ".swp") ||
		strings.HasSuffix(base, ".tmp") || strings.HasSuffix(base, ".bak") ||
		base == "4913" // vim's probe whether it may write here
}
