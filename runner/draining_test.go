package runner

import (
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
