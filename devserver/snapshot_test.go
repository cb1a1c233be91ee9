package devserver

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func snap(t *testing.T, dir string, old snapshot) snapshot {
	t.Helper()
	s, err := takeSnapshot(dir, old)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSnapshotSeesContent(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "main.go", "package main\n\n//go:embed schema.sql \"with space.txt\"\n//go:embed all:assets\nvar x int\n")
	write(t, dir, "schema.sql", "select 1")
	write(t, dir, "with space.txt", "x")
	write(t, dir, "assets/deep/.hidden.txt", "not ours to see")
	write(t, dir, "assets/deep/seen.txt", "x")
	write(t, dir, "other.sql", "select 1")
	write(t, dir, "templates/a.html", "a")
	write(t, dir, "data/upload.go.txt", "x")
	write(t, dir, "node_modules/x/x.go", "package x")
	write(t, dir, ".git/x.go", "package x")
	write(t, dir, "vendor/x/x.go", "package x")
	write(t, dir, "nested/go.mod", "module nested")
	write(t, dir, "nested/x.go", "package nested")
	first := snap(t, dir, nil)

	var names []change
	names = append(names, diff(nil, first)...)
	want := []change{
		{"assets/deep/seen.txt", kindGo}, {"main.go", kindGo}, {"schema.sql", kindGo},
		{"templates/a.html", kindTemplate}, {"with space.txt", kindGo},
	}
	if d := cmp.Diff(want, names); d != "" {
		t.Errorf("watched files (-want +got):\n%s", d)
	}

	// A touch changes nothing, a change of the same length does, even within
	// the granularity of file times, because the size is not all.
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "main.go"), later, later); err != nil {
		t.Fatal(err)
	}
	second := snap(t, dir, first)
	if changes := diff(first, second); len(changes) > 0 {
		t.Errorf("a touch counts as %v", changes)
	}
	write(t, dir, "schema.sql", "select 2")
	if err := os.Remove(filepath.Join(dir, "templates/a.html")); err != nil {
		t.Fatal(err)
	}
	third := snap(t, dir, second)
	if d := cmp.Diff([]change{{"schema.sql", kindGo}, {"templates/a.html", kindTemplate}}, diff(second, third)); d != "" {
		t.Errorf("changes (-want +got):\n%s", d)
	}
}

// A Go package may be called data; a folder of uploads is not looked into.
func TestSnapshotOfData(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "tmp/scratch/x.go", "package scratch")
	write(t, dir, "data/data.go", "package data")
	if d := cmp.Diff([]change{{"data/data.go", kindGo}}, diff(nil, snap(t, dir, nil))); d != "" {
		t.Errorf("watched files (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"tmp"}, skippedDirs(dir)); d != "" {
		t.Errorf("skipped directories (-want +got):\n%s", d)
	}
}
