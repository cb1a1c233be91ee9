package devserver

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pelletier/go-toml/v2"
)

// realAir is the air that tools.mod pins, or the one that AIR names.
func realAir(t *testing.T) string {
	t.Helper()
	if named := os.Getenv("AIR"); named != "" {
		return named
	}
	cmd := exec.Command("go", "tool", "-n", "-modfile=tools.mod", "air")
	cmd.Dir = ".."
	var said strings.Builder // the first time it also names what it downloads
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("air, which tools.mod pins, cannot be built: %v\n%s", err, &said)
	}
	return strings.TrimSpace(string(out))
}

// The real air pokes, and only it: there is no poller here.
func TestRealAirPokes(t *testing.T) {
	t.Parallel()
	dir := fakeApp(t)
	work := filepath.Join(dir, ".dram", "dev")
	if err := os.MkdirAll(work, 0o700); err != nil {
		t.Fatal(err)
	}
	a := &air{dir: dir, work: work, explicit: realAir(t), poke: pokeCommand()}
	pokes := make(chan struct{}, 1)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- a.watch(ctx, func() {
			select {
			case pokes <- struct{}{}:
			default:
			}
		})
	}()
	await := func(what string) {
		t.Helper()
		select {
		case <-pokes:
		case err := <-ended:
			t.Fatalf("%s: air ended: %v", what, err)
		case <-time.After(patience):
			t.Fatalf("%s: no poke", what)
		}
	}
	await("air is ready")
	for _, name := range []string{"main.go", "templates/index.html", "static/css/site.css"} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir, name, string(content)+"\n")
		await(name)
	}
	write(t, dir, ".env", "A=1\n")
	await(".env")
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("air ended with %v", err)
	}

	// It wrote only what is its own.
	var strangers []string
	for name := range mustList(t, dir) {
		if strings.HasPrefix(name, "tmp") || strings.Contains(name, "build-errors") {
			strangers = append(strangers, name)
		}
	}
	if len(strangers) > 0 {
		t.Errorf("air left %v in the app", strangers)
	}
}

func mustList(t *testing.T, dir string) map[string]os.FileInfo {
	t.Helper()
	found, err := listFiles(dir)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// With the real air and the whole dev server a save is seen by a browser that
// asks for nothing, and a directory that is new with a file in it is too.
func TestDevServerWithRealAir(t *testing.T) {
	t.Parallel()
	dir := fakeApp(t)
	dev := startDev(t, dir, Options{Air: realAir(t), PokeCommand: pokeCommand()})
	dev.want("/greeting", "first")
	edit(t, dir, "main.go", `"first"`, `"second"`)
	s := dev.await("the second build serves", func(s state) bool { return s.Build == 2 && s.Phase == phaseOK })
	dev.want("/greeting", "second")
	write(t, dir, "templates/new/page.html", "x")
	dev.await("the page is of the past", func(now state) bool { return now.Version != s.Version })
	if s := dev.state(); s.Build != 2 {
		t.Errorf("%d builds", s.Build)
	}
}

// When air dies, or is not what it should be, the poller goes on.
func TestPollerReplacesAir(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		script, complaint string
	}{
		"missing": {"", "no such file"},
		"dies":    {"#!/bin/sh\necho 'config: bad' >&2\nexit 1\n", "config: bad"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := fakeApp(t)
			path := filepath.Join(t.TempDir(), "air")
			if test.script != "" {
				if err := os.WriteFile(path, []byte(test.script), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			dev := startDev(t, dir, Options{Air: path, PokeCommand: pokeCommand()})
			dev.want("/greeting", "first")
			s := dev.awaitPhase(phaseOK)
			edit(t, dir, "templates/index.html", "Hello", "Hallo")
			dev.await("the page is of the past", func(now state) bool { return now.Version != s.Version })
			if said := dev.stderr.String(); strings.Count(said, "by polling") != 1 || !strings.Contains(said, test.complaint) {
				t.Errorf("said:\n%s", said)
			}
		})
	}
}

func TestAirConfig(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "web/node_modules/x.js", "")
	a := &air{dir: dir, work: dir, poke: []string{"/a b/dram's", "__poke"}}
	type shape struct {
		TmpDir string `toml:"tmp_dir"`
		Build  struct {
			Cmd        string   `toml:"cmd"`
			PreCmd     []string `toml:"pre_cmd"`
			Entrypoint []string `toml:"entrypoint"`
			Delay      int      `toml:"delay"`
			ExcludeDir []string `toml:"exclude_dir"`
			IncludeExt []string `toml:"include_ext"`
		} `toml:"build"`
		Proxy struct {
			Enabled bool `toml:"enabled"`
		} `toml:"proxy"`
	}
	read := func() (c shape) {
		t.Helper()
		name, err := a.writeConfig("/x/poke.sock")
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := toml.Unmarshal(text, &c); err != nil {
			t.Fatal(err)
		}
		if want := `'/a b/dram'\''s' '__poke' '/x/poke.sock'`; c.Build.Cmd != want || c.Build.Entrypoint[0] != "true" {
			t.Errorf("runs %s and %v, want %s", c.Build.Cmd, c.Build.Entrypoint, want)
		}
		return c
	}
	c := read()
	if c.Build.Delay != airDelay || c.TmpDir != filepath.Join(dir, "air") {
		t.Errorf("%+v", c)
	}
	if d := cmp.Diff([]string{"web/node_modules"}, c.Build.ExcludeDir); d != "" {
		t.Errorf("excluded (-want +got):\n%s", d)
	}

	// The app's own file decides what is watched, and nothing of what is run.
	write(t, dir, ".air.toml", "tmp_dir = \"scratch\"\n[build]\ncmd = \"rm -rf /\"\npre_cmd = [\"x\"]\nentrypoint = [\"y\"]\ndelay = 77\n"+
		"include_ext = [\"go\"]\nexclude_dir = [\"big\"]\n[proxy]\nenabled = true\n")
	c = read()
	if c.Build.Delay != 77 || c.Build.PreCmd != nil || c.Proxy.Enabled {
		t.Errorf("%+v", c)
	}
	if d := cmp.Diff([]string{"big", "scratch"}, c.Build.ExcludeDir); d != "" {
		t.Errorf("excluded (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"go"}, c.Build.IncludeExt); d != "" {
		t.Errorf("endings (-want +got):\n%s", d)
	}

	write(t, dir, ".air.toml", "[build\n")
	if _, err := a.writeConfig("x"); err == nil || !strings.Contains(err.Error(), ".air.toml") {
		t.Errorf("a broken .air.toml: %v", err)
	}
}

// Where air comes from, in this order.
func TestFindAir(t *testing.T) {
	bin, empty := t.TempDir(), t.TempDir()
	for _, name := range []string{"air", "own-air"} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	a := &air{modules: []string{empty}}
	t.Setenv("AIR", "")
	t.Setenv("PATH", empty)
	if path, err := a.find(t.Context()); err == nil {
		t.Errorf("found %s where there is none", path)
	}
	t.Setenv("PATH", bin)
	if path, err := a.find(t.Context()); err != nil || path != filepath.Join(bin, "air") {
		t.Errorf("in PATH: %s, %v", path, err)
	}
	t.Setenv("AIR", filepath.Join(bin, "own-air"))
	if path, err := a.find(t.Context()); err != nil || filepath.Base(path) != "own-air" {
		t.Errorf("in AIR: %s, %v", path, err)
	}
	a.explicit = filepath.Join(bin, "air")
	if path, err := a.find(t.Context()); err != nil || filepath.Base(path) != "air" {
		t.Errorf("explicit: %s, %v", path, err)
	}
}

// A name too long for a socket gets a short one elsewhere.
func TestPokeSocket(t *testing.T) {
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), strings.Repeat("long", 30))} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		l, remove, err := pokeSocket(dir)
		if err != nil {
			t.Fatal(err)
		}
		poked := make(chan struct{})
		go servePokes(l, func() { close(poked) })
		if err := Poke(l.Addr().String()); err != nil {
			t.Fatal(err)
		}
		<-poked
		remove()
		if err := Poke(l.Addr().String()); err == nil {
			t.Error("a poke after the end reached somebody")
		}
	}
}
