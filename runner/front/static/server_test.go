package static

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/asset"
)

func TestFileOfADirectory(t *testing.T) {
	tr := newTree(t, func(d *Directory) { d.MaxAge = time.Hour }, map[string]string{"a/b.txt": "0123456789", "empty": ""})
	modified := begin.Add(-24 * time.Hour).Truncate(time.Second)
	if err := os.Chtimes(filepath.Join(tr.dir, "a/b.txt"), modified, modified); err != nil {
		t.Fatal(err)
	}
	for range 2 { // from the disk, and from memory
		w := tr.ask("GET", "/media/a/b.txt?v=1")
		tr.want(w, 200, "0123456789")
		tr.wantField(w, "Content-Type", "text/plain; charset=utf-8")
		tr.wantField(w, "Cache-Control", "public, max-age=3600")
		tr.wantField(w, "Last-Modified", modified.UTC().Format(http.TimeFormat))
		tr.wantField(w, "Accept-Ranges", "bytes")
		tr.wantField(w, "X-Content-Type-Options", "nosniff")
		tr.wantField(w, "Vary", "")
		tag := w.header.Get("ETag")
		if !strings.HasPrefix(tag, `"`) || w.length != 10 {
			t.Fatalf("ETag %s, length %d", tag, w.length)
		}
		w = tr.ask("HEAD", "/media/a/b.txt")
		tr.want(w, 200, "")
		if w.length != 10 {
			t.Errorf("length for HEAD %d", w.length)
		}
		w = tr.ask("GET", "/media/a/b.txt", "If-None-Match: "+tag)
		tr.want(w, 304, "")
		tr.wantField(w, "ETag", tag)
		tr.wantField(w, "Cache-Control", "public, max-age=3600")
		tr.wantField(w, "Content-Type", "")
		tr.want(tr.ask("GET", "/media/a/b.txt", "If-Modified-Since: "+modified.UTC().Format(http.TimeFormat)), 304, "")
		w = tr.ask("GET", "/media/a/b.txt", "If-Match: \"other\"")
		tr.want(w, 412, "")

		w = tr.ask("GET", "/media/a/b.txt", "Range: bytes=2-4", "If-Range: "+tag)
		tr.want(w, 206, "234")
		tr.wantField(w, "Content-Range", "bytes 2-4/10")
		tr.wantField(w, "Content-Type", "text/plain; charset=utf-8")
		tr.want(tr.ask("GET", "/media/a/b.txt", "Range: bytes=2-4", `If-Range: "other"`), 200, "0123456789")
		tr.want(tr.ask("HEAD", "/media/a/b.txt", "Range: bytes=2-4"), 200, "") // 14.2: for GET only
		w = tr.ask("GET", "/media/a/b.txt", "Range: bytes=10-")
		tr.want(w, 416, "")
		tr.wantField(w, "Content-Range", "bytes */10")
		if w.length != 0 {
			t.Errorf("length of a 416 %d", w.length)
		}
		w = tr.ask("POST", "/media/a/b.txt")
		tr.want(w, 405, "a file answers only GET and HEAD\n")
		tr.wantField(w, "Allow", "GET, HEAD")
		tr.want(tr.ask("OPTIONS", "/media/a/b.txt"), 405, "a file answers only GET and HEAD\n")
	}
	w := tr.ask("GET", "/media/empty")
	tr.want(w, 200, "")
	tr.wantField(w, "Content-Type", "application/octet-stream")
}

func TestTwoRanges(t *testing.T) {
	large := strings.Repeat("0123456789", inMemory)
	tr := newTree(t, nil, map[string]string{"small.txt": "0123456789", "large.txt": large})
	for name, content := range map[string]string{"small.txt": "0123456789", "large.txt": large} {
		w := tr.ask("GET", "/media/"+name, "Range: bytes=0-1", "Range: bytes=0-1") // two lines make nonsense
		tr.want(w, 200, content)
		w = tr.ask("GET", "/media/"+name, "Range: bytes=0-1,-2")
		if w.status != 206 || w.length != int64(w.body.Len()) {
			t.Fatalf("%d, length %d of %d", w.status, w.length, w.body.Len())
		}
		media, parameters, err := mime.ParseMediaType(w.header.Get("Content-Type"))
		if err != nil || media != "multipart/byteranges" {
			t.Fatal(media, err)
		}
		tr.wantField(w, "Content-Range", "")
		reader := multipart.NewReader(&w.body, parameters["boundary"])
		size := strconv.Itoa(len(content))
		for _, want := range [][2]string{{"bytes 0-1/" + size, "01"}, {"bytes " + strconv.Itoa(len(content)-2) + "-" + strconv.Itoa(len(content)-1) + "/" + size, "89"}} {
			part, err := reader.NextPart()
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(part)
			if part.Header.Get("Content-Range") != want[0] || string(body) != want[1] || part.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
				t.Errorf("%v %q, want %v", part.Header, body, want)
			}
		}
		if _, err := reader.NextPart(); err != io.EOF {
			t.Error(err)
		}
	}
}

func TestWhatIsNoFile(t *testing.T) {
	tr := newTree(t, nil, map[string]string{
		"a.txt": "a", ".hidden": "h", ".git/config": "g", "dir/b.txt": "b", "dir/.c": "c", "한글.txt": "korean", "a b.txt": "space",
	})
	outside := t.TempDir()
	secret := filepath.Join(outside, "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{
		"absolute": secret, "out": "../" + filepath.Base(outside) + "/secret", "loop": "loop", "inside.txt": "dir/b.txt", "outdir": outside,
	} {
		if err := os.Symlink(target, filepath.Join(tr.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(tr.dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	tr.missing(
		"/media/none", "/media/", "/media/dir", "/media/dir/", "/media", "/", "/other/a.txt", "/mediaa.txt", "*", "",
		"/media/.hidden", "/media/.git/config", "/media/dir/.c", "/media/%2ehidden",
		"/media/../media/a.txt", "/media/./a.txt", "/media//a.txt", "/media/dir/../a.txt", "/media/dir/%2e%2e/a.txt", "//media/a.txt",
		"/media/dir%2fb.txt", "/media/dir%2Fb.txt", `/media/dir%5cb.txt`, "/media/a.txt%00", "/media/a%zz", "/media/a.txt/", "/media/a.txt/b",
		"/media/absolute", "/media/out", "/media/loop", "/media/outdir/secret", "/media/pipe",
		"/media/"+strings.Repeat("a", 300), "http://example.com/media/a.txt",
	)
	tr.want(tr.ask("GET", "/media/inside.txt"), 200, "b") // a link within the directory
	tr.want(tr.ask("GET", "/media/%ED%95%9C%EA%B8%80.txt"), 200, "korean")
	tr.want(tr.ask("GET", "/%6dedia/a%20b.txt"), 200, "space")
}

func TestIndex(t *testing.T) {
	tr := newTree(t, func(d *Directory) { d.Index = "index.html" }, map[string]string{"index.html": "top", "docs/index.html": "docs", "none/a.txt": "a"})
	tr.want(tr.ask("GET", "/media/"), 200, "top")
	tr.want(tr.ask("GET", "/media/docs/"), 200, "docs")
	w := tr.ask("GET", "/media/docs?page=2")
	tr.want(w, 301, "")
	tr.wantField(w, "Location", "./docs/?page=2")
	tr.missing("/media/none", "/media/none/", "/media/docs/x", "/media/docs//", "/media//")
	tr.want(tr.ask("DELETE", "/media/docs"), 405, "a file answers only GET and HEAD\n")
}

func TestUntrustedFiles(t *testing.T) {
	tr := newTree(t, func(d *Directory) { d.Untrusted = true }, map[string]string{"a.html": "<script>", "a.png": "png", "a.svg": "<svg>"})
	for name, want := range map[string]string{"a.html": "attachment", "a.png": "", "a.svg": "attachment"} {
		w := tr.ask("GET", "/media/"+name)
		tr.wantField(w, "Content-Disposition", want)
		tr.wantField(w, "Content-Security-Policy", "sandbox")
	}
}

func TestPrecompressedSiblings(t *testing.T) {
	files := map[string]string{"a.css": "a{color:red}", "a.css.br": "BR", "a.css.gz": "GZIP", "b.css": "b"}
	tr := newTree(t, func(d *Directory) { d.Precompressed = true }, files)
	plain := tr.ask("GET", "/media/a.css")
	tr.want(plain, 200, "a{color:red}")
	tr.wantField(plain, "Vary", "Accept-Encoding")
	tr.wantField(plain, "Content-Encoding", "")
	w := tr.ask("GET", "/media/a.css", "Accept-Encoding: gzip, deflate, br")
	tr.want(w, 200, "BR")
	tr.wantField(w, "Content-Encoding", "br")
	tr.wantField(w, "Content-Type", "text/css; charset=utf-8")
	tr.wantField(w, "Vary", "Accept-Encoding")
	if w.header.Get("ETag") == plain.header.Get("ETag") {
		t.Error("two encodings with one tag")
	}
	tr.want(tr.ask("GET", "/media/a.css", "Accept-Encoding: br", "If-None-Match: "+w.header.Get("ETag")), 304, "")
	tr.want(tr.ask("GET", "/media/a.css", "Accept-Encoding: br", "If-None-Match: "+plain.header.Get("ETag")), 200, "BR")
	tr.want(tr.ask("GET", "/media/a.css", "Accept-Encoding: br", "Range: bytes=1-1"), 206, "R")
	w = tr.ask("GET", "/media/b.css", "Accept-Encoding: br")
	tr.want(w, 200, "b")
	tr.wantField(w, "Vary", "")

	// They come and go.
	tr.write("b.css.br", "B")
	if err := os.Remove(filepath.Join(tr.dir, "a.css.br")); err != nil {
		t.Fatal(err)
	}
	tr.now = tr.now.Add(2 * time.Second)
	tr.want(tr.ask("GET", "/media/b.css", "Accept-Encoding: br"), 200, "B")
	tr.want(tr.ask("GET", "/media/a.css", "Accept-Encoding: br, gzip"), 200, "GZIP")

	without := newTree(t, nil, files)
	without.want(without.ask("GET", "/media/a.css", "Accept-Encoding: br"), 200, "a{color:red}")
}

func TestFileThatChanges(t *testing.T) {
	large := strings.Repeat("x", inMemory+1)
	for _, c := range []struct{ name, before, after string }{
		{"small", "before", "after!"},
		{"large", large, strings.ReplaceAll(large, "x", "y")},
		{"grows into the kernel's", "before", large},
		{"shrinks into memory", large, "after"},
	} {
		for _, how := range []string{"rename", "in place", "removed", "removed and back"} {
			tr := newTree(t, nil, map[string]string{"a": c.before})
			w := tr.ask("GET", "/media/a")
			tr.want(w, 200, c.before)
			switch how {
			case "rename":
				tr.replace("a", c.after)
			case "in place":
				tr.write("a", c.after)
			default:
				if err := os.Remove(filepath.Join(tr.dir, "a")); err != nil {
					t.Fatal(err)
				}
			}
			if how != "in place" {
				tr.want(tr.ask("GET", "/media/a"), 200, c.before) // believed for a second
			}
			tr.now = tr.now.Add(time.Second)
			if how == "removed" || how == "removed and back" {
				tr.missing("/media/a")
			}
			if how == "removed" {
				continue
			}
			if how == "removed and back" {
				tr.write("a", c.after)
			}
			tr.want(tr.ask("GET", "/media/a", "If-None-Match: "+w.header.Get("ETag")), 200, c.after)
		}
	}
}

// TestFileThatChangesWhileItIsSent holds what a client gets then.
func TestFileThatChangesWhileItIsSent(t *testing.T) {
	large := strings.Repeat("x", 4*inMemory)
	for _, c := range []struct {
		name    string
		change  func(*tree)
		want    string
		aborted bool
	}{
		{"grows", func(t *tree) { t.write("a", large+"more") }, large, false},
		{"shrinks", func(t *tree) { t.write("a", "short") }, "short", true},
		{"is replaced", func(t *tree) { t.replace("a", "other") }, large, false},
		{"vanishes", func(t *tree) { os.Remove(filepath.Join(t.dir, "a")) }, large, false},
		{"is let go", func(t *tree) { t.server.Close() }, large, false},
	} {
		tr := newTree(t, nil, map[string]string{"a": large})
		w := &reply{sent: func() { c.change(tr) }}
		if !tr.server.TryServe(w, request("GET", "/media/a"), tr.now) {
			t.Fatal("not answered")
		}
		if w.status != 200 || w.length != int64(len(large)) || w.body.String() != c.want || w.aborted != c.aborted {
			t.Errorf("%s: %d, length %d, %d octets, aborted %v", c.name, w.status, w.length, w.body.Len(), w.aborted)
		}
	}
}

// TestFreshFilesHaveWeakTags: a second change within the grain of a file
// system's clock would have the same tag.
func TestFreshFilesHaveWeakTags(t *testing.T) {
	tr := newTree(t, nil, map[string]string{"a": "text"})
	info, err := os.Stat(filepath.Join(tr.dir, "a"))
	if err != nil {
		t.Fatal(err)
	}
	tr.now = info.ModTime().Add(time.Second)
	w := tr.ask("GET", "/media/a")
	weak := w.header.Get("ETag")
	if !strings.HasPrefix(weak, `W/"`) {
		t.Fatalf("tag %s of a file that was just written", weak)
	}
	tr.want(tr.ask("GET", "/media/a", "If-None-Match: "+weak), 304, "")
	tr.want(tr.ask("GET", "/media/a", "Range: bytes=0-0", "If-Range: "+weak), 200, "text")
	tr.now = tr.now.Add(2 * time.Second)
	if tag := tr.ask("GET", "/media/a").header.Get("ETag"); "W/"+tag != weak {
		t.Errorf("tag %s later, %s before", tag, weak)
	}
}

func TestDirectoryThatIsReplaced(t *testing.T) {
	tr := newTree(t, nil, map[string]string{"a": "one"})
	tr.want(tr.ask("GET", "/media/a"), 200, "one")
	old := tr.dir + ".old"
	if err := os.Rename(tr.dir, old); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(old) })
	tr.now = tr.now.Add(time.Second)
	tr.missing("/media/a")
	tr.write("a", "two")
	tr.now = tr.now.Add(time.Second)
	tr.want(tr.ask("GET", "/media/a"), 200, "two")
}

func TestLongestPrefixFirst(t *testing.T) {
	top, inner := t.TempDir(), t.TempDir()
	write := func(dir, name string) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(dir), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(top, "both/a")
	write(top, "both/b")
	write(inner, "a")
	s := newServer(t, Options{Directories: []Directory{{Prefix: "/", Path: top}, {Prefix: "/both/", Path: inner}}})
	defer s.Close()
	for target, want := range map[string]string{"/both/a": inner, "/both/b": top} {
		w := &reply{}
		if !s.TryServe(w, request("GET", target), begin) || w.body.String() != want {
			t.Errorf("%s: %q, want %q", target, &w.body, want)
		}
	}
}

// TestShelfIsBounded asks for more than there is room for.
func TestShelfIsBounded(t *testing.T) {
	dir := t.TempDir()
	const files = 200
	for i := range files {
		size := 100
		if i%2 == 1 {
			size = inMemory + 1
		}
		if err := os.WriteFile(filepath.Join(dir, strconv.Itoa(i)), bytes.Repeat([]byte{byte(i)}, size), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const memory, open = 64 << 10, 16
	s := newServer(t, Options{Directories: []Directory{{Prefix: "/", Path: dir}}, Memory: memory, Open: open})
	before := descriptors(t)
	for round := range 3 {
		for i := range files {
			w := &reply{}
			if !s.TryServe(w, request("GET", "/"+strconv.Itoa(i)), begin) || w.body.Len() == 0 || w.body.Bytes()[0] != byte(i) {
				t.Fatalf("round %d: file %d: %d %.10q", round, i, w.status, &w.body)
			}
			var cost int64
			var held int
			for _, files := range []map[string]*file{s.shelf.young, s.shelf.old} {
				for _, f := range files {
					cost, held = cost+f.cost(), held+f.open
				}
			}
			if cost > memory+memory/4 || held > open+open/4 {
				t.Fatalf("%d octets and %d descriptors are kept", cost, held)
			}
		}
	}
	s.Close()
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// shrink is an encoder for tests.
func shrink(coding string) asset.Encoder {
	return asset.Encoder{Coding: coding, Encode: func([]byte) ([]byte, error) { return []byte(coding + "!"), nil }}
}

func TestAssets(t *testing.T) {
	dir, src := t.TempDir(), t.TempDir()
	css := strings.Repeat("a{color:red}", 100)
	for name, content := range map[string]string{"site.css": css, "tiny.css": "a{}", "pic.png": strings.Repeat("p", 1000)} {
		if err := os.WriteFile(filepath.Join(src, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	first, err := asset.Publish(os.DirFS(src), dir, "1", shrink("br"), shrink("gzip"))
	if err != nil {
		t.Fatal(err)
	}
	assets, err := asset.OpenStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer assets.Close()
	assets.Use(first)
	tr := &tree{T: t, server: newServer(t, Options{Assets: assets}), now: begin}
	defer func() { tr.server.Close() }()
	fixed, _ := first.URLName("site.css")
	for range 2 {
		w := tr.ask("GET", fixed, "Accept-Encoding: br, gzip")
		tr.want(w, 200, "br!")
		tr.wantField(w, "Cache-Control", "public, max-age=31536000, immutable")
		tr.wantField(w, "Content-Encoding", "br")
		tr.wantField(w, "Last-Modified", "")
		tr.wantField(w, "Etag", `"`+first.Files["site.css"].Hash[:12]+`-br"`)
		w = tr.ask("GET", "/static/site.css")
		tr.want(w, 200, css)
		tr.wantField(w, "Cache-Control", "no-cache")
		tr.wantField(w, "Etag", first.Files["site.css"].ETag())
		tr.wantField(w, "Vary", "Accept-Encoding")
	}
	for _, name := range []string{"tiny.css", "pic.png"} {
		w := tr.ask("GET", "/static/"+name, "Accept-Encoding: br")
		tr.wantField(w, "Content-Encoding", "")
		tr.wantField(w, "Vary", "")
	}
	tr.missing("/static/", "/static/site.000000000000.css", "/static/none.css", "/static/encoded/br/site.css", "/static/site.css.br", fixed+".br")

	// The next generation. The name of this one stays, with its encodings.
	if err := os.WriteFile(filepath.Join(src, "site.css"), []byte("b{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	second, err := asset.Publish(os.DirFS(src), dir, "2", shrink("br"))
	if err != nil {
		t.Fatal(err)
	}
	assets.Use(second)
	tr.server.Close()
	tr.missing(fixed)
	tr.server = newServer(t, Options{Assets: assets})
	tr.want(tr.ask("GET", "/static/site.css", "Accept-Encoding: br"), 200, "b{}")
	w := tr.ask("GET", fixed, "Accept-Encoding: gzip")
	tr.want(w, 200, "gzip!")
	tr.wantField(w, "Cache-Control", "public, max-age=31536000, immutable")
}
