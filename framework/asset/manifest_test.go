package asset

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func TestScan(t *testing.T) {
	m, err := Scan(site())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for name, f := range m.Files {
		got[name] = f.Asset + " " + f.Type
	}
	// echo -n 'body{color:red}' | sha256sum, and so on.
	want := map[string]string{
		"css/site.css":    "css/site.15c42ab7768d.css text/css; charset=utf-8",
		"js/app.min.js":   "js/app.min.2c07d877ba5b.js text/javascript; charset=utf-8",
		"LICENSE":         "LICENSE.e5dcffe836b6 application/octet-stream",
		"odd #1?50%+.txt": "odd #1?50%+.990cb8ebd0af.txt text/plain; charset=utf-8",
		"그림/소주.svg":       "그림/소주.d4dc56669143.svg image/svg+xml",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	for name, f := range m.Files {
		if back, ok := m.Name(f.Asset); !ok || back != name {
			t.Errorf("Name(%q) = %q, %v", f.Asset, back, ok)
		}
		if asset, ok := m.Asset(name); !ok || asset != f.Asset {
			t.Errorf("Asset(%q) = %q, %v", name, asset, ok)
		}
	}
	for _, asset := range []string{"css/site.css", "css/site.000000000000.css", "", "LICENSE", ".e5dcffe836b6"} {
		if name, ok := m.Name(asset); ok {
			t.Errorf("Name(%q) = %q, want none", asset, name)
		}
	}
}

func TestScanNothing(t *testing.T) {
	sub, err := fs.Sub(site(), "no/such/directory")
	if err != nil {
		t.Fatal(err)
	}
	for _, fsys := range []fs.FS{nil, fstest.MapFS{}, sub} {
		if m, err := Scan(fsys); err != nil || len(m.Files) != 0 {
			t.Errorf("Scan(%v): %v, %v", fsys, m, err)
		}
	}
}

func TestScanRefusesNamesThatCannotBeServed(t *testing.T) {
	for _, name := range []string{`a\b.css`, "a\nb.css", "a\x7f.css"} {
		if _, err := Scan(fstest.MapFS{name: {}}); err == nil || !strings.Contains(err.Error(), "rename it") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestScanLeavesOutSymlinks(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "real.css"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "link.css")); err != nil {
		t.Fatal(err)
	}
	m, err := Scan(os.DirFS(dir))
	if err != nil || len(m.Files) != 1 {
		t.Errorf("files %v, %v", m, err)
	}
	if _, err := Live(os.DirFS(dir)).URLName("link.css"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("development serves what production leaves out: %v", err)
	}
}

func TestManifestFile(t *testing.T) {
	m, err := Scan(site())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "m.json")
	for range 2 { // the second replaces the first
		if err := m.WriteFile(path); err != nil {
			t.Fatal(err)
		}
	}
	got, err := ReadManifest(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, got); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestManifestThatDoesNotFit(t *testing.T) {
	m, err := Scan(fstest.MapFS{"a.css": {}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{
		{`"version":1`, `"version":2`},
		{`"name":"a.css"`, `"name":"b.css"`},
		{`"a.css":{`, `"../a.css":{`},
		{`"asset":"a.`, `"asset":"../a.`},
		{`"hash":"e3`, `"hash":"E3`},
		{`"hash":"e3`, `"hash":"`},
		{`"size":0`, `"size":-1`},
		{`{`, ``},
	} {
		changed := strings.Replace(string(text), change[0], change[1], 1)
		if changed == string(text) {
			t.Fatalf("%s is not in %s", change[0], text)
		}
		if err := new(Manifest).UnmarshalJSON([]byte(changed)); err == nil {
			t.Errorf("accepted: %s", changed)
		}
	}
	if _, err := ReadManifest(filepath.Join(t.TempDir(), "no.json")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}

func TestURLName(t *testing.T) {
	bundle, err := NewBundle(site())
	if err != nil {
		t.Fatal(err)
	}
	store := published1(t, site())
	for kind, namer := range map[string]Namer{"bundle": NewHandler(bundle), "live": NewHandler(Live(site())), "store": NewHandler(store)} {
		for name, want := range map[string]string{
			"css/site.css":    "/static/css/site.15c42ab7768d.css",
			"odd #1?50%+.txt": "/static/odd%20%231%3F50%25+.990cb8ebd0af.txt",
		} {
			if got, err := namer.URLName(name); err != nil || got != want {
				t.Errorf("%s: URLName(%q) = %q, %v; want %q", kind, name, got, err, want)
			}
		}
		for name, near := range map[string]string{"site.css": "css/site.css", "CSS/Site.css": "css/site.css", "nothing": "", "../x": "", "": "", ".DS_Store": "", "css": ""} {
			_, err := namer.URLName(name)
			var missing *MissingError
			if !errors.As(err, &missing) || missing.Near != near || !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: URLName(%q): %v, want %q suggested", kind, name, err, near)
			}
		}
	}
}

// TestContentTypes holds on a machine without mime.types and on one with a
// strange one: nothing but our table is asked.
func TestContentTypes(t *testing.T) {
	for name, want := range map[string]string{
		"a.css": "text/css; charset=utf-8", "a.js": "text/javascript; charset=utf-8", "a.mjs": "text/javascript; charset=utf-8",
		"a.svg": "image/svg+xml", "a.woff2": "font/woff2", "a.webp": "image/webp", "a.avif": "image/avif",
		"a.json": "application/json", "a.css.map": "application/json", "a.wasm": "application/wasm",
		"a.html": "text/html; charset=utf-8", "a.txt": "text/plain; charset=utf-8", "A.PNG": "image/png",
		"a": "application/octet-stream", "a.unknown": "application/octet-stream", "a.tar.gz": "application/gzip",
	} {
		if got := contentType(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

func FuzzSplitAsset(f *testing.F) {
	f.Add("css/site.css", "3fa9c1d2e4b5")
	f.Add("LICENSE", "000000000000")
	f.Add("a.b.c/d", "3fa9c1d2e4b5")
	f.Add("3fa9c1d2e4b5.3fa9c1d2e4b5", "aaaaaaaaaaaa")
	f.Fuzz(func(t *testing.T, name, fingerprint string) {
		if checkName(name) != nil || !isFingerprint(fingerprint) {
			return
		}
		asset := assetName(name, fingerprint)
		if checkName(asset) != nil {
			t.Fatalf("asset %q of %q is no name", asset, name)
		}
		back, print, ok := splitAsset(asset)
		if !ok || back != name || print != fingerprint {
			t.Fatalf("%q became %q and came back as %q with %q, %v", name, asset, back, print, ok)
		}
	})
}
