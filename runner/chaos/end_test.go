package chaos

import (
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/dram-go/dram/runner/load"
)

// strangers are clients that come anew for each request.
func (r *tree) strangers() load.Plan {
	p := r.plan(8, 5*time.Millisecond)
	p.New = true
	return p
}

// finishButRefused ends a load while which nobody listened for a moment. Who
// was refused then knows that nothing was done; nothing else may be lost.
func (b *trial) finishButRefused() {
	b.t.Helper()
	b.finish(budget{lost: 1 << 30})
	for _, l := range b.loads {
		report, _ := l.Wait()
		if lost := report.Lost - report.Failures[load.Refused]; lost > 0 || report.Connections.Dropped > 0 {
			b.t.Errorf("%d connections, think time %v: %d requests lost, %d connections closed without a goodbye: %v",
				report.Plan.Connections, report.Plan.Think, lost, report.Connections.Dropped, report.Failures)
		}
	}
}

// Missing scenario (b): the master is killed. Its processes answer whoever is
// connected, say goodbye and end, while the next master serves at the same
// address already.
func TestKilledMaster(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.serve()
	b := r.begin(r.plan(4, 0), r.plan(8, time.Millisecond), r.plan(24, 20*time.Millisecond), r.strangers())
	address := strings.TrimPrefix(r.url, "http://")
	for range times(2, 20) {
		inFlight := make(chan error, 1)
		go func() {
			_, err := r.fetch("/until/later")
			inFlight <- err
		}()
		s.await("the request has begun", func() bool { return s.exists("later.begun") })
		idle := r.dial("")
		b.flows(100)
		r.cmd.Process.Kill()
		<-r.ended
		r = s.serve("--listen", address)
		b.flows(100)
		s.write("later", "")
		if err := <-inFlight; err != nil {
			t.Errorf("the request that ran while the master died: %v", err)
		}
		idle.Close()
		s.await("the orphans are gone", func() bool { return len(s.processes()) == 4 })
		s.remove("later")
		s.remove("later.begun")
	}
	b.finishButRefused()
	r.stop()
}

// Missing scenario (b) where a service manager holds the socket: nobody is
// even refused.
func TestKilledMasterBehindSocket(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	socket, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	r := s.serveAt(socket)
	b := r.begin(r.plan(4, 0), r.plan(8, time.Millisecond), r.plan(24, 20*time.Millisecond), r.strangers())
	for range times(2, 20) {
		b.flows(100)
		r.cmd.Process.Kill()
		<-r.ended
		r = s.serveAt(socket)
	}
	b.flows(100)
	b.stopBy(r)
	r = s.serveAt(socket)
	b.flows(100)
	if row := b.finish(budget{}); row.cut > 0 {
		t.Errorf("%d connections were closed without a goodbye", row.cut)
	}
	s.await("the orphans are gone", func() bool { return len(s.processes()) == 4 })
	r.stop()
}

// stopBy ends a tree under load.
func (b *trial) stopBy(r *tree) {
	b.t.Helper()
	r.must("stop")
	<-r.ended
}

// serveAt starts the app as a service manager does that has opened its socket.
func (s *site) serveAt(socket *os.File) *tree {
	s.t.Helper()
	cmd := s.command("serve")
	cmd.Path, cmd.Args = "/bin/sh", append([]string{"sh", "-c", `LISTEN_PID=$$ exec "$0" "$@"`}, cmd.Args...)
	cmd.Env = append(cmd.Env, "LISTEN_FDS=1")
	cmd.ExtraFiles = []*os.File{socket}
	log, err := os.OpenFile(s.dir+"/log", os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	cmd.Stderr = log
	return s.run(cmd)
}

// A stop under load: who is connected is answered, with a goodbye, and who was
// about to connect is answered or refused.
func TestStop(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.serve()
	b := r.begin(r.plan(4, 0), r.plan(8, time.Millisecond), r.plan(24, 20*time.Millisecond), r.strangers())
	address := strings.TrimPrefix(r.url, "http://")
	for range times(3, 30) {
		b.flows(100)
		r.stop()
		r = s.serve("--listen", address)
	}
	b.flows(100)
	b.finishButRefused()
	r.stop()
}
