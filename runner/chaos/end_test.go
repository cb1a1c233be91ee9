package chaos

import (
	"net"
	"os"
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

// Missing scenario (b): the master is killed. Its processes answer whoever is
// connected, say goodbye and end, while the next master serves at the same
// address already.
func TestKilledMaster(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	address := "127.0.0.1:" + freePort(t)
	r := s.serve("--listen", address)
	b := r.begin(r.plan(4, 0), r.plan(8, time.Millisecond), r.plan(24, 20*time.Millisecond), r.strangers())
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
	b.finish(budget{refused: many}) // nobody listened for a moment
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
	r.must("stop")
	<-r.ended
	r = s.serveAt(socket)
	b.flows(100)
	b.finish(budget{})
	s.await("the orphans are gone", func() bool { return len(s.processes()) == 4 })
	r.stop()
}

// serveAt starts the app as a service manager does that has opened its socket.
func (s *site) serveAt(socket *os.File) *tree {
	s.t.Helper()
	cmd := s.command("serve")
	cmd.Path, cmd.Args = "/bin/sh", append([]string{"sh", "-c", `LISTEN_PID=$$ exec "$0" "$@"`}, cmd.Args...)
	cmd.Env = append(cmd.Env, "LISTEN_FDS=1")
	cmd.ExtraFiles = []*os.File{socket}
	cmd.Stderr = s.openLog()
	return s.run(cmd)
}

// A stop under load: who is connected is answered, with a goodbye, and who was
// about to connect is answered or refused.
func TestStop(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	address := "127.0.0.1:" + freePort(t)
	r := s.serve("--listen", address)
	b := r.begin(r.plan(4, 0), r.plan(8, time.Millisecond), r.plan(24, 20*time.Millisecond), r.strangers())
	for range times(3, 30) {
		b.flows(100)
		r.stop()
		r = s.serve("--listen", address)
	}
	b.flows(100)
	b.finish(budget{refused: many}) // nobody listened for a moment
	r.stop()
}
