package chaos

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/dram-go/dram/runner/control"
	"github.com/dram-go/dram/runner/wire"
)

// The transcripts in testdata are what processes of an earlier Dram said to
// each other, recorded between a master and its children: a start, a reload, a
// stop. The normal deployment is a new worker under an old master, and after a
// rollback an old worker under a new one.

// line is one message of a transcript.
type line struct {
	From    string          `json:"from"`
	Message control.Message `json:"message"`
	Files   int             `json:"files"`
}

func readTranscript(path string) (lines []line, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	scan := bufio.NewScanner(f)
	for scan.Scan() {
		var l line
		if err := json.Unmarshal(scan.Bytes(), &l); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		lines = append(lines, l)
	}
	return lines, scan.Err()
}

// Missing scenario (f), first half: a worker and a front of today, to which
// the old master says what it said then.
func TestOldMaster(t *testing.T) {
	t.Parallel()
	for _, role := range []string{"worker", "front"} {
		t.Run(role, func(t *testing.T) {
			lines, err := readTranscript(filepath.Join("testdata", "transcripts", role+".jsonl"))
			if err != nil {
				t.Fatal(err)
			}
			m := startAsOldMaster(t, role)
			for _, l := range lines {
				if l.From == "master" {
					m.say(l)
				} else {
					m.hear(l.Message)
				}
			}
			if err := m.cmd.Wait(); err != nil {
				t.Errorf("the %s that was stopped: %v", role, err)
			}
		})
	}
}

// oldMaster speaks to one child.
type oldMaster struct {
	t     *testing.T
	cmd   *exec.Cmd
	conn  *control.Conn
	heard chan control.Message
	kept  []control.Message // heard, and not yet asked for
}

func startAsOldMaster(t *testing.T, role string) *oldMaster {
	s := newSite(t, "version=1")
	conn, theirs, err := control.Pair()
	if err != nil {
		t.Fatal(err)
	}
	life, ours, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close(); conn.Close() })
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := s.command("__" + role)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{theirs, log, life}
	if role == "front" {
		cmd.ExtraFiles = []*os.File{theirs, life}
	}
	if role == "worker" {
		cmd.Env = append(cmd.Env, "DRAM_WORKER=1")
	}
	cmd.Env = append(cmd.Env, "DRAM_ROLE="+role, "DRAM_CONTROL_FD=3", "DRAM_GENERATION=1",
		"DRAM_LIFELINE_FD="+strconv.Itoa(2+len(cmd.ExtraFiles)))
	if err := os.MkdirAll(filepath.Join(s.dir, ".dram", "run"), 0o700); err != nil {
		t.Fatal(err)
	}
	err = cmd.Start()
	for _, f := range []*os.File{theirs, life, log} {
		f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	m := &oldMaster{t: t, cmd: cmd, conn: conn, heard: make(chan control.Message, 100)}
	go func() {
		defer close(m.heard)
		for {
			msg, _, err := conn.Receive()
			if err != nil {
				return
			}
			m.heard <- msg
		}
	}()
	return m
}

// say sends a message with files of the kind that it had.
func (m *oldMaster) say(l line) {
	m.t.Helper()
	var files []*os.File
	for range l.Files {
		if l.Message.Kind == control.KindListen {
			files = append(files, m.listener())
			continue
		}
		ours, theirs, err := wire.Pair()
		if err != nil {
			m.t.Fatal(err)
		}
		m.t.Cleanup(func() { ours.Close() })
		files = append(files, theirs)
	}
	if err := m.conn.Send(l.Message.Kind, l.Message.Body, files...); err != nil {
		m.t.Fatalf("%s: %v", l.Message.Kind, err)
	}
	for _, f := range files {
		f.Close()
	}
}

func (m *oldMaster) listener() *os.File {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		m.t.Fatal(err)
	}
	defer l.Close()
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		m.t.Fatal(err)
	}
	return f
}

// hear waits for a message that says what this one said. Others that come
// before, the old master would not have known.
func (m *oldMaster) hear(want control.Message) {
	m.t.Helper()
	for i, got := range m.kept {
		if says(got, want) {
			m.kept = append(m.kept[:i], m.kept[i+1:]...)
			return
		}
	}
	limit := time.After(patience)
	for {
		select {
		case got, more := <-m.heard:
			if !more {
				m.t.Fatalf("it ended without having said %s %s", want.Kind, want.Body)
			}
			if says(got, want) {
				return
			}
			m.kept = append(m.kept, got)
		case <-limit:
			m.t.Fatalf("it never said %s %s; it said %s", want.Kind, want.Body, m.kept)
		}
	}
}

// says reports whether a message has the kind of another one and every field
// of it that does not depend on the process.
func says(got, want control.Message) bool {
	if got.Kind != want.Kind {
		return false
	}
	if want.Kind == control.KindHello {
		var g, w control.Hello
		return got.Decode(&g) == nil && want.Decode(&w) == nil &&
			g.Role == w.Role && g.Min <= w.Max && g.Max >= w.Min && g.Generation == w.Generation && g.Worker == w.Worker
	}
	var g, w map[string]any
	if len(want.Body) == 0 {
		return true
	}
	if got.Decode(&g) != nil || want.Decode(&w) != nil {
		return bytes.Equal(got.Body, want.Body)
	}
	for name, value := range w {
		if fmt.Sprint(g[name]) != fmt.Sprint(value) {
			return false
		}
	}
	return true
}

// Missing scenario (f), second half: a master of today and workers that say
// what the old ones said.
func TestOldWorkers(t *testing.T) {
	t.Parallel()
	transcript, err := filepath.Abs(filepath.Join("testdata", "transcripts", "worker.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, "version=1 transcript="+transcript)
	s.write("dram.toml", "[reload]\nprobe = \"\"\nsoak = \"0s\"\n")
	r := s.serve()
	before := r.settled(2)
	r.must("reload")
	after := r.settled(2)
	if after.Generation != before.Generation+1 || after.PID != before.PID {
		t.Errorf("was %+v, is %+v", before, after)
	}
	r.stop()
}

// playWorker is the process of an old worker: it says what the transcript has
// of it, and after that waits to be stopped. Messages that it does not know it
// skips, as the old one did.
func playWorker(transcript string) error {
	lines, err := readTranscript(transcript)
	if err != nil {
		return err
	}
	fd, err := strconv.Atoi(os.Getenv("DRAM_CONTROL_FD"))
	if err != nil {
		return err
	}
	conn, err := control.FromFile(os.NewFile(uintptr(fd), "control"))
	if err != nil {
		return err
	}
	var links []*os.File // they stay open as long as this process lives
	defer func() { closeAll(links) }()
	for _, l := range lines {
		if l.From == "master" {
			files, err := skipToKind(conn, l.Message.Kind)
			if err != nil {
				return err
			}
			links = append(links, files...)
			continue
		}
		body := l.Message.Body
		if l.Message.Kind == control.KindHello {
			var us control.Hello
			if err := l.Message.Decode(&us); err != nil {
				return err
			}
			us.PID = os.Getpid()
			us.Generation, _ = strconv.Atoi(os.Getenv("DRAM_GENERATION"))
			us.Worker, _ = strconv.Atoi(os.Getenv("DRAM_WORKER"))
			if body, err = json.Marshal(us); err != nil {
				return err
			}
		}
		if err := conn.Send(l.Message.Kind, body); err != nil {
			return err
		}
	}
	return nil
}

// skipToKind reads messages until one of this kind, and returns all files that
// came.
func skipToKind(conn *control.Conn, kind control.Kind) (links []*os.File, err error) {
	for {
		msg, files, err := conn.Receive()
		if err == io.EOF {
			return nil, fmt.Errorf("the master went away before it said %s", kind)
		}
		if err != nil {
			return nil, err
		}
		if links = append(links, files...); msg.Kind == kind {
			return links, nil
		}
	}
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}
