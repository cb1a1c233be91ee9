package storage

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/dram-go/dram/framework/asset"
	"github.com/dram-go/dram/framework/config"
)

const pngHead = "\x89PNG\x0D\x0A\x1A\x0A"

// open returns a started directory below a test's own root.
func open(t *testing.T, o Options) *Dir {
	t.Helper()
	d := New(config.Default(t.TempDir()), o)
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return d
}

func save(t *testing.T, d *Dir, content string, types ...string) Upload {
	t.Helper()
	up, err := d.Save(t.Context(), strings.NewReader(content), types...)
	if err != nil {
		t.Fatal(err)
	}
	return up
}

// names lists everything below a directory, hidden files too.
func names(t *testing.T, d *Dir) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(d.Path(), func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			list = append(list, e.Name())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestSaveOpenDelete(t *testing.T) {
	d := open(t, Options{})
	if want := filepath.Join("data", "uploads"); !strings.HasSuffix(d.Path(), want) {
		t.Errorf("path %s, want …/%s", d.Path(), want)
	}
	content := pngHead + strings.Repeat("x", 2000)
	up := save(t, d, content, "application/pdf", "image/*")
	if !isID(up.ID) || !strings.HasSuffix(up.ID, ".png") || up.Type != "image/png" || up.Size != int64(len(content)) || up.Saved.IsZero() {
		t.Errorf("saved %+v", up)
	}
	f, err := d.Open(t.Context(), up.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, ok := f.(*os.File); !ok {
		t.Errorf("a %T, want *os.File, which a front can send itself", f)
	}
	got, err := io.ReadAll(f)
	if err != nil || string(got) != content {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
	info, err := f.Stat()
	if err != nil || info.Name() != up.ID || info.Mode().Perm() != 0o600 {
		t.Errorf("name %s, mode %v", info.Name(), info.Mode())
	}
	for range 2 {
		if err := d.Delete(t.Context(), up.ID); err != nil {
			t.Errorf("Delete: %v", err)
		}
	}
	if left := names(t, d); len(left) != 0 {
		t.Errorf("left on the disk: %q", left)
	}
	var missing *MissingError
	if _, err := d.Open(t.Context(), up.ID); !errors.As(err, &missing) || missing.StatusCode() != 404 || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open after Delete: %v", err)
	}
}

func TestIDsDiffer(t *testing.T) {
	d := open(t, Options{})
	if a, b := save(t, d, "same"), save(t, d, "same"); a.ID == b.ID {
		t.Errorf("two files have the ID %s", a.ID)
	}
}

// TestNoPathFromOutside: what a visitor sends as an ID opens and deletes
// nothing but uploads.
func TestNoPathFromOutside(t *testing.T) {
	d := open(t, Options{})
	up := save(t, d, "text")
	outside := filepath.Join(d.Path(), "..", "secret.txt")
	if err := os.WriteFile(outside, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.Path(), "own.txt"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{
		"", ".", "..", "../secret.txt", "own.txt", "/etc/passwd", up.ID + "/", "./" + up.ID, up.ID[:26], up.ID + ".txt",
		strings.ToUpper(up.ID), up.ID[:26] + ".html", up.ID[:26] + ".", strings.Repeat("/", 26) + ".txt", up.ID[:25] + "1.txt",
	} {
		if f, err := d.Open(t.Context(), id); err == nil {
			f.Close()
			t.Errorf("opened %q", id)
		} else if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: %v", id, err)
		}
		if err := d.Delete(t.Context(), id); err != nil {
			t.Errorf("delete %q: %v", id, err)
		}
	}
	if _, err := os.Stat(outside); err != nil {
		t.Error("a file outside was deleted")
	}
	if len(names(t, d)) != 2 {
		t.Errorf("left: %q", names(t, d))
	}
	// A link that somebody put there leads nowhere.
	evil := newID("txt")
	if err := os.MkdirAll(filepath.Join(d.Path(), evil[:2]), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(d.Path(), place(evil))); err != nil {
		t.Fatal(err)
	}
	if f, err := d.Open(t.Context(), evil); err == nil {
		f.Close()
		t.Error("a link led out of the directory")
	}
}

func TestTypeIsSniffed(t *testing.T) {
	d := open(t, Options{})
	for content, want := range map[string]string{
		pngHead:                               "image/png",
		"\xFF\xD8\xFF\xE0":                    "image/jpeg",
		"GIF89a":                              "image/gif",
		"RIFF\x00\x00\x00\x00WEBPVP":          "image/webp",
		"\x00\x00\x00\x1cftypavif\x00\x00":    "image/avif",
		"%PDF-1.7":                            "application/pdf",
		"안녕하세요":                               "text/plain",
		"PK\x03\x04":                          "application/zip",
		"\x1F\x8B\x08":                        "application/gzip",
		"ID3\x03":                             "audio/mpeg",
		"RIFF\x00\x00\x00\x00WAVE":            "audio/wav",
		"\x00\x00\x00\x18ftypmp42\x00\x00":    "application/octet-stream", // too short to be one
		"\x1A\x45\xDF\xA3":                    "video/webm",
		"<!DOCTYPE html><script>x()</script>": "application/octet-stream",
		"<?xml version=\"1.0\"?><svg onload=\"x()\">": "application/octet-stream",
		"\x00\x01": "application/octet-stream",
		"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom": "video/mp4",
	} {
		up := save(t, d, content)
		if up.Type != want {
			t.Errorf("%.20q is %s, want %s", content, up.Type, want)
		}
		if media, _, _ := strings.Cut(asset.Type(up.ID), ";"); media != want {
			t.Errorf("by its name %s is %s, want %s", up.ID, media, want)
		}
	}
	if up := save(t, d, ""); up.Size != 0 {
		t.Errorf("empty file: %+v", up)
	}
}

func TestAccept(t *testing.T) {
	d := open(t, Options{})
	_, err := d.Save(t.Context(), strings.NewReader("<html><body>"), "image/*", "application/pdf")
	var refused *TypeError
	if !errors.As(err, &refused) || refused.StatusCode() != 415 ||
		err.Error() != "storage: the file looks like application/octet-stream, expected image/* or application/pdf" {
		t.Errorf("got %v", err)
	}
	if _, err := d.Save(t.Context(), strings.NewReader(pngHead), "image/jpeg"); err == nil {
		t.Error("a PNG was taken for a JPEG")
	}
	save(t, d, pngHead, "image/png")
	save(t, d, pngHead, "*")
	if n := len(names(t, d)); n != 2 {
		t.Errorf("%d files, want 2", n)
	}
}

func TestLimit(t *testing.T) {
	d := open(t, Options{Max: 1000, Path: "up"})
	save(t, d, strings.Repeat("x", 1000))
	var large *TooLargeError
	_, err := d.Save(t.Context(), strings.NewReader(strings.Repeat("x", 1001)))
	if !errors.As(err, &large) || large.Limit != 1000 || large.StatusCode() != 413 {
		t.Errorf("got %v", err)
	}
	if _, err := d.Save(t.Context(), neverEnding{}); !errors.As(err, &large) {
		t.Errorf("a stream without end: %v", err)
	}
	if n := len(names(t, d)); n != 1 {
		t.Errorf("%q on the disk", names(t, d))
	}
	if got := New(config.Default("/srv"), Options{}).max; got != 10<<20 {
		t.Errorf("default limit %d", got)
	}
}

type neverEnding struct{}

func (neverEnding) Read(p []byte) (int, error) { return copy(p, "xxxxxxxx"), nil }

// TestFailedSaveLeavesNothing: a visitor who leaves in the middle.
func TestFailedSaveLeavesNothing(t *testing.T) {
	d := open(t, Options{})
	broken := errors.New("connection reset")
	for _, head := range []string{"", strings.Repeat("x", 5000)} {
		src := io.MultiReader(strings.NewReader(head), iotest.ErrReader(broken))
		if _, err := d.Save(t.Context(), src); !errors.Is(err, broken) {
			t.Errorf("after %d bytes: %v", len(head), err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.Save(ctx, strings.NewReader("text")); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended request: %v", err)
	}
	if left := names(t, d); len(left) != 0 {
		t.Errorf("left: %q", left)
	}
}

func TestStart(t *testing.T) {
	conf := config.Default(t.TempDir())
	d := New(conf, Options{})
	if _, err := d.Save(t.Context(), strings.NewReader("x")); err == nil || !strings.Contains(err.Error(), "app.Add") {
		t.Errorf("Save before Start: %v", err)
	}
	if _, err := d.Open(t.Context(), "x"); !errors.Is(err, errClosed) {
		t.Errorf("Open before Start: %v", err)
	}
	if err := d.Delete(t.Context(), "x"); !errors.Is(err, errClosed) {
		t.Errorf("Delete before Start: %v", err)
	}
	for _, err := range d.All(t.Context()) {
		if !errors.Is(err, errClosed) {
			t.Errorf("All before Start: %v", err)
		}
	}
	if err := d.Check(t.Context()); err != nil {
		t.Errorf("Check before the first Start: %v", err)
	}
	if err := os.MkdirAll(d.Path(), 0o700); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for name, age := range map[string]time.Duration{".tmp-OLD": 25 * time.Hour, ".tmp-NEW": time.Hour, ".keep": 25 * time.Hour} {
		file := filepath.Join(d.Path(), name)
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, now, now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(names(t, d), " "); got != ".keep .tmp-NEW" {
		t.Errorf("after the sweep: %s", got)
	}
	if err := d.Start(t.Context()); err == nil {
		t.Error("a second Start is not refused")
	}
	if err := d.Check(t.Context()); err != nil {
		t.Errorf("Check: %v", err)
	}
	if got := len(names(t, d)); got != 2 {
		t.Errorf("Check left something: %q", names(t, d))
	}
	for range 2 {
		if err := d.Close(t.Context()); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
}

func TestDirectoryIsAFile(t *testing.T) {
	conf := config.Default(t.TempDir())
	if err := os.WriteFile(conf.Path("data"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d := New(conf, Options{})
	for name, err := range map[string]error{"Start": d.Start(t.Context()), "Check": d.Check(t.Context())} {
		if err == nil || !strings.Contains(err.Error(), "uploads") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAll(t *testing.T) {
	d := open(t, Options{})
	want := map[string]int64{}
	for _, content := range []string{"a", "bb", pngHead} {
		up := save(t, d, content)
		want[up.ID] = up.Size
	}
	if err := os.WriteFile(filepath.Join(d.Path(), ".tmp-X"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	n := 0
	for up, err := range d.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		if size, ok := want[up.ID]; !ok || size != up.Size || up.Type == "" || time.Since(up.Saved) > time.Hour {
			t.Errorf("listed %+v", up)
		}
	}
	if n != len(want) {
		t.Errorf("listed %d files, want %d", n, len(want))
	}
	n = 0
	for range d.All(t.Context()) {
		n++
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range d.All(ctx) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("an ended context: %v", err)
		}
	}
}

func TestSaveAtOnce(t *testing.T) {
	d := open(t, Options{})
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			content := bytes.Repeat([]byte{byte('a' + i)}, 10_000)
			up, err := d.Save(t.Context(), bytes.NewReader(content))
			if err != nil {
				t.Error(err)
				return
			}
			f, err := d.Open(t.Context(), up.ID)
			if err != nil {
				t.Error(err)
				return
			}
			defer f.Close()
			if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, content) {
				t.Errorf("%s holds other content, %v", up.ID, err)
			}
		})
	}
	wg.Wait()
}

// Dir is what an app asks for as a Store.
var _ Store = (*Dir)(nil)
