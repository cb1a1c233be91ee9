package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestStaticDirectories(t *testing.T) {
	dir := write(t, `
[static]
memory   = "10MiB"
sendfile = ["data/uploads", "/srv/reports"]

[static.directories.media]
prefix  = "/media/"
path    = "data/media"
max_age = "1h"

[static.directories.site]
prefix = "/"
path = "public"
index = "index.html"
precompressed = true
`)
	conf := load(t, Options{Dir: dir, Environ: []string{"DRAM_STATIC_DIRECTORIES_MEDIA_UNTRUSTED=true", "DRAM_STATIC_MEMORY=20MiB"}})
	want := Static{
		Memory: 20 << 20, Sendfile: []string{"data/uploads", "/srv/reports"},
		Directories: map[string]Directory{
			"media": {Prefix: "/media/", Path: "data/media", MaxAge: time.Hour, Untrusted: true},
			"site":  {Prefix: "/", Path: "public", Index: "index.html", Precompressed: true},
		},
	}
	if d := cmp.Diff(want, conf.Static); d != "" {
		t.Errorf("static (-want +got):\n%s", d)
	}
	for _, s := range conf.Settings() {
		switch s.Key {
		case "static.directories.media.untrusted":
			if s.Value != "true" || s.Origin != "DRAM_STATIC_DIRECTORIES_MEDIA_UNTRUSTED" || s.Help == "" {
				t.Errorf("%+v", s)
			}
		case "static.directories.site.index":
			if s.Value != "index.html" || s.Origin != "dram.toml:14" {
				t.Errorf("%+v", s)
			}
		}
	}
}

func TestFaultsOfStaticDirectories(t *testing.T) {
	dir := write(t, `
[static]
memory = "1KiB"
sendfile = [""]
[static.directories.a]
prefix = "media"
path = ""
max_age = "-1s"
[static.directories.b]
prefix = "/b/"
path = "b"
index = "../index.html"
maxage = "1h"
[static.directories.c]
prefix = "/b/"
path = "c"
max_age = "800d"
[static.directories.d]
`)
	_, err := Load(Options{Dir: dir, Environ: []string{}})
	if err == nil {
		t.Fatal("no faults")
	}
	for _, want := range []string{
		`dram.toml:3: static.memory: expected a size of at least 1MiB, found "1KiB"`,
		`dram.toml:4: static.sendfile: expected a list of directories`,
		`dram.toml:6: static.directories.a.prefix: expected a path that begins and ends with /, like /media/`,
		`dram.toml:7: static.directories.a.path: expected a directory, like data/media`,
		`dram.toml:8: static.directories.a.max_age: expected`,
		`dram.toml:12: static.directories.b.index: expected the name of a file`,
		`dram.toml:13: unknown key static.directories.b.maxage, did you mean static.directories.b.max_age?`,
		`dram.toml:14: static.directories.c: has the prefix of static.directories.b (dram.toml:9): change one of them`,
		`dram.toml:17: static.directories.c.max_age: expected a duration`,
		`static.directories.d.prefix: expected a path`,
		`static.directories.d.path: expected a directory`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("not among the faults: %s", want)
		}
	}
	if t.Failed() {
		t.Log(err)
	}
}

func TestPrefixes(t *testing.T) {
	for prefix, want := range map[string]bool{
		"/": true, "/media/": true, "/a/b/": true, "/한글/": true, "/.well-known/": true,
		"": false, "media/": false, "/media": false, "//": false, "/a//b/": false, "/a/../": false, "/./": false,
		"/a%20b/": false, "/a?b/": false, "/a#b/": false, `/a\b/`: false, "/a b/": false,
	} {
		if got := isPrefix(prefix); got != want {
			t.Errorf("%q: %v", prefix, got)
		}
	}
}
