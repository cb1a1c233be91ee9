package runner

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
)

// descriptors is how many files a process has open.
func descriptors(t *testing.T, pid int) int {
	t.Helper()
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

// frame is a control frame with any payload.
func frame(payload string) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(payload))), payload...)
}

// Whatever is said at the control socket, and however slowly, the master serves
// on, hears commands, and closes what it was connected to.
func TestHostileControlConnections(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.start("serve", "--listen", "127.0.0.1:0", "--workers", "1")
	master := r.cmd.Process.Pid
	before := descriptors(t, master)
	const hello = `{"kind":"hello","body":{"role":"cli","min":1,"max":9}}`
	as := func(role string) string { return strings.Replace(hello, "cli", role, 1) }
	path := filepath.Join(config.Default(s.dir).RunDir(), control.SocketName)
	var open []*net.UnixConn
	for name, messages := range map[string][][]byte{
		"another protocol":       {[]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")},
		"a length without end":   {{0xff, 0xff, 0xff, 0xff}},
		"half a length":          {{0}},
		"half a message":         {frame(hello)[:20]},
		"no JSON":                {frame(strings.Repeat("[", 1000))},
		"deep JSON":              {frame(strings.Repeat(`{"body":`, 20000))},
		"a hello of numbers":     {frame(`{"kind":"hello","body":[1,2]}`)},
		"a version of tomorrow":  {frame(strings.Replace(hello, `"min":1,"max":9`, `"min":8,"max":9`, 1))},
		"a worker from outside":  {frame(as("worker")), frame(`{"kind":"ready"}`)},
		"no role":                {frame(as(""))},
		"half a request":         {frame(hello), frame(`{"kind":"request","body":{"verb":"stop"}}`)[:12]},
		"a request of numbers":   {frame(hello), frame(`{"kind":"request","body":{"verb":17}}`)},
		"a beat for a request":   {frame(hello), frame(`{"kind":"beat"}`)},
		"a verb that is none":    {frame(hello), frame(`{"kind":"request","body":{"verb":"__stop"}}`)},
		"a worker that is none":  {frame(hello), frame(`{"kind":"request","body":{"verb":"dump","args":["-1"]}}`)},
		"a scale beyond reason":  {frame(hello), frame(`{"kind":"request","body":{"verb":"scale","args":["99999999999999999999"]}}`)},
		"a delay below zero":     {frame(hello), frame(`{"kind":"request","body":{"verb":"drain","args":["-1s"]}}`)},
		"a front that lies":      {frame(as("front")), frame(`{"kind":"ack","body":{"revision":18446744073709551615}}`), frame(`{"kind":"idle","body":{"worker":1}}`), frame(`{"kind":"probed","body":{"worker":99}}`)},
		"a front with rubbish":   {frame(as("front")), []byte("\x00\x00\x00\x02{]")},
		"a status, but no ears":  {frame(hello), frame(`{"kind":"request","body":{"verb":"status"}}`)},
		"a reload that goes off": {frame(hello), frame(`{"kind":"request","body":{"verb":"rollback"}}`)},
	} {
		conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		open = append(open, conn)
		if _, err := conn.Write(bytes.Join(messages, nil)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Files that nobody asked for.
	rights := make([]int, 100)
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, _, err := conn.WriteMsgUnix(frame(hello), unix.UnixRights(rights...), nil); err != nil {
		t.Fatal(err)
	}
	if st := s.status(); st.State != "serving" || len(st.Workers) != 1 || st.PID != master {
		t.Fatalf("status %+v", st)
	}
	if got := r.get("/"); got != "version 1" {
		t.Fatal(got)
	}
	for _, c := range open { // the front that lies is a front as long as it stays
		c.SetReadDeadline(time.Now().Add(2 * helloLimit))
		if _, err := c.Read(make([]byte, 1<<20)); err != nil {
			continue
		}
	}
	for _, c := range open {
		c.Close()
	}
	s.await("the master has closed them all", func() bool { return descriptors(t, master) <= before })
	s.install("version=2")
	r.must("reload")
	r.stop()
}

// A worker that says what nobody understands is replaced, and the log says why.
func TestWorkerThatSpeaksGarbage(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.start("serve", "--listen", "127.0.0.1:0", "--workers", "2")
	before := s.status()
	if resp, err := http.Post(r.url+"/garbage", "", nil); err == nil {
		resp.Body.Close()
	}
	s.await("it is replaced", func() bool {
		st := s.status()
		return st.State == "serving" && st.Workers[0].PID+st.Workers[1].PID != before.Workers[0].PID+before.Workers[1].PID
	})
	if text := r.logText(); !strings.Contains(text, "ended: it does not keep to the control protocol: control: frame of") {
		t.Error("the log does not say why")
	}
	if got := r.get("/"); got != "version 1" {
		t.Fatal(got)
	}
	r.stop()
}

// A command that does not read its answer is given up.
func TestAnswerThatNobodyReads(t *testing.T) {
	ours, theirs, err := control.Pair()
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	p := startPeer(ours, time.Millisecond)
	for range 8 { // more than a socket takes
		p.send(control.KindProgress, control.Progress{Text: strings.Repeat("x", 512<<10)})
	}
	p.close()
	select {
	case <-p.done:
	case <-time.After(patience):
		t.Fatal("the master still waits for it")
	}
}

// Several masters that start at once: one serves.
func TestMastersThatStartAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	const masters = 4
	codes, outs := make([]int, masters), make([]string, masters)
	var all sync.WaitGroup
	for i := range masters {
		all.Go(func() {
			cmd := s.command("serve", "--listen", "127.0.0.1:0", "--workers", "1")
			var out shown
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Start(); err != nil {
				t.Error(err)
				return
			}
			cmd.Wait()
			codes[i], outs[i] = cmd.ProcessState.ExitCode(), out.all()
		})
	}
	s.await("one serves", func() bool { _, code := s.call("status"); return code == exitOK })
	s.await("it has started", func() bool { return s.status().State == "serving" })
	s.must("stop")
	all.Wait()
	served := 0
	for i, code := range codes {
		switch {
		case code == exitOK:
			served++
		case code != exitUsage || !strings.Contains(outs[i], "already running"):
			t.Errorf("exit code %d\n%s", code, outs[i])
		}
	}
	if served != 1 {
		t.Errorf("%d masters served", served)
	}
}

// The lock's file is removed, and another master starts: it is the one that
// commands talk to, and the first does not fight for the socket. When the other
// one ends, the first is there again.
func TestRemovedLock(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	first := s.start("serve", "--listen", "127.0.0.1:0", "--workers", "1")
	if err := os.Remove(filepath.Join(s.dir, ".dram", "master.lock")); err != nil {
		t.Fatal(err)
	}
	// Before the first one notices; it looks every control.Beat.
	out, code := "", exitOK
	second, lines := s.launch("serve", "--listen", "127.0.0.1:0", "--workers", "1")
	select {
	case out = <-lines:
	case <-second.ended:
		out, code = second.logText(), exitUsage
	}
	if code != exitOK { // it was faster, and that is as good
		if !strings.Contains(out, "already running") {
			t.Fatal(out)
		}
		first.stop()
		return
	}
	s.await("the first one has noticed", func() bool {
		return strings.Contains(first.logText(), "commands cannot reach this master") && strings.Contains(first.logText(), "already running")
	})
	if pid := s.status().PID; pid != second.cmd.Process.Pid {
		t.Errorf("commands reach %d, expected the second master, %d", pid, second.cmd.Process.Pid)
	}
	s.must("stop")
	<-second.ended
	s.await("the first one is reachable again", func() bool { _, code := s.call("status"); return code == exitOK })
	if pid := s.status().PID; pid != first.cmd.Process.Pid {
		t.Errorf("commands reach %d, expected the first master, %d", pid, first.cmd.Process.Pid)
	}
	first.stop()
}

// A deployment that has lost its settings must not serve by the defaults: their
// database is another.
func TestReloadWithoutItsSettings(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	s.write("dram.toml", "[locale]\ndefault = \"ko\"\n")
	r := s.start("serve", "--listen", "127.0.0.1:0", "--workers", "1")
	if err := os.Remove(filepath.Join(s.dir, "dram.toml")); err != nil {
		t.Fatal(err)
	}
	if out, code := s.call("reload"); code != exitRefused || !strings.Contains(out, "dram.toml is gone, and the app was running by it") {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	if got := r.get("/settings"); !strings.HasSuffix(got, " ko") {
		t.Fatalf("it serves by %q", got)
	}
	s.write("dram.toml", "")
	r.must("reload")
	r.stop()
}

// Somebody removes the copies that processes are started from: the log says
// what helps, and it does.
func TestRemovedStateDirectory(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.start("serve", "--listen", "127.0.0.1:0", "--workers", "1")
	worker := s.status().Workers[0].PID
	if err := os.RemoveAll(filepath.Join(s.dir, ".dram", "state")); err != nil {
		t.Fatal(err)
	}
	if err := unix.Kill(worker, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.await("the log says what helps", func() bool {
		return strings.Contains(r.logText(), "the kept copy of its binary is gone; reload makes it anew")
	})
	r.must("reload")
	if got := r.get("/"); got != "version 1" {
		t.Fatal(got)
	}
	r.stop()
}
