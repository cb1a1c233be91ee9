package runner

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// childrenOf are the pids of a process's children, and those of them that are
// zombies.
func childrenOf(pid int) (all, zombies []int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(text), ") ") // state, ppid (proc_pid_stat(5))
		fields := strings.Fields(rest)
		if len(fields) < 2 || fields[1] != strconv.Itoa(pid) {
			continue
		}
		child, _ := strconv.Atoi(strings.Split(path, "/")[2])
		all = append(all, child)
		if fields[0] == "Z" {
			zombies = append(zombies, child)
		}
	}
	return all, zombies
}

// PID 1 of a container inherits orphans. It takes their end to notice, and no
// worker's away from whoever waits for it.
func TestFirstProcessOfAContainer(t *testing.T) {
	t.Parallel()
	if out, err := exec.Command("unshare", "-Urpf", "--mount-proc", "true").CombinedOutput(); err != nil {
		t.Fatalf("unshare of util-linux cannot make a pid namespace (as root, or with unprivileged user namespaces it can): %v\n%s", err, out)
	}
	s := newSite(t, "version=1")
	s.change = func(cmd *exec.Cmd) {
		cmd.Args = append([]string{"unshare", "-Urpf", "--kill-child", "--mount-proc", cmd.Path}, cmd.Args[1:]...)
		cmd.Path, _ = exec.LookPath("unshare")
	}
	r := s.start("serve", "--listen", "127.0.0.1:0")
	children, _ := childrenOf(r.cmd.Process.Pid)
	if len(children) != 1 {
		t.Fatalf("children of unshare: %v", children)
	}
	master := children[0]
	if st := s.status(); st.PID != 1 {
		t.Fatalf("the master is %d", st.PID)
	}
	for range 5 {
		resp, err := http.Post(r.url+"/orphan", "", nil)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%v, %v", resp, err)
		}
		resp.Body.Close()
	}
	s.await("no zombie is left, and no orphan", func() bool {
		all, zombies := childrenOf(master)
		return len(zombies) == 0 && len(all) == 3 // front and workers
	})
	// A worker's death is still its supervisor's to notice.
	workers, _ := childrenOf(master)
	syscall.Kill(slices.Max(workers), syscall.SIGKILL)
	s.await("the dead one is replaced", func() bool {
		now, zombies := childrenOf(master)
		return len(now) == 3 && len(zombies) == 0 && !slices.Equal(now, workers)
	})
	if text := r.logText(); !strings.Contains(text, "ended: signal: killed") {
		t.Fatal("the log does not say how it ended")
	}
	if err := syscall.Kill(master, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-r.ended
	if left := s.processes(); len(left) > 0 {
		t.Fatal(fmt.Sprint("left: ", left))
	}
}
