package stack

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/dram-go/dram/cmd/peerbench/apps"
)

// PageApp and BoardApp are apps of this binary, for Proxy.
func PageApp() []string { return []string{apps.Variable + "=page"} }

// BoardApp is the list of questions on Gin.
func BoardApp(database string) []string {
	return []string{apps.Variable + "=board", apps.Database + "=" + database}
}

func (s *Stack) startGo(socket string, env []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if _, err := s.start("app", append(env, apps.Socket+"="+socket), self); err != nil {
		return err
	}
	return s.listening(socket)
}

// startFlask starts gunicorn as its documentation advises: 2 × processors + 1
// workers.
func (s *Stack) startFlask(socket, database string) error {
	gunicorn, err := find("gunicorn")
	if err != nil {
		return err
	}
	python, err := find("python3")
	if err != nil {
		return err
	}
	if exec.Command(python, "-c", "import flask").Run() != nil {
		return &Missing{"python3-flask"}
	}
	if err := apps.WriteFlask(s.dir); err != nil {
		return err
	}
	workers := strconv.Itoa(2*runtime.NumCPU() + 1)
	_, err = s.start("gunicorn", []string{apps.Database + "=" + database}, python, gunicorn,
		"--workers", workers, "--bind", "unix:"+socket, "--umask", "0", "board:app")
	if err != nil {
		return err
	}
	return s.listening(socket)
}

// listening waits until somebody accepts on a unix socket.
func (s *Stack) listening(socket string) error {
	deadline := time.Now().Add(boot)
	for {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			return conn.Close()
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s: nobody listens on %s: %w\n%s", s.Name, filepath.Base(socket), err, s.lastWords())
		}
		time.Sleep(20 * time.Millisecond)
	}
}
