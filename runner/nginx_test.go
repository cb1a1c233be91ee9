package runner

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// nginxBefore starts a real nginx before an app's address and returns its URL.
func nginxBefore(t *testing.T, upstream string) string {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/nginx"); err != nil { // not on everybody's PATH
			t.Fatalf("this test needs nginx; .ci/deps installs it: %v", err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	dir := t.TempDir()
	conf := fmt.Sprintf(`daemon off; master_process off; worker_processes 1; pid %[1]s/pid; error_log stderr warn;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  upstream app { server %[3]s; keepalive 16; }
  server {
    listen %[2]s;
    location / {
      proxy_pass http://app;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto https;
      proxy_set_header X-Forwarded-Host board.example;
    }
  }
}
`, dir, address, upstream)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-c", file, "-p", dir)
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(said.String())
		}
	})
	if !poll(func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
		}
		return err == nil
	}) {
		t.Fatal("nginx does not listen")
	}
	return "http://" + address
}

// clientBehind asks an app who its client is, with a chain of proxies of the
// client's own making.
func clientBehind(t *testing.T, url string) string {
	t.Helper()
	r, err := http.NewRequest("GET", url+"/client", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Forwarded-For", "198.51.100.7, 203.0.113.9")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestGatewayBehindNginx: what nginx says of the client is believed where its
// address is trusted, and nowhere else; a reload behind it loses nothing.
func TestGatewayBehindNginx(t *testing.T) {
	s := newSite(t, "version=1")
	// nginx and the test share an address, so 203.0.113.9 is what it adds last
	// but one; it adds ours, which is trusted, too.
	s.write("dram.toml", "[server]\ntrusted_proxies = [\"127.0.0.1\"]\n")
	r := s.start("gateway", "--http", "127.0.0.1:0", "--workers", "2")
	url := nginxBefore(t, strings.TrimPrefix(r.url, "http://"))
	if got, want := clientBehind(t, url), "203.0.113.9:0 true board.example 203.0.113.9"; got != want {
		t.Errorf("behind nginx: %q, want %q", got, want)
	}
	l := startLoad(t, 4, 4, url)
	s.install("version=2")
	s.must("reload")
	l.flows(s, 50)
	l.finish()
	l.checkLedger(s.dir)
	r.stop()
	r.gone()
}

func TestWithoutTrustNobodyIsBelieved(t *testing.T) {
	s := newSite(t, "version=1")
	for _, command := range [][]string{{"gateway", "--http", "127.0.0.1:0", "--workers", "1"}, {"run", "--listen", "127.0.0.1:0"}} {
		r := s.start(command...)
		got := clientBehind(t, nginxBefore(t, strings.TrimPrefix(r.url, "http://")))
		if !strings.HasPrefix(got, "127.0.0.1:") || !strings.Contains(got, " false 127.0.0.1 ") || strings.Contains(got, "203.0.113") {
			t.Errorf("%v: %q", command, got)
		}
		r.cmd.Process.Signal(syscall.SIGTERM)
		<-r.ended
	}
}

// TestRunBehindNginx: one process believes a trusted proxy, too.
func TestRunBehindNginx(t *testing.T) {
	s := newSite(t, "version=1")
	s.write("dram.toml", "[server]\ntrusted_proxies = [\"127.0.0.0/8\"]\n")
	r := s.start("run", "--listen", "127.0.0.1:0")
	got := clientBehind(t, nginxBefore(t, strings.TrimPrefix(r.url, "http://")))
	if want := "203.0.113.9:0 true board.example "; !strings.HasPrefix(got, want) {
		t.Errorf("behind nginx: %q, want %q", got, want)
	}
	r.cmd.Process.Signal(syscall.SIGTERM)
	<-r.ended
}
