package runner

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestHungRequestAndHungWorker(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	s.write("dram.toml", "[workers]\nrequest_timeout = \"2s\"\nheartbeat_timeout = \"3s\"\n")
	r := s.start("serve", "--listen", "127.0.0.1:0")
	before := s.status()
	resp, err := http.Get(r.url + "/until/never")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	id := resp.Header.Get("X-Request-Id")
	if resp.StatusCode != http.StatusGatewayTimeout || id == "" {
		t.Fatalf("%s, request %q", resp.Status, id)
	}
	s.await("the request is named", func() bool {
		text := r.logText()
		return strings.Contains(text, "request hangs") && strings.Contains(text, "path=/until/never") && strings.Contains(text, "id="+id)
	})
	dumps, _ := filepath.Glob(filepath.Join(s.dir, ".dram", "run", "dump-*.txt"))
	if len(dumps) != 1 {
		t.Fatalf("dumps: %v", dumps)
	}
	if text, err := os.ReadFile(dumps[0]); err != nil || !strings.Contains(string(text), "testapp_test.go") {
		t.Fatalf("the dump does not show the handler, %v:\n%s", err, text)
	}
	st := s.status()
	for i, w := range st.Workers {
		if w.PID != before.Workers[i].PID || w.State != ready {
			t.Fatalf("worker was %+v, is %+v", before.Workers[i], w)
		}
	}

	victim := st.Workers[0].PID
	if err := syscall.Kill(victim, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	s.await("the hung worker is replaced", func() bool {
		w := s.status().Workers
		return len(w) == 2 && w[0].PID != victim && w[0].State == ready && w[1].State == ready
	})
	if text := r.logText(); !strings.Contains(text, "was killed: it hangs: no sign of life for") {
		t.Fatalf("the log does not say why")
	}
	r.get("/")
	os.WriteFile(filepath.Join(s.dir, "never"), nil, 0o600)
	r.stop()
}

func TestCommandsOfARunningTree(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	s.change = func(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} } // a terminal sends WINCH, too
	r := s.start("serve", "--listen", "127.0.0.1:0")
	workers := func(n int) func() bool {
		return func() bool {
			st := s.status()
			return len(st.Workers) == n && st.State == "serving"
		}
	}
	s.must("scale", "3")
	s.await("there are 3 workers", workers(3))
	r.cmd.Process.Signal(syscall.SIGTTOU)
	s.await("there are 2 workers", workers(2))
	r.cmd.Process.Signal(syscall.SIGWINCH)
	s.await("there are no workers", func() bool { return len(s.status().Workers) == 0 })
	s.must("scale", "2")
	s.await("there are 2 workers again", workers(2))
	if out, code := s.call("scale", "1000"); code != exitUsage || !strings.Contains(out, "from 0 to 512") {
		t.Fatalf("exit code %d\n%s", code, out)
	}

	// A request straight to each worker; what one publishes the other hears.
	ids := s.status().Workers
	if got := s.must("worker", "curl", fmt.Sprint(ids[0].ID), "/worker"); got != fmt.Sprint(ids[0].ID) {
		t.Fatalf("worker %d says that it is %q", ids[0].ID, got)
	}
	s.must("worker", "curl", fmt.Sprint(ids[0].ID), "/publish", "-X", "POST")
	s.await("the other worker has heard it", func() bool {
		return s.must("worker", "curl", fmt.Sprint(ids[1].ID), "/heard") == "1"
	})
	if hub := s.status().Hub; hub == nil || hub.Peers != 2 || hub.Relayed == 0 {
		t.Fatalf("hub %+v", hub)
	}
	if out, code := s.call("worker", "curl", "99", "/"); code != exitRefused || !strings.Contains(out, "there is no worker 99 that serves") || strings.Contains(out, "[99") {
		t.Fatalf("exit code %d\n%s", code, out)
	}

	path := strings.TrimSpace(s.must("worker", "dump", fmt.Sprint(ids[0].ID)))
	if text, err := os.ReadFile(path); err != nil || !strings.Contains(string(text), "goroutine ") {
		t.Fatalf("%q, %v", text, err)
	}
	var said verdict
	if err := json.Unmarshal([]byte(s.must("worker", "restart", fmt.Sprint(ids[0].ID), "--json")), &said); err != nil || !said.OK {
		t.Fatalf("%+v, %v", said, err)
	}
	s.await("the worker is replaced", func() bool {
		return workers(2)() && !slices.ContainsFunc(s.status().Workers, func(w processStatus) bool { return w.ID == ids[0].ID })
	})

	// Those who ask are told to go elsewhere while everything is served.
	if got := r.get("/readyz"); got != "ok\n" {
		t.Fatalf("/readyz says %q", got)
	}
	drained := make(chan int, 1)
	go func() { _, code := s.call("drain", "--delay", "3s"); drained <- code }()
	s.await("/readyz says 503", func() bool {
		resp, err := http.Get(r.url + "/readyz")
		if err != nil {
			t.Error(err)
			return true
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusServiceUnavailable
	})
	if got := r.get("/"); got != "version 1" {
		t.Fatalf("body %q", got)
	}
	if code := <-drained; code != exitOK {
		t.Fatalf("drain: exit code %d", code)
	}
	<-r.ended
	r.gone()
}
