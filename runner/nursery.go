package runner

import (
	"os/exec"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// nursery knows which processes this one has started. As PID 1 of a container
// it also inherits those whose parents have died, and must take their end to
// notice, or they stay as zombies; but not the end of its own, which os/exec
// waits for. A nil one knows nothing, and is enough for any other PID.
type nursery struct {
	mu  sync.Mutex
	own map[int]bool
}

// start starts a process of our own. The lock is held over it, so that its end
// cannot come before it is known.
func (n *nursery) start(cmd *exec.Cmd) error {
	if n == nil {
		return cmd.Start()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := cmd.Start(); err != nil {
		return err
	}
	if n.own == nil {
		n.own = map[int]bool{}
	}
	n.own[cmd.Process.Pid] = true
	return nil
}

// wait waits for its end.
func (n *nursery) wait(cmd *exec.Cmd) error {
	err := cmd.Wait()
	if n == nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.own, cmd.Process.Pid)
	return err
}

// reap takes the end of strangers to notice and returns how many there were.
// It looks first (WNOWAIT) and stops at one of our own: it is waited for soon,
// and then the next call goes on.
func (n *nursery) reap() (reaped int) {
	for {
		pid := endedChild()
		if pid == 0 {
			return reaped
		}
		n.mu.Lock()
		if n.own[pid] {
			n.mu.Unlock()
			return reaped
		}
		_, err := unix.Wait4(pid, nil, unix.WNOHANG, nil)
		n.mu.Unlock()
		if err != nil {
			return reaped
		}
		reaped++
	}
}

// endedChild is the pid of a child that has ended and nobody has waited for, 0
// when there is none; it stays so (waitid(2)).
func endedChild() int {
	var info unix.Siginfo
	err := unix.Waitid(unix.P_ALL, 0, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
	if err != nil || info.Signo == 0 {
		return 0
	}
	return int((*childInfo)(unsafe.Pointer(&info)).pid)
}

// words is how many 32-bit words a pointer has.
const words = unsafe.Sizeof(uintptr(0)) / 4

// childInfo is what siginfo_t holds of a child (sigaction(2)): three numbers
// and, aligned as a pointer is, the pid.
type childInfo struct {
	_   [3]int32
	_   [(words - 3%words) % words]int32
	pid int32
}
