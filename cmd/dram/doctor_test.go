package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dram-go/dram/framework/config"
)

func TestJudgements(t *testing.T) {
	t.Parallel()
	header := func(number string) []byte {
		return []byte("#define SQLITE_VERSION \"x\"\n#define SQLITE_VERSION_NUMBER " + number + "\n")
	}
	for _, c := range []struct {
		name  string
		got   finding
		state state
		text  string
	}{
		{"go", judgeGo("go1.26.8"), healthy, "go1.26.8"},
		{"old go", judgeGo("go1.25.9"), broken, "older than go1.26"},
		{"newer go", judgeGo("go1.27rc1"), healthy, "go1.27rc1"},
		{"devel go", judgeGo("devel go1.28-abc"), healthy, "devel"},
		{"watches", judgeWatches(100, 65536, 128), healthy, "100 directories of 65536"},
		{"few watches", judgeWatches(1025, 8192, 128), weak, "one user may watch 8192"},
		{"few watchers", judgeWatches(100, 65536, 8), weak, "8 watchers"},
		{"sqlite", judgeSQLite(header("3051003"), false), healthy, "3.51.3"},
		{"old sqlite", judgeSQLite(header("3051002"), false), broken, "3.51.2 can corrupt"},
		{"linked sqlite", judgeSQLite(header("3051003"), true), weak, "that of the system"},
		{"no header", judgeSQLite(nil, false), weak, "not known"},
		{"migrated", judgeMigrations([]byte(`[{"state":"applied"},{"state":"applied"}]`)), healthy, "2 have run"},
		{"pending", judgeMigrations([]byte(`[{"state":"applied"},{"state":"pending"}]`)), weak, "1 of 2 have not run"},
		{"ahead", judgeMigrations([]byte(`[{"state":"applied"},{"state":"unknown"}]`)), weak, "the database is ahead"},
		{"contract", judgeMigrations([]byte(`[{"state":"applied"},{"state":"after"}]`)), healthy, "1 wait for the end of a reload"},
		{"changed", judgeMigrations([]byte(`[{"state":"applied"},{"state":"changed"}]`)), weak, "1 of 2 were changed"},
		{"no list", judgeMigrations([]byte(`ok`)), broken, "migrate status"},
		{"nowhere", checkPort("256.0.0.1:1"), broken, "256.0.0.1"},
	} {
		if c.got.State != c.state || !strings.Contains(c.got.Text, c.text) {
			t.Errorf("%s: %+v, want %s and %q", c.name, c.got, c.state, c.text)
		}
		if (c.got.Mend == "") != (c.state == healthy) {
			t.Errorf("%s: what is wrong needs a way to mend it, and nothing else: %+v", c.name, c.got)
		}
	}
}

func TestPort(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if f := checkPort(l.Addr().String()); f.State != weak || !strings.Contains(f.Text, "in use") {
		t.Errorf("a port in use: %+v", f)
	}
	l.Close()
	if f := checkPort("127.0.0.1:0"); f.State != healthy {
		t.Errorf("any port: %+v", f)
	}
}

func TestSecret(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	load := func() *config.Config {
		conf, err := config.Load(config.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		return conf
	}
	if f := checkSecret(load()); f.State != weak || !strings.Contains(f.Text, "there is none") {
		t.Errorf("without a secret: %+v", f)
	}
	if _, _, err := config.GenerateSecret(dir); err != nil {
		t.Fatal(err)
	}
	if f := checkSecret(load()); f.State != healthy || !strings.Contains(f.Text, ".dram/secret") {
		t.Errorf("with one: %+v", f)
	}
}

func TestCountDirs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, sub := range []string{"a/b", ".git/objects", "c"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if n := countDirs(dir); n != 4 {
		t.Errorf("%d directories, want the root, a, a/b and c", n)
	}
}

func TestReportFindings(t *testing.T) {
	t.Parallel()
	found := []finding{fine("go", "go1.26"), {"build", broken, "it does not\nx.go:1: no", "mend it"}}
	var b strings.Builder
	if err := reportFindings(&b, found, false); err != nil {
		t.Fatal(err)
	}
	want := "ok     go     go1.26\n" +
		"fault  build  it does not\n" +
		"              x.go:1: no\n" +
		"              → mend it\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &b, want)
	}
	if err := verdict(found); err == nil || err.Error() != "doctor found 1 fault" {
		t.Errorf("verdict %v", err)
	}
	if err := verdict(append(found, found...)); err == nil || err.Error() != "doctor found 2 faults" {
		t.Errorf("verdict %v", err)
	}
	if err := verdict(found[:1]); err != nil {
		t.Errorf("verdict %v", err)
	}
}
