package asset

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// faulty is files that are listed and cannot be opened, or read where read is
// set.
type faulty struct {
	fstest.MapFS
	read bool
}

func (f faulty) Open(name string) (fs.File, error) {
	file, err := f.MapFS.Open(name)
	if err != nil || !strings.HasSuffix(name, ".css") {
		return file, err
	}
	if !f.read {
		return nil, errors.Join(errDisk, file.Close())
	}
	return unreadable{file}, nil
}

type unreadable struct{ fs.File }

func (unreadable) Read([]byte) (int, error) { return 0, errDisk }

func TestFilesThatCannotBeRead(t *testing.T) {
	for _, read := range []bool{false, true} {
		files := faulty{site(), read}
		dir := t.TempDir()
		_, bundleErr := NewBundle(files)
		_, publishErr := Publish(files, dir, "g1")
		_, urlErr := Live(files).URLName("css/site.css")
		for what, err := range map[string]error{"NewBundle": bundleErr, "Publish": publishErr, "URLName": urlErr} {
			if !errors.Is(err, errDisk) {
				t.Errorf("%s with read %v: %v", what, read, err)
			}
		}
		if all := everything(t, dir); len(all) != 0 {
			t.Errorf("published half: %v", all)
		}
		w := do(NewHandler(Live(files)), "GET", "/static/css/site.css")
		if w.Code != 500 || w.Header().Get("Cache-Control") != "no-store" || strings.Contains(w.Body.String(), "fire") {
			t.Errorf("served: %d %v %s", w.Code, w.Header(), w.Body)
		}
	}
	good, err := NewBundle(site())
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := good.Manifest().Files["css/site.css"]; !ok {
		t.Errorf("manifest %v", good.Manifest().Files)
	}
	gone := &Bundle{fsys: faulty{site(), false}, manifest: good.manifest} // was there when it was scanned
	if w := do(NewHandler(gone), "GET", "/static/css/site.css"); w.Code != 500 {
		t.Errorf("served: %d %s", w.Code, w.Body)
	}
}

// TestStoreThatIsNoDirectory names the path in every error.
func TestStoreThatIsNoDirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "store")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, openErr := OpenStore(file)
	_, publishErr := Publish(site(), file, "g1")
	for what, err := range map[string]error{"OpenStore": openErr, "Publish": publishErr, "Prune": Prune(file, KeepFor, time.Now())} {
		if err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v", what, err)
		}
	}
	m := &Manifest{}
	if err := m.WriteFile(filepath.Join(file, "m.json")); err == nil || !strings.Contains(err.Error(), "asset: write manifest: ") {
		t.Errorf("WriteFile: %v", err)
	}
}

// TestStoreWithADirectoryInTheWay has directories where files should be.
func TestStoreWithADirectoryInTheWay(t *testing.T) {
	for _, inTheWay := range []string{".lock", "manifests/g1.json"} {
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, inTheWay), 0o755); err != nil {
			t.Fatal(err)
		}
		if _, err := Publish(site(), dir, "g1"); err == nil || !strings.HasPrefix(err.Error(), "asset: ") {
			t.Errorf("%s: Publish: %v", inTheWay, err)
		}
		if err := Prune(dir, KeepFor, time.Now()); err == nil {
			t.Errorf("%s: Prune says nothing", inTheWay)
		}
	}
}

func TestManifestOfNoGeneration(t *testing.T) {
	s := open(t, t.TempDir())
	if _, err := s.Manifest("../g1"); err == nil || !strings.Contains(err.Error(), "no file name") {
		t.Errorf("a path: %v", err)
	}
	if _, err := s.Manifest("g1"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("none: %v", err)
	}
	file := filepath.Join(t.TempDir(), "m.json")
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadManifest(file); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("broken: %v", err)
	}
	if err := os.WriteFile(file, []byte(`{"version":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if m, err := ReadManifest(file); err != nil || m.Files == nil || len(m.Files) != 0 {
		t.Errorf("of no files: %v, %v", m, err)
	}
}
