package config

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzLoad: no text of file, environment or flags makes the loader panic;
// faults are one line each and name a place; what is loaded can be printed
// and set again to the same.
func FuzzLoad(f *testing.F) {
	f.Add("name = \"a\"\n[server]\nlisten = \":80\"\n", "DRAM_WORKERS_COUNT=3\nPORT=80", "server.max_body", "1MiB")
	f.Add(boardTOML, "DRAM_APP_PORTS=1,2\nDRAM_APP_TITLES=x", "app.ratio", "2")
	f.Add("[[app.peers]]\nname=1\n[app.peers.x]\ny=[{a=1},[{b=2}]]\n", "DRAM_=\nDRAM_APP_=1", "app.", "")
	f.Add("[a]\n[a.b]\nc.d.e = {f = [1, {g = 2}]}\n\"\\n\" = 1979-05-27", "DRAM_A\rB=\x00\nDRAM_SECRET=x", "app", "x")
	f.Add("[[a]]\n[a.b]\n[[a.b.c]]\n[[a]]\n[[a.b.c]]\nx=07:32:00", "", "", "")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, toml, environ, key, text string) {
		if strings.Contains(environ, "_FILE") || strings.Contains(environ, "DRAM_CONFIG") {
			t.Skip("names a file of this machine")
		}
		writeFile(t, filepath.Join(dir, "dram.toml"), toml, 0o600)
		conf, err := Load(Options{Dir: dir, Environ: append([]string{}, strings.Split(environ, "\n")...), Flags: map[string]string{key: text}})
		if err != nil {
			oneLineEach(t, err)
			return
		}
		var b board
		if err := conf.Decode("app", &b); err != nil {
			oneLineEach(t, err)
		}
		for _, s := range conf.Settings() {
			if s.Value == masked || strings.HasPrefix(s.Key, "app.") || s.Key == "database.url" || s.Key == "mail.url" {
				continue
			}
			if err := conf.With(s.Key, s.Value); err != nil {
				t.Fatalf("%s is shown as %q, which is no value: %v", s.Key, s.Value, err)
			}
			if again := setting(conf, s.Key).Value; again != s.Value {
				t.Fatalf("%s is shown as %q and read as %q", s.Key, s.Value, again)
			}
		}
	})
}

func oneLineEach(t *testing.T, err error) {
	var list *Faults
	if !errors.As(err, &list) {
		t.Fatalf("error %v, want *Faults", err)
	}
	if lines := strings.Split(err.Error(), "\n"); len(lines) != len(list.List) {
		t.Fatalf("%d faults on %d lines:\n%v", len(list.List), len(lines), err)
	}
	for _, fault := range list.List {
		if fault.Where == "" || fault.Text == "" {
			t.Fatalf("fault %+v has no place or no text", fault)
		}
	}
}

// FuzzKeyLines: every key of a valid document has a line of the document.
func FuzzKeyLines(f *testing.F) {
	f.Add(boardTOML)
	f.Add("a.b.c = 1\n[a.d]\n[[a.e]]\nx=[[{y=1}]]\n[[a.e]]\n[a.e.f]\ng=1")
	f.Add("[[a]]\n[[a.b]]\n[[a.b]]\n[[a]]\n[[a.b]]\nx=1\n")
	f.Fuzz(func(t *testing.T, toml string) {
		parsed, fault := parseFile("f", []byte(toml))
		if fault != nil {
			return
		}
		allLines(t, parsed, "", parsed.tree, 1+strings.Count(toml, "\n"))
	})
}

func allLines(t *testing.T, f *file, key string, value any, last int) {
	if line, ok := f.lines[key]; key != "" && (!ok || line < 1 || line > last) {
		t.Fatalf("key %s has line %d (%v) of %d", key, line, ok, last)
	}
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			allLines(t, f, join(key, name), inner, last)
		}
	case []any:
		for i, inner := range v {
			allLines(t, f, elementKey(key, i), inner, last)
		}
	}
}
