package runner

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dram-go/dram/runner/logqueue"
)

// gate is a writer that blocks until it is opened.
type gate struct {
	open chan struct{}
	text bytes.Buffer
}

func (g *gate) Write(b []byte) (int, error) {
	<-g.open
	return g.text.Write(b)
}

// An app may log an error and call os.Exit: the line must be out by then.
func TestSeriousLinesAreWrittenAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan struct{})}
		q := logqueue.New(g, logqueue.PipePiece, func(logqueue.Loss) {})
		defer q.Close(time.Second)
		log := slog.New(patient{slog.NewTextHandler(q, nil), q}).With("process", "worker 1").WithGroup("g")
		close(g.open)
		log.Error("why it ends")
		if !strings.Contains(g.text.String(), "why it ends") {
			t.Fatal("not written yet")
		}
	})
}

// Nobody reads standard error: requests and commands go on, and stop ends it.
func TestStalledStandardError(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := s.command("serve", "--listen", "127.0.0.1:0")
	cmd.Stderr = w
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	err = cmd.Start()
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	first := make([]byte, 200)
	n, err := out.Read(first)
	m := listening.FindStringSubmatch(strings.TrimSpace(string(first[:n])))
	if m == nil {
		t.Fatalf("printed %q, %v", first[:n], err)
	}
	// Far more lines than the pipe holds.
	path := "/" + strings.Repeat("long", 500)
	for range 200 {
		resp, err := http.Get(m[1] + path)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	s.status()
	s.must("stop")
	cmd.Wait()
	if left := s.processes(); len(left) > 0 {
		t.Fatalf("left: %v", left)
	}
	if _, err := os.Stat(filepath.Join(s.dir, ".dram", "run", "control.sock")); err == nil {
		t.Fatal("the control socket is still there")
	}
}
