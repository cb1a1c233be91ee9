package asset

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// published1 is a store with one generation in use.
func published1(t testing.TB, files fs.FS) *Store {
	t.Helper()
	dir := t.TempDir()
	m, err := Publish(files, dir, "g1")
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	s.Use(m)
	return s
}

func open(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := OpenStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// content reads an asset, "" if it is not there.
func content(t testing.TB, s *Store, asset string) string {
	t.Helper()
	f, err := s.Open(asset)
	if errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// everything lists the files of a store with their content.
func everything(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == ".lock" {
			return err
		}
		text, err := os.ReadFile(path)
		all[strings.TrimPrefix(path, dir+"/")] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestPublish(t *testing.T) {
	dir := t.TempDir()
	m, err := Publish(site(), dir, "g1")
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	for name, f := range m.Files {
		if got, want := content(t, s, f.Asset), string(site()[name].Data); got != want {
			t.Errorf("%s is %q, want %q", f.Asset, got, want)
		}
	}
	read, err := s.Manifest("g1")
	if err != nil || len(read.Files) != len(m.Files) {
		t.Errorf("manifest %v, %v", read, err)
	}
	if _, err := s.Manifest("g2"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("manifest of an unknown generation: %v", err)
	}
	if n := len(everything(t, dir)); n != len(m.Files)+1 {
		t.Errorf("store has %d files, want %d and a manifest", n, len(m.Files))
	}
}

func TestPublishAgain(t *testing.T) {
	dir := t.TempDir()
	m, err := Publish(site(), dir, "g1")
	if err != nil {
		t.Fatal(err)
	}
	before := everything(t, dir)
	target := filepath.Join(dir, "files", m.Files["css/site.css"].Asset)
	first, err := os.Stat(target)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Publish(site(), dir, "g1"); err != nil {
		t.Fatal(err)
	}
	second, err := os.Stat(target)
	if err != nil || !os.SameFile(first, second) {
		t.Errorf("the file was written again (%v)", err)
	}
	after := everything(t, dir)
	if len(after) != len(before) {
		t.Errorf("%d files became %d", len(before), len(after))
	}
	for name, text := range before {
		if after[name] != text {
			t.Errorf("%s changed", name)
		}
	}
	// Something cut the file short: publishing mends it.
	if err := os.Truncate(target, 3); err != nil {
		t.Fatal(err)
	}
	if _, err := Publish(site(), dir, "g1"); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(target); string(text) != "body{color:red}" {
		t.Errorf("the short file was kept: %q", text)
	}
}

func TestPublishRefusesGenerationsThatAreNoFileName(t *testing.T) {
	for _, generation := range []string{"", ".", "..", "../x", "a/b", ".hidden", `a\b`, "a\x00"} {
		if _, err := Publish(site(), t.TempDir(), generation); err == nil {
			t.Errorf("generation %q is accepted", generation)
		}
	}
}

// breaking is a file system whose files cannot be read to their end.
type breaking struct{ fstest.MapFS }

func (b breaking) Open(name string) (fs.File, error) {
	f, err := b.MapFS.Open(name)
	if err != nil || !strings.HasSuffix(name, ".css") {
		return f, err
	}
	return &changing{File: f}, nil
}

// changing reads other bytes than the scan did, as if somebody saved it.
type changing struct{ fs.File }

var errDisk = errors.New("disk on fire")

func (c *changing) Read(p []byte) (int, error) {
	n := copy(p, "half")
	return n, errDisk
}

func TestFailedPublishLeavesNothingServed(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	m, err := Scan(site())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.copyAll(breaking{site()}, m); !errors.Is(err, errDisk) {
		t.Fatalf("copyAll: %v", err)
	}
	for name, text := range everything(t, dir) {
		if strings.Contains(name, tempPrefix) || strings.Contains(text, "half") {
			t.Errorf("left behind: %s", name)
		}
	}
	if _, err := Publish(breaking{site()}, dir, "g1"); err == nil {
		t.Error("Publish of a file that cannot be read succeeds")
	}
	if _, err := s.Manifest("g1"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a failed publish has a manifest: %v", err)
	}
}

// TestLargeFilesAreWrittenInLargePieces counts the writes of a copy: what is
// written in small ones is sent in small steps ever after.
func TestLargeFilesAreWrittenInLargePieces(t *testing.T) {
	for size, want := range map[int]int{0: 0, 100: 1, pieceSize: 1, 2*pieceSize + 100: 3} {
		files := fstest.MapFS{"film.bin": {Data: bytes.Repeat([]byte("film"), size/4)}}
		m, err := Scan(files)
		if err != nil {
			t.Fatal(err)
		}
		var w writes
		if err := copyFile(&w, files, m.Files["film.bin"]); err != nil || w.count != want || w.octets != size {
			t.Errorf("%d octets: %d writes of %d, want %d; %v", size, w.count, w.octets, want, err)
		}
	}
}

// writes counts them.
type writes struct{ count, octets int }

func (w *writes) Write(p []byte) (int, error) {
	w.count++
	w.octets += len(p)
	return len(p), nil
}

func TestPublishSeesAFileThatChangesMeanwhile(t *testing.T) {
	s := open(t, t.TempDir())
	files := site()
	m, err := Scan(files)
	if err != nil {
		t.Fatal(err)
	}
	files["css/site.css"] = &fstest.MapFile{Data: []byte("body{color:blu}")}
	if err := s.copyAll(files, m); err == nil || !strings.Contains(err.Error(), "changed while it was published") {
		t.Errorf("copyAll: %v", err)
	}
	if got := content(t, s, m.Files["css/site.css"].Asset); got != "" {
		t.Errorf("%q is served under the fingerprint of other content", got)
	}
}

// TestProcessesPublishAtOnce runs real processes: goroutines would share too much.
func TestProcessesPublishAtOnce(t *testing.T) {
	dir := t.TempDir()
	var running []*exec.Cmd
	for range 3 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), publisher+"="+dir)
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		running = append(running, cmd)
	}
	for _, cmd := range running {
		if err := cmd.Wait(); err != nil {
			t.Errorf("publisher: %v", err)
		}
	}
	s := open(t, dir)
	for i := range 20 {
		m, err := Scan(manyFiles(i))
		if err != nil {
			t.Fatal(err)
		}
		for name, f := range m.Files {
			if got, want := content(t, s, f.Asset), string(manyFiles(i)[name].Data); got != want {
				t.Errorf("generation %d: %s is %q, want %q", i, f.Asset, got, want)
			}
		}
	}
	if n := len(everything(t, dir)); n != 10+20+20 {
		t.Errorf("store has %d files, want 10 shared, 20 own and 20 manifests", n)
	}
}

func TestStoreOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	outside := filepath.Join(t.TempDir(), "secret.000000000000.css")
	if err := os.WriteFile(outside, []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "files", "link.000000000000.css")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "files", "dir.000000000000.css"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "files", "plain.css"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, asset := range []string{
		"", ".", "..", "/etc/passwd", outside, "../manifests/g1.json", "link.000000000000.css", "dir.000000000000.css",
		"plain.css", "../files/x.000000000000.css", "x.000000000000.css", "x\x00.000000000000.css", ".x.000000000000.css",
	} {
		f, err := s.Open(asset)
		if err == nil {
			f.Close()
			t.Errorf("%q is opened", asset)
		}
	}
}

func TestPrune(t *testing.T) {
	day := 24 * time.Hour
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	file := func(text string) fstest.MapFS {
		return fstest.MapFS{"a.css": {Data: []byte(text)}, "same.css": {Data: []byte("same")}}
	}
	dir := t.TempDir()
	s := open(t, dir)
	// publish a generation whose files and manifest are so many days old.
	publish := func(generation string, days int) string {
		t.Helper()
		m, err := Publish(file(generation), dir, generation)
		if err != nil {
			t.Fatal(err)
		}
		at := now.Add(-time.Duration(days) * day)
		for _, name := range []string{"files/" + m.Files["a.css"].Asset, "manifests/" + generation + ".json"} {
			if err := os.Chtimes(filepath.Join(dir, name), at, at); err != nil {
				t.Fatal(err)
			}
		}
		return m.Files["a.css"].Asset
	}
	used, old, replaced, current := publish("used", 120), publish("old", 100), publish("replaced", 90), publish("current", 10)
	long := now.Add(-200 * day)
	if err := os.Chtimes(filepath.Join(dir, "files", assetOf(t, file("x"), "same.css")), long, long); err != nil {
		t.Fatal(err)
	}
	temp := filepath.Join(dir, "files", tempPrefix+"dead")
	young := filepath.Join(dir, "files", tempPrefix+"alive")
	for name, at := range map[string]time.Time{temp: now.Add(-2 * time.Hour), young: now} {
		if err := os.WriteFile(name, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, at, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := Prune(dir, KeepFor, now, "used"); err != nil {
		t.Fatal(err)
	}
	for asset, kept := range map[string]bool{
		used: true,  // a generation that runs
		old:  false, // replaced 90 days ago
		// Published 90 days ago but replaced only 10 days ago: pages of it are open.
		replaced: true,
		current:  true,
	} {
		if got := content(t, s, asset) != ""; got != kept {
			t.Errorf("%s kept: %v, want %v", asset, got, kept)
		}
	}
	if content(t, s, assetOf(t, file("x"), "same.css")) == "" {
		t.Error("a file of the current generation was removed because it is old")
	}
	if _, err := s.Manifest("old"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("manifest of the old generation: %v", err)
	}
	if _, err := os.Stat(temp); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a dead writer's file stays")
	}
	if _, err := os.Stat(young); err != nil {
		t.Error("a living writer's file was removed")
	}
}

func TestPruneStopsAtAManifestItCannotRead(t *testing.T) {
	dir := t.TempDir()
	m, err := Publish(site(), dir, "g1")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "manifests", "g0.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Prune(dir, 0, time.Now().Add(time.Hour), "g0"); err == nil {
		t.Error("no error")
	}
	if content(t, open(t, dir), m.Files["LICENSE"].Asset) == "" {
		t.Error("files were removed")
	}
}

// assetOf returns the fingerprinted name that a file would have.
func assetOf(t testing.TB, files fs.FS, name string) string {
	t.Helper()
	m, err := Scan(files)
	if err != nil {
		t.Fatal(err)
	}
	return m.Files[name].Asset
}
