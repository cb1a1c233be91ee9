package h2

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func fileOf(t *testing.T, content []byte) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// sendAll answers with the first n octets of a file.
func sendAll(t *testing.T, x *Exchange, f *os.File, n int64) {
	t.Helper()
	x.Begin(200)
	x.Announce(n)
	x.Ready(true)
	if sent, err := x.SendFile(f, 0, n); sent != n || err != nil {
		t.Errorf("%d of %d octets, %v", sent, n, err)
	}
}

// TestPartsOfFiles are sent between what a handler writes, in frames that are
// full or not.
func TestPartsOfFiles(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcde\n"), 20_000)
	f := fileOf(t, content)
	for _, n := range []int{1, maxFrame - 1, maxFrame, maxFrame + 1, filePiece, filePiece + 1, 3*filePiece + 5} {
		s := newSite(t, Options{}, func(x *Exchange) {
			x.Begin(200)
			x.Announce(int64(2*n + 6))
			x.Ready(true)
			for i, text := range []string{"one", "two"} {
				io.WriteString(x, text)
				if sent, err := x.SendFile(f, int64(i), int64(n)); sent != int64(n) || err != nil {
					t.Errorf("%d octets: %d, %v", n, sent, err)
				}
			}
		})
		resp, err := s.client().Get(s.url("/"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		if want := "one" + string(content[:n]) + "two" + string(content[1:1+n]); string(got) != want || err != nil {
			t.Errorf("%d octets: %d of %d arrive, %v", n, len(got), len(want), err)
		}
	}
}

// TestManyFilesAtOnce have each its own octets.
func TestManyFilesAtOnce(t *testing.T) {
	var files [5]*os.File
	want := func(i int) string { return strings.Repeat(strconv.Itoa(i), 300_000) }
	for i := range files {
		files[i] = fileOf(t, []byte(want(i)))
	}
	s := newSite(t, Options{}, func(x *Exchange) {
		i, _ := strconv.Atoi(strings.TrimPrefix(x.Target(), "/"))
		sendAll(t, x, files[i], 300_000)
	})
	c := s.client()
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			resp, err := c.Get(s.url("/" + strconv.Itoa(i%len(files))))
			if err != nil {
				t.Error(err)
				return
			}
			if got, err := io.ReadAll(resp.Body); string(got) != want(i%len(files)) || err != nil {
				t.Errorf("file %d: %d octets, %v", i%len(files), len(got), err)
			}
		})
	}
	all.Wait()
}

// TestWhatIsNotSentOfAFileIsNotTakenOffTheWindow has files fail that room was
// taken for; what follows needs all of it.
func TestWhatIsNotSentOfAFileIsNotTakenOffTheWindow(t *testing.T) {
	directory, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer directory.Close()
	whole := strings.Repeat("a", initialWindow)
	s := newSite(t, Options{}, func(x *Exchange) {
		if x.Target() == "/whole" {
			io.WriteString(x, whole)
			return
		}
		x.Begin(200)
		x.Announce(initialWindow)
		x.Ready(true)
		if n, err := x.SendFile(directory, 0, initialWindow); n != 0 || !errors.Is(err, syscall.EISDIR) {
			t.Errorf("%d, %v", n, err)
		}
		x.Abort()
	})
	p := s.peer()
	for stream := uint32(1); stream < 9; stream += 2 {
		p.ask(stream, true, "GET", "/directory")
		p.next(3, stream) // RST_STREAM
	}
	p.ask(9, true, "GET", "/whole")
	p.want(9, "200", whole)
}

// TestAClientThatGivesAFileUp leaves the connection to others.
func TestAClientThatGivesAFileUp(t *testing.T) {
	f := fileOf(t, make([]byte, 1<<20))
	gone := make(chan error, 1)
	s := newSite(t, Options{}, func(x *Exchange) {
		if x.Target() == "/page" {
			io.WriteString(x, "page")
			return
		}
		x.Begin(200)
		x.Announce(1 << 20)
		x.Ready(true)
		_, err := x.SendFile(f, 0, 1<<20)
		gone <- err
	})
	p := s.peer()
	p.ask(1, true, "GET", "/")
	p.next(0, 1) // DATA
	p.WriteRSTStream(1, 8)
	if err := await(t, "the end of the file", gone); !errors.Is(err, ErrGone) {
		t.Error(err)
	}
	p.WriteWindowUpdate(0, 1<<20)
	p.ask(3, true, "GET", "/page")
	p.want(3, "200", "page")
}
