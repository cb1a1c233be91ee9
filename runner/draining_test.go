package runner

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
)

// TestDrainingEndsStreams: of run, and of a worker that a reload replaces.
func TestDrainingEndsStreams(t *testing.T) {
	s := newSite(t, "version=1")
	r := s.start("run", "--listen", "127.0.0.1:0")
	stream := r.later("/stream")
	s.await("the stream begins", func() bool { _, err := os.Stat(s.dir + "/stream.begun"); return err == nil })
	r.cmd.Process.Signal(syscall.SIGTERM)
	if got := <-stream; !strings.HasSuffix(got, "bye") {
		t.Errorf("run: %q", got)
	}
	<-r.ended
	os.Remove(s.dir + "/stream.begun")

	r = s.start("serve", "--listen", "127.0.0.1:0", "--workers", "1")
	stream = r.later("/stream")
	s.await("the stream begins", func() bool { _, err := os.Stat(s.dir + "/stream.begun"); return err == nil })
	s.must("reload")
	if got := <-stream; !strings.HasSuffix(got, "bye") {
		t.Errorf("serve: %q", got)
	}
	r.stop()
	r.gone()
}

// An open stream holds neither the exit code of a reload nor the next reload:
// its worker is shown as draining, and ends early for the next but one.
func TestReloadDoesNotWaitForStreams(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	s.write("dram.toml", "[workers]\ngraceful_timeout = \"10m\"\n")
	r := s.start("serve", "--listen", "127.0.0.1:0", "--workers", "1")
	resp, err := http.Get(r.url + "/deaf")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if line, err := bufio.NewReader(resp.Body).ReadString('\n'); err != nil || line != "data\n" {
		t.Fatalf("stream: %q, %v", line, err)
	}
	s.install("version=2")
	r.must("reload") // graceful_timeout is longer than the patience of this test
	if got := r.get("/"); got != "version 2" {
		t.Fatalf("served %q", got)
	}
	st := s.status()
	if len(st.Workers) != 2 || st.Workers[0].State != draining || st.Workers[0].Generation != 1 || st.Workers[0].InFlight != 1 || st.State != "serving" {
		t.Fatalf("state %s, workers %+v", st.State, st.Workers)
	}
	if text := r.must("status"); !strings.Contains(text, "draining, ") || !strings.Contains(text, " left") {
		t.Fatalf("status\n%s", text)
	}
	s.install("version=3")
	r.must("reload")
	if _, err := io.ReadAll(resp.Body); err == nil {
		t.Error("a stream that was cut ended as if it were whole")
	}
	s.await("one generation is left", func() bool {
		st := s.status()
		return len(st.Workers) == 1 && st.Workers[0].Generation == 3
	})
	r.stop()
}

func TestWireDumpPrintsARecording(t *testing.T) {
	s := newSite(t, "version=1")
	s.write("recording", "\x01\x00\x00\x08DGI\n\x02\x01\x01\x00")
	if out := s.must("wire", "dump", "recording"); !strings.Contains(out, "worker, versions 1 to 1") {
		t.Errorf("printed %q", out)
	}
	s.write("recording", "GET / HTTP/1.1")
	if out, code := s.call("wire", "dump", "recording"); code != 1 || !strings.Contains(out, "recording: wire: not the gateway interface") {
		t.Errorf("%d, printed %q", code, out)
	}
}
