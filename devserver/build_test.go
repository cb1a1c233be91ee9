package devserver

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// testBuilder builds what is in dir.
func testBuilder(dir string) *builder {
	return &builder{dir: dir, out: filepath.Join(dir, ".dram"), src: sources{dir: dir}, slow: func(string) {}}
}

func TestBuild(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "go.mod", "module tiny\n\ngo 1.26.0\n")
	write(t, dir, "main.go", "package main\n\nfunc main() {}\n")
	b := testBuilder(dir)
	good := b.build(t.Context(), 7)
	if good.Problem != nil || good.Binary != filepath.Join(b.out, "app-7", filepath.Base(dir)) {
		t.Fatalf("%+v", good)
	}
	b.clean(good.Binary)
	if _, err := os.Stat(good.Binary); err != nil {
		t.Error(err)
	}

	write(t, dir, "main.go", "package main\n\nfunc main() { x }\n")
	bad := b.build(t.Context(), 8)
	if bad.Problem == nil || bad.Binary != "" || bad.Problem.Locations[0].String() != "main.go:3:15" {
		t.Errorf("%+v", bad.Problem)
	}

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if gone := b.build(ended, 9); gone.Problem != nil || gone.Binary != "" {
		t.Errorf("a cancelled build says %+v", gone)
	}
	b.clean("")
	if left, _ := filepath.Glob(filepath.Join(dir, ".dram", "app-*")); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

// A directory without a program builds, to the go command, but does not run.
func TestNoProgram(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "go.mod", "module tiny\n\ngo 1.26.0\n")
	write(t, dir, "lib.go", "package lib\n")
	good := testBuilder(dir).build(t.Context(), 1)
	st := &starter{dir: dir, out: newSyncBuffer(), note: func(string) {}}
	a, p := st.start(t.Context(), good.Binary)
	if a != nil || p == nil || !strings.Contains(p.Message, "no program in "+dir) || !strings.Contains(p.Hint, "package main") {
		t.Errorf("%+v %+v", a, p)
	}
}

// SQLite is announced when it is part of the app and not in the build cache.
// This one is a stand-in of that name, new in each run.
func TestAnnounceSQLite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "go.mod", "module tiny\n\ngo 1.26.0\n\nrequire github.com/mattn/go-sqlite3 v0.0.0\n\nreplace github.com/mattn/go-sqlite3 => ./sqlite\n")
	write(t, dir, "main.go", "package main\n\nimport _ \"github.com/mattn/go-sqlite3\"\n\nfunc main() {}\n")
	write(t, dir, "sqlite/go.mod", "module github.com/mattn/go-sqlite3\n")
	write(t, dir, "sqlite/lib.go", "package sqlite3\n\n// "+t.TempDir()+"\n")
	b := testBuilder(dir)
	var said []string
	b.slow = func(text string) { said = append(said, text) }
	running := make(chan struct{})
	b.announceSQLite(t.Context(), running)
	if len(said) != 1 || !strings.Contains(said[0], "SQLite") {
		t.Errorf("before the first build: %v", said)
	}
	said = nil
	if built := b.build(t.Context(), 2); built.Problem != nil {
		t.Fatal(built.Problem)
	}
	if b.announceSQLite(t.Context(), running); len(said) > 0 {
		t.Errorf("with SQLite in the cache: %v", said)
	}
}

func TestTail(t *testing.T) {
	if got := tail("one\ntwo\nthree\n", 9); got != "three\n" {
		t.Errorf("%q", got)
	}
	w := newTailWriter(newSyncBuffer(), 10)
	for range 1000 {
		w.Write([]byte("a line\npart"))
		w.Write([]byte(" of another\nlistening on http://127.0.0.1:1\n"))
	}
	if got := w.Tail(); got != "\n" && got != "a line\n" && !strings.HasSuffix("part of another\n", got) {
		t.Errorf("%q", got)
	}
	if shown := w.to.(*syncBuffer).String(); strings.Contains(shown, "listening") || strings.Count(shown, "\n") != 2000 {
		t.Errorf("shown %.100q", shown)
	}
}
