package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dram-go/dram/runner/load"
)

// peerVariable makes this test binary a server on net/http that inherits its
// listener and ends by Shutdown.
const peerVariable = "CHAOS_PEER"

// peer is a server that is reloaded under load.
type peer struct {
	name   string
	ledger bool
	start  func(s *site) (url string, reload func())
}

// TestReloadOfPeers does to other servers what TestReload does to ours. It
// fails for ours only; what becomes of the others is in the table.
func TestReloadOfPeers(t *testing.T) {
	if !*long {
		t.Skip("only in the long form: make chaos")
	}
	for _, p := range []peer{
		{"Dram", true, startDram}, {"net/http, Shutdown", true, startNetHTTP},
		{"nginx", false, startNginx}, {"gunicorn, Flask", true, startGunicorn},
	} {
		for _, think := range []time.Duration{0, time.Millisecond, 20 * time.Millisecond} {
			t.Run(fmt.Sprintf("%s, think %v", p.name, think), func(t *testing.T) {
				reloadPeer(t, p, think)
			})
		}
	}
}

func reloadPeer(t *testing.T, p peer, think time.Duration) {
	s := newSite(t, "version=0")
	url, reload := p.start(s)
	r := &tree{site: s, url: url}
	plan := r.plan(8, think)
	if !p.ledger {
		plan.Ledger = ""
	}
	l, err := load.Start(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Stop()
	b := &trial{t: t, loads: []*load.Load{l}}
	for range 10 {
		b.flows(200)
		reload()
	}
	b.flows(200)
	l.Stop()
	report, err := l.Wait()
	if err != nil {
		t.Error(err)
	}
	result := row{scenario: fmt.Sprintf("10 reloads: %s, think time %v", p.name, think)}
	result.add(report)
	record(result)
	t.Logf("%d requests, %d lost, %d duplicated, %d times 5xx, %d connections closed while idle, %v", result.requests, result.lost, result.duplicated, result.errors, result.cut, report.Failures)
	if p.name == "Dram" && (!report.OK() || result.errors > 0) {
		t.Errorf("%v %v %v", report.Statuses, report.Failures, report.Reasons)
	}
}

// TestLatencyDuringReload measures what reloads add to latencies at half of
// what the tree can do. It asserts nothing: the machine has other work too.
func TestLatencyDuringReload(t *testing.T) {
	if !*long {
		t.Skip("only in the long form: make chaos")
	}
	s := newSite(t, "version=0")
	r := s.serve()
	measure := func(p load.Plan, meanwhile func()) *load.Report {
		t.Helper()
		l, err := load.Start(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Stop()
		meanwhile()
		report, err := l.Wait()
		if err != nil {
			t.Fatal(err)
		}
		return report
	}
	full := r.plan(32, 0)
	full.Requests = 20_000
	half := r.plan(32, 0)
	half.Rate = measure(full, func() {}).Rate / 2
	half.Requests = int64(15 * half.Rate)
	calm := measure(half, func() {})
	reloaded := measure(half, func() {
		for range 5 {
			r.must("reload")
		}
	})
	for _, report := range []*load.Report{calm, reloaded} {
		if !report.OK() || report.Errors5xx() > 0 {
			t.Errorf("%v, %v", report.Statuses, report.Failures)
		}
	}
	t.Logf("at %.0f requests/s: p50 %v and p99 %v in calm, %v and %v during five reloads: %.1f times", half.Rate,
		calm.Latency.P50, calm.Latency.P99, reloaded.Latency.P50, reloaded.Latency.P99,
		float64(reloaded.Latency.P99)/float64(calm.Latency.P99))
	r.stop()
}

func startDram(s *site) (string, func()) {
	r := s.serve()
	return r.url, func() { r.must("reload") }
}

// startNetHTTP hands a listener from process to process.
func startNetHTTP(s *site) (string, func()) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		s.t.Fatal(err)
	}
	l.Close()
	s.t.Cleanup(func() { file.Close() })
	begin := func() *exec.Cmd {
		cmd := exec.Command(s.binary)
		cmd.Dir, cmd.Env, cmd.ExtraFiles = s.dir, []string{peerVariable + "=1"}, []*os.File{file}
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			s.t.Fatal(err)
		}
		out.Read(make([]byte, 1)) // it serves
		return cmd
	}
	end := func(cmd *exec.Cmd) {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
	}
	now := begin()
	s.t.Cleanup(func() { end(now) })
	return "http://" + l.Addr().String(), func() {
		before := now
		now = begin()
		end(before)
	}
}

// serveAsPeer is the process that startNetHTTP starts.
func serveAsPeer() error {
	l, err := net.FileListener(os.NewFile(3, "listener"))
	if err != nil {
		return err
	}
	a, err := newApp(nil)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	server, ended := &http.Server{Handler: a}, make(chan error)
	context.AfterFunc(ctx, func() { ended <- server.Shutdown(context.Background()) })
	fmt.Println("serving")
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-ended
}

// freePort is one that stays free while nobody listens: the kernel gives those
// from 32768 on to whoever connects somewhere.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		port := strconv.Itoa(10_000 + rand.IntN(22_000))
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return ""
}

// startPeer starts a foreign server and waits until it answers.
func startPeer(s *site, url string, command ...string) *exec.Cmd {
	path, err := exec.LookPath(command[0])
	if err != nil {
		s.t.Skipf("%s is not installed", command[0])
	}
	cmd := exec.Command(path, command[1:]...)
	cmd.Dir = s.dir
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
	})
	s.await(command[0]+" answers", func() bool {
		_, err := (&tree{site: s, url: url}).fetch("/")
		return err == nil
	})
	return cmd
}

// reloadByHangup sends HUP and waits until all children are others.
func reloadByHangup(s *site, cmd *exec.Cmd) {
	before := childrenOf(cmd.Process.Pid)
	cmd.Process.Signal(syscall.SIGHUP)
	s.await("the workers are others", func() bool {
		now := childrenOf(cmd.Process.Pid)
		return len(now) > 0 && !slices.ContainsFunc(now, func(pid string) bool { return slices.Contains(before, pid) })
	})
}

func childrenOf(pid int) []string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	return strings.Fields(string(text))
}

func startNginx(s *site) (string, func()) {
	port := freePort(s.t)
	conf := filepath.Join(s.dir, "nginx.conf")
	s.write("nginx.conf", `daemon off; worker_processes 2; pid `+s.dir+`/nginx.pid; error_log `+s.dir+`/nginx.err;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 1000000000; client_body_temp_path `+s.dir+`/body;
  server { listen 127.0.0.1:`+port+`; location / { return 200 "version 0\n"; } }
}
`)
	url := "http://127.0.0.1:" + port
	cmd := startPeer(s, url, "nginx", "-c", conf, "-p", s.dir, "-e", s.dir+"/nginx.err")
	return url, func() { reloadByHangup(s, cmd) }
}

func startGunicorn(s *site) (string, func()) {
	if out, err := exec.Command("/usr/bin/python3", "-c", "import flask").CombinedOutput(); err != nil {
		s.t.Skipf("python3-flask is not installed: %s", out)
	}
	s.write("peer.py", `
import os
from flask import Flask, Response, request
app = Flask(__name__)

@app.get("/")
def page():
    return "version 0\n" + "x" * 5000

@app.route("/count", methods=["GET", "POST"])
def count():
    if request.method == "POST":
        fd = os.open("ledger", os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)
        os.write(fd, (request.form["id"] + "\n").encode())
        os.close(fd)
        return "", 204
    with open("ledger") as f:
        return Response(f.read(), content_type="text/plain")
`)
	port := freePort(s.t)
	url := "http://127.0.0.1:" + port
	cmd := startPeer(s, url, "gunicorn", "--bind", "127.0.0.1:"+port, "--worker-class", "gthread", "--workers", "2", "--threads", "4", "--keep-alive", "75", "--log-level", "error", "peer:app")
	return url, func() { reloadByHangup(s, cmd) }
}
