package runner

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
	"github.com/dram-go/dram/runner/logqueue"
)

// accessLog is the file that fronts write a line to for each request. The
// master opens it, for it may have rights that a front has not, and a front that
// replaces another goes on where that one was.
type accessLog struct {
	path   string   // "": standard error
	file   *os.File // nil: standard error
	number int      // of the last move
	moved  map[int]int
}

// accessPath is the file that a configuration wants.
func accessPath(conf *config.Config) string {
	if conf.Log.AccessFile == "" {
		return ""
	}
	return conf.Path(conf.Log.AccessFile)
}

// openAccessLog opens the file that a configuration wants; nil when it wants
// none.
func openAccessLog(conf *config.Config) (*os.File, error) {
	path := accessPath(conf)
	if path == "" {
		return nil, nil
	}
	f, err := logqueue.OpenFile(path)
	if err != nil {
		return nil, accessFault(conf, err)
	}
	return f, nil
}

// accessFault says why the file of log.access_file cannot be written to.
func accessFault(conf *config.Config, err error) error {
	path := accessPath(conf)
	why := fmt.Sprintf("%s cannot be written to: %v: name another file", path, reason(err))
	switch dir := filepath.Dir(path); {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		why = fmt.Sprintf("there is no directory %s: make it (mkdir -p %s), or name another file", dir, dir)
	case errors.Is(err, fs.ErrPermission):
		why = fmt.Sprintf("%s cannot be written to by this user: give it the file or the directory, or name another file", path)
	}
	return fmt.Errorf("%s: log.access_file: %s", whereOf(conf, "log.access_file"), why)
}

// reason is the cause of an error without the operation and the path before it.
func reason(err error) error {
	var number syscall.Errno
	if errors.As(err, &number) {
		return number
	}
	return err
}

// tryAccessLog says what would hinder that file.
func tryAccessLog(conf *config.Config) error {
	f, err := openAccessLog(conf)
	if f != nil {
		f.Close()
	}
	return err
}

// moveAccessLog opens the file of a configuration anew and sends it to our own
// fronts. If that fails, they go on with the one before.
func (m *master) moveAccessLog(conf *config.Config) error {
	file, err := openAccessLog(conf)
	if err != nil {
		return err
	}
	if m.access.file != nil {
		m.access.file.Close()
	}
	m.access.path, m.access.file = accessPath(conf), file
	m.access.number++
	for n := range m.fronts {
		m.sendAccessLog(n)
	}
	return nil
}

// sendAccessLog gives a front of our own the file.
func (m *master) sendAccessLog(n int) {
	peer := m.peers[n]
	if peer == nil || m.fronts[n] == nil {
		return // it gets it when it has said hello; one that runs apart opens its own
	}
	var files []*os.File
	if m.access.file != nil {
		copied, err := duplicate(m.access.file)
		if err != nil {
			m.log.Error("cannot pass the access log to the front", "err", err)
			return
		}
		files = append(files, copied)
	}
	peer.send(control.KindAccess, control.Access{Number: m.access.number}, files...)
}

// followAccessLog takes over another file that new settings name.
func (m *master) followAccessLog(conf *config.Config) {
	if accessPath(conf) == m.access.path {
		return
	}
	if err := m.moveAccessLog(conf); err != nil {
		m.log.Error("the access log stays where it was", "err", err)
	}
}

// reopenLogs opens the log files anew, after logrotate has renamed them.
func (m *master) reopenLogs(why string) error {
	if m.access.path == "" {
		m.log.Info("there are no log files to open anew, logs go to standard error (log.access_file names one)", "why", why)
		return nil
	}
	if err := m.moveAccessLog(m.serving); err != nil {
		m.log.Error("the access log stays in the file that it was in", "err", err)
		return err
	}
	m.log.Info("log files opened anew", "why", why, "access", m.access.path)
	return nil
}

// reopenLimit is how long a front may take to leave a log file.
const reopenLimit = 10 * time.Second

// reopenRequest is the command logs reopen: it ends when nobody writes to the
// old files any more, so that they can be compressed.
func (m *master) reopenRequest(p *peer) {
	if err := m.reopenLogs("command logs reopen"); err != nil {
		answer(p, control.Result{ExitCode: exitRefused, Text: err.Error()})
		return
	}
	if m.access.path == "" {
		answer(p, control.Result{Text: "there are no log files; logs go to standard error (log.access_file names one)"})
		return
	}
	number := m.access.number
	m.when(reopenLimit, func() bool { return m.allMoved(number) }, func(ok bool) {
		if !ok {
			answer(p, control.Result{ExitCode: exitTimeout, Text: "a front has not left the old log file yet; look at status"})
			return
		}
		answer(p, control.Result{Text: "the access log is in a new file: " + m.access.path})
	})
}

// allMoved reports that our own fronts have left the file before.
func (m *master) allMoved(number int) bool {
	for n := range m.fronts {
		if m.peers[n] != nil && m.access.moved[n] < number {
			return false
		}
	}
	return true
}
