package runner

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// notifier tells the service manager that started us how we are, as sd_notify(3)
// of systemd does. A nil one has nobody to tell.
type notifier struct {
	conn     *net.UnixConn
	watchdog time.Duration // how often it wants a sign of life; 0: not at all
	fed      time.Time
	said     string // the last STATUS
}

// newNotifier reads the environment that sd_notify(3) and
// sd_watchdog_enabled(3) describe.
func newNotifier(environ func(string) string, pid int) (*notifier, error) {
	path := environ("NOTIFY_SOCKET")
	if path == "" {
		return nil, nil
	}
	if path[0] != '/' && path[0] != '@' {
		return nil, fmt.Errorf("NOTIFY_SOCKET is %q, expected a path or @NAME", path)
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return nil, fmt.Errorf("NOTIFY_SOCKET: %w", err)
	}
	n := &notifier{conn: conn}
	if forUs := environ("WATCHDOG_PID"); forUs == "" || forUs == strconv.Itoa(pid) {
		if usec, err := strconv.ParseInt(environ("WATCHDOG_USEC"), 10, 64); err == nil && usec > 0 {
			n.watchdog = time.Duration(usec) * time.Microsecond / 2
		}
	}
	return n, nil
}

// send says lines of the form NAME=VALUE. A manager that does not listen is
// its own problem.
func (n *notifier) send(lines ...string) {
	if n == nil {
		return
	}
	_, _ = n.conn.Write([]byte(strings.Join(lines, "\n")))
}

func (n *notifier) ready()    { n.send("READY=1") }
func (n *notifier) stopping() { n.send("STOPPING=1") }

// reloading announces a reload; ready ends it. The manager wants to know when
// it began (Type=notify-reload, systemd.service(5)).
func (n *notifier) reloading() {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return // this clock always is
	}
	n.send("RELOADING=1", fmt.Sprintf("MONOTONIC_USEC=%d", now.Nano()/1000))
}

// status says in a line for `systemctl status` how the app is, when that has
// changed.
func (n *notifier) status(text string) {
	if n == nil || text == n.said {
		return
	}
	n.said = text
	n.send("STATUS=" + strings.ReplaceAll(text, "\n", " "))
}

// feed gives the watchdog its sign of life, when one is due and deserved.
func (n *notifier) feed(now time.Time, deserved bool) {
	if n == nil || n.watchdog == 0 || !deserved || now.Sub(n.fed) < n.watchdog {
		return
	}
	n.fed = now
	n.send("WATCHDOG=1")
}

// interval is how often feed wants to be called.
func (n *notifier) interval(otherwise time.Duration) time.Duration {
	if n == nil || n.watchdog == 0 {
		return otherwise
	}
	return min(otherwise, max(n.watchdog/2, 10*time.Millisecond))
}

// lively reports that a restart of everything would not help: a worker has
// beaten lately, or its breaker deals with an app that is broken, or something
// is under way that has limits of its own.
func (s *state) lively(now time.Time) bool {
	if s.stop != serving || s.rollout != nil || s.tripped() || s.target == 0 {
		return true
	}
	for _, w := range s.workers {
		if w.serves() && now.Sub(w.BeatAt) < s.limits.Heartbeat || w.Phase == starting {
			return true
		}
	}
	for n := 1; n <= s.target; n++ {
		if !s.filled(n) {
			return true // it waits for its next try
		}
	}
	return false
}

// summary is the app in one line.
func (s *state) summary() string {
	count := 0
	for _, w := range s.workers {
		if w.serves() {
			count++
		}
	}
	text := fmt.Sprintf("%s: generation %d, %d of %d workers", s.health(), s.generation, count, s.target)
	if s.maintenance != nil {
		text += "; closed for maintenance"
	}
	if r := s.rollout; r != nil && !r.First {
		text += fmt.Sprintf("; reload to generation %d: %s", r.Generation, r.step())
	}
	return text
}

// socketActivation returns the listening sockets that a service manager has
// opened for us (sd_listen_fds(3)), none when it has not, in blocking mode as
// our own: for the addresses of server.listen, then of tls.listen, in their
// order. The app keeps it over restarts, so nobody is refused meanwhile.
func socketActivation(environ func(string) string, pid int) ([]*os.File, error) {
	if environ("LISTEN_PID") != strconv.Itoa(pid) {
		return nil, nil // not for us
	}
	count, err := strconv.Atoi(environ("LISTEN_FDS"))
	if err != nil || count < 1 {
		return nil, fmt.Errorf("LISTEN_FDS is %q, expected a number of sockets", environ("LISTEN_FDS"))
	}
	var list []*os.File
	for i := range count {
		f, err := adoptListener(firstPassed + i)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	return list, nil
}

// firstPassed is SD_LISTEN_FDS_START of sd_listen_fds(3).
const firstPassed = 3

// adoptListener takes an inherited listening socket over.
func adoptListener(fd int) (*os.File, error) {
	unix.CloseOnExec(fd)
	if listens, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN); err != nil || listens == 0 {
		return nil, fmt.Errorf("descriptor %d, which LISTEN_FDS names, is no listening socket (Accept=no in the socket unit)", fd)
	}
	if err := unix.SetNonblock(fd, false); err != nil {
		return nil, fmt.Errorf("descriptor %d: %w", fd, err)
	}
	return os.NewFile(uintptr(fd), "listener"), nil
}
