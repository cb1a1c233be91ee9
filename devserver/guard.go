package devserver

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
)

// guardScript reads lines and, when its standard input ends because this
// process is gone, ends the process groups that are left. "kill GROUP"
// registers a group that is killed at once, "wait GROUP" one that has a second
// to end by itself, "gone GROUP" takes either back. It ignores the signals of
// a terminal and lives in a group of its own.
const guardScript = `trap '' INT TERM HUP QUIT
hard=' ' soft=' '
while read -r op group; do
	case $op in
	kill) hard="$hard$group " ;;
	wait) soft="$soft$group " ;;
	gone)
		case $hard in *" $group "*) hard="${hard%% $group *} ${hard#* $group }" ;; esac
		case $soft in *" $group "*) soft="${soft%% $group *} ${soft#* $group }" ;; esac
	esac
done
for group in $hard; do kill -KILL "-$group"; done 2>/dev/null
[ "$soft" = ' ' ] && exit
sleep 1
for group in $soft; do kill -KILL "-$group"; done 2>/dev/null
exit 0`

// guard is a tiny process that outlives this one by a moment, to end what it
// leaves behind when it is killed with SIGKILL and can do nothing itself. The
// app has its lifeline; air and go build, which are not ours, have this.
//
// A nil guard does nothing: without a shell there is no guard.
type guard struct {
	mu    sync.Mutex
	stdin io.WriteCloser
	cmd   *exec.Cmd
}

// startGuard starts the guard, or returns nil where there is no shell.
func startGuard() *guard {
	cmd := exec.Command("/bin/sh", "-c", guardScript)
	cmd.Dir = os.TempDir()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil || cmd.Start() != nil {
		return nil
	}
	return &guard{stdin: stdin, cmd: cmd}
}

// add registers a process group. With grace it has a second to end by itself.
func (g *guard) add(group int, grace bool) {
	if grace {
		g.tell("wait", group)
		return
	}
	g.tell("kill", group)
}

// remove takes back a group that has ended.
func (g *guard) remove(group int) { g.tell("gone", group) }

func (g *guard) tell(op string, group int) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	fmt.Fprintf(g.stdin, "%s %d\n", op, group) // an error: it was killed, nothing to do
}

// close ends the guard, which kills what is still registered.
func (g *guard) close() {
	if g == nil {
		return
	}
	g.stdin.Close()
	_ = g.cmd.Wait()
}
