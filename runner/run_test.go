package runner

import (
	"bufio"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestRunServesAndDrains(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.start("run", "--listen", "127.0.0.1:0")
	body := r.later("/until/later")
	s.await("the request has begun", func() bool { _, err := os.Stat(filepath.Join(s.dir, "later.begun")); return err == nil })
	r.cmd.Process.Signal(syscall.SIGTERM)
	s.await("nobody is accepted any more", func() bool {
		conn, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
	if err := os.WriteFile(filepath.Join(s.dir, "later"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := <-body; got != "done" {
		t.Fatalf("body %q", got)
	}
	<-r.ended
	if code := r.cmd.ProcessState.ExitCode(); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "closed")); err != nil {
		t.Fatal("the app was not closed")
	}
}

func TestRunRefusesWhatTheAppRefuses(t *testing.T) {
	t.Parallel()
	s := newSite(t, "start=fail")
	out, code := s.call("run", "--listen", "127.0.0.1:0")
	if code != exitUsage || !strings.Contains(out, "run migrate up") {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	if strings.Contains(out, "nothing to migrate") {
		t.Fatal("run migrated outside of development")
	}
}

// passed is a `run` that is started as a development server does it.
type passed struct {
	cmd      *exec.Cmd
	lifeline *os.File // our end
	ready    *os.File
}

func startPassed(t *testing.T, s *site) *passed {
	t.Helper()
	f, address, err := listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	theirLife, life := pipe(t)
	ready, theirReady := pipe(t)
	p := &passed{cmd: s.command("run"), lifeline: life, ready: ready}
	p.cmd.Env = append(p.cmd.Env, "DRAM_ENV=development", "DRAM_LISTEN_FD=3", "DRAM_LIFELINE_FD=4", "DRAM_READY_FD=5")
	p.cmd.ExtraFiles = []*os.File{f, theirLife, theirReady}
	out := filepath.Join(s.dir, "out.log")
	log, err := os.Create(out)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirLife.Close()
	theirReady.Close()
	line, err := bufio.NewReader(ready).ReadString('\n')
	if err != nil || line != "READY\n" {
		t.Fatalf("ready pipe says %q, %v", line, err)
	}
	resp, err := http.Get("http://" + address + "/")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	text, err := os.ReadFile(out)
	if err != nil || strings.Contains(string(text), "listening on") || !strings.Contains(string(text), "nothing to migrate") {
		t.Fatalf("output %q, %v, want the migration of development and no listening line", text, err)
	}
	return p
}

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

func TestRunUnderADevelopmentServer(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	p := startPassed(t, s)
	p.lifeline.Close() // as the kernel does it when the server is killed
	if err := p.cmd.Wait(); err != nil {
		t.Fatal(err)
	}
}

func TestRunRefusesADescriptorThatIsNotOpen(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	cmd := s.command("run")
	cmd.Env = append(cmd.Env, "DRAM_LISTEN_FD=97")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "DRAM_LISTEN_FD names descriptor 97, which is not open") {
		t.Fatalf("%v\n%s", err, out)
	}
}
