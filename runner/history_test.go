package runner

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRollbackAfterARestart(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	serve := func() *running { return s.start("serve", "--listen", "127.0.0.1:0", "--workers", "1") }
	r := serve()
	s.install("version=2")
	s.write("dram.toml", "[locale]\ndefault = \"ko\"\n")
	r.must("reload")
	r.must("reload") // changes nothing, and must not take the way back away
	build := s.status().Build
	r.stop()

	r = serve()
	st := s.status()
	if st.Build != build || st.Previous == "" || st.Previous == build || st.Generation != 4 {
		t.Fatalf("after a restart: generation %d, build %s, rollback to %q; expected 4, %s and another one", st.Generation, st.Build, st.Previous, build)
	}
	if out := r.get("/"); out != "version 2" {
		t.Fatalf("served %q", out)
	}
	if out := r.must("rollback"); !strings.Contains(out, "serves again") {
		t.Fatal(out)
	}
	if out := r.get("/"); out != "version 1" {
		t.Fatalf("after the rollback: %q", out)
	}
	if out := r.get("/settings"); !strings.HasSuffix(out, " "+s.dir+" en") {
		t.Fatalf("settings after the rollback: %q, expected those of then", out)
	}
	r.stop()

	// A stop, a new binary and a start are a deployment, too.
	s.install("version=3")
	r = serve()
	r.must("rollback")
	if out := r.get("/"); out != "version 1" {
		t.Fatalf("back before a deployment by restart: %q", out)
	}

	// A copy that somebody has changed is not run.
	previous := s.status().Previous
	if err := replaceFile(filepath.Join(s.dir, ".dram/state/bin", previous, "tester"), []byte("#!/bin/sh\n")); err != nil {
		t.Fatal(err)
	}
	if out, code := s.call("rollback"); code != exitRefused || !strings.Contains(out, "the kept copy of build "+previous+" cannot be run") {
		t.Fatalf("rollback to a changed copy: exit code %d\n%s", code, out)
	}
	r.stop()

	// What cannot be read is no reason not to serve.
	s.write(".dram/state/"+historyName, "{")
	r = serve()
	if out, code := s.call("rollback"); code != exitRefused || !strings.Contains(out, "no generation to go back to") {
		t.Fatalf("rollback without a history: exit code %d\n%s", code, out)
	}
	if !strings.Contains(r.logText(), historyName+" cannot be read") {
		t.Fatal("the log does not say that the history cannot be read")
	}
	r.stop()
}

// past makes the files of a generation in a state directory.
func past(t *testing.T, dir string, number int, text string) generation {
	t.Helper()
	source := filepath.Join(t.TempDir(), "tester")
	if err := os.WriteFile(source, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	binary, build, err := keepBinary(source, filepath.Join(dir, "bin"))
	if err != nil {
		t.Fatal(err)
	}
	kept, err := keepSettings(filepath.Join(filepath.Dir(source), "dram.toml"), filepath.Join(dir, "config"), number)
	if err != nil {
		t.Fatal(err)
	}
	return generation{number: number, build: build, binary: binary, kept: kept}
}

func TestHistory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	if last, before, number, err := recall(dir); last != nil || before != nil || number != 0 || err != nil {
		t.Fatalf("without a file: %v, %v, %d, %v", last, before, number, err)
	}
	a, b := past(t, dir, 6, "a"), past(t, dir, 7, "b")
	if err := remember(dir, time.Now(), b, a); err != nil {
		t.Fatal(err)
	}
	moved := filepath.Join(t.TempDir(), "moved")
	if err := os.Rename(dir, moved); err != nil {
		t.Fatal(err)
	}
	last, before, number, err := recall(moved)
	if err != nil || number != 7 || !last.sameAs(b) || !before.sameAs(a) || last.intact() != nil || before.intact() != nil {
		t.Fatalf("got %+v, %+v, %d, %v", last, before, number, err)
	}
	if a.sameAs(b) {
		t.Error("two builds are the same")
	}
	if err := os.Remove(before.binary); err != nil {
		t.Fatal(err)
	}
	last, gone, number, err := recall(moved)
	if last == nil || gone != nil || number != 7 || err == nil || !strings.Contains(err.Error(), "generation 6") {
		t.Fatalf("without a binary: %+v, %+v, %d, %v", last, gone, number, err)
	}
	if err := os.WriteFile(last.binary, []byte("x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := last.intact(); err == nil || !strings.Contains(err.Error(), "is another file now") {
		t.Fatalf("a changed binary: %v", err)
	}
}

// A file that cannot be written whole leaves the old one.
func TestHistoryIsOldOrNew(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	if err := replaceFile(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "d"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := replaceFile(filepath.Join(dir, "d"), []byte("new")); err == nil {
		t.Fatal("a directory was replaced")
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if !slices.Equal(names, []string{"d", "f"}) {
		t.Fatalf("left: %v", names)
	}
}
