// Package pgtest starts a PostgreSQL server for tests: one per test binary,
// when the first test asks for it, and a database of its own for each test.
//
//	func TestMain(m *testing.M) {
//		server := pgtest.New()
//		code := m.Run()
//		server.Stop()
//		os.Exit(code)
//	}
//
// The programs are those of Debian's package postgresql. The server listens on
// a socket below the temporary directory, syncs nothing to the disk, and dies
// with the test binary.
package pgtest

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Server is a server that is started when it is needed.
type Server struct {
	start     sync.Once
	err       error  // why there is none
	programs  string // their directory
	dir       string
	cmd       *exec.Cmd
	said      bytes.Buffer // what it logs, to be read when it has ended
	ended     chan struct{}
	databases atomic.Int64
}

// New describes a server. Nothing is started before the first URL.
func New() *Server { return &Server{ended: make(chan struct{})} }

// URL makes an empty database for the length of the test and returns its URL.
func (s *Server) URL(t testing.TB) string {
	t.Helper()
	s.start.Do(func() { s.err = s.run() })
	if s.err != nil {
		t.Fatal(s.err)
	}
	name := fmt.Sprintf("test_%d", s.databases.Add(1))
	s.exec(t, "CREATE DATABASE "+name)
	t.Cleanup(func() { s.exec(t, "DROP DATABASE "+name+" WITH (FORCE)") })
	return s.url(name)
}

// Missing returns the URL of a database that does not exist.
func (s *Server) Missing(t testing.TB) string {
	t.Helper()
	u, err := url.Parse(s.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(u.Path, "/") + "_missing"
	t.Cleanup(func() { s.exec(t, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })
	return s.url(name)
}

func (s *Server) url(name string) string {
	return "postgres://postgres@/" + name + "?host=" + url.QueryEscape(s.dir)
}

// exec runs a statement outside of the test's databases.
func (s *Server) exec(t testing.TB, statement string) {
	t.Helper()
	psql := exec.Command(filepath.Join(s.programs, "psql"), "--no-psqlrc", "--quiet", "--command", statement, s.url("postgres"))
	if out, err := psql.CombinedOutput(); err != nil {
		t.Fatalf("PostgreSQL for tests: %s: %v\n%s", statement, err, out)
	}
}

// Stop ends the server, if there is one, and removes its files.
func (s *Server) Stop() {
	if s.cmd != nil {
		_ = s.cmd.Process.Signal(syscall.SIGQUIT) // at once
		<-s.ended
	}
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
}

// run makes a cluster and starts its server.
func (s *Server) run() error {
	var err error
	if s.programs, err = programs(); err != nil {
		return err
	}
	if s.dir, err = os.MkdirTemp("", "dram-pg-"); err != nil {
		return err
	}
	attr, err := unprivileged(s.dir)
	if err != nil {
		return err
	}
	data := filepath.Join(s.dir, "data")
	initdb := exec.Command(filepath.Join(s.programs, "initdb"), "--pgdata", data, "--username", "postgres",
		"--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync")
	initdb.Dir, initdb.SysProcAttr = s.dir, attr
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("PostgreSQL for tests: initdb: %w\n%s", err, out)
	}
	s.cmd = exec.Command(filepath.Join(s.programs, "postgres"), "-D", data, "-k", s.dir,
		"-c", "listen_addresses=", "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off",
		"-c", "max_connections=300", "-c", "shared_buffers=32MB")
	s.cmd.Dir, s.cmd.SysProcAttr = s.dir, attr
	s.cmd.Stdout, s.cmd.Stderr = &s.said, &s.said
	if err := s.launch(); err != nil {
		s.cmd = nil
		return fmt.Errorf("PostgreSQL for tests: %w", err)
	}
	return s.ready()
}

// launch starts the server from a thread that lives as long as it does: the
// signal for the parent's death is sent when the thread ends that forked.
func (s *Server) launch() error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := s.cmd.Start()
		started <- err
		if err == nil {
			_ = s.cmd.Wait()
			close(s.ended)
		}
	}()
	return <-started
}

// ready waits until the server answers.
func (s *Server) ready() error {
	deadline := time.After(time.Minute)
	for {
		isReady := exec.Command(filepath.Join(s.programs, "pg_isready"), "--quiet", "--host", s.dir)
		if isReady.Run() == nil {
			return nil
		}
		select {
		case <-s.ended:
			return fmt.Errorf("PostgreSQL for tests ended:\n%s", s.said.String())
		case <-deadline:
			return errors.New("PostgreSQL for tests does not answer")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// programs returns the directory of the newest server that is installed.
func programs() (string, error) {
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path), nil
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		return "", errors.New("the tests need a PostgreSQL server, and there is none: " +
			"install the package postgresql (Debian: apt-get install postgresql)")
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(strings.Split(path, "/")[4])
		return n
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(newest), nil
}

// unprivileged says how to start the programs, which refuse to run as root:
// then they run as the user postgres (who owns dir), else as this one.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
	if os.Geteuid() != 0 {
		return attr, nil
	}
	who, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root, and the user of the package postgresql is missing: %w", err)
	}
	uid, err := strconv.ParseUint(who.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(who.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, os.Chown(dir, int(uid), int(gid))
}
