package chaos

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Scenario 2: upgrades, which replace the front too. Clients keep their
// connections until the old front has said goodbye in an answer.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=0")
	r := s.serve()
	before := r.settled(2)
	b := r.begin(r.everybody()...)
	n := times(4, 50)
	for i := 1; i <= n; i++ {
		b.flows(100)
		s.install(fmt.Sprintf("version=%d", i))
		r.must("upgrade")
		if v := r.version(); v != fmt.Sprint(i) {
			t.Fatalf("after upgrade %d: version %s", i, v)
		}
	}
	b.flows(100)
	b.finish(budget{})
	if after := r.settled(2); after.PID != before.PID || after.Front.PID == before.Front.PID {
		t.Errorf("was %+v, is %+v", before, after)
	}
	r.stop()
}

// Missing scenario (e), its second part: back to the build before, though its
// file was overwritten twice.
func TestRollback(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.serve()
	b := r.begin(r.plan(8, time.Millisecond), r.plan(16, 20*time.Millisecond))
	for range times(1, 20) {
		s.install("version=2")
		r.must("reload")
		b.flows(50)
		s.overwrite("version=3")
		r.must("reload")
		b.flows(50)
		s.overwrite("version=4 new=fail")
		r.must("rollback")
		b.flows(50)
		if v := r.version(); v != "2" {
			t.Fatalf("version %s serves", v)
		}
	}
	b.finish(budget{})
	r.stop()
}

// Scenario 22: the master is process 1 of a container. What its workers leave
// behind becomes its own; it takes away what has ended, and takes none of that
// for a worker.
func TestProcessOne(t *testing.T) {
	t.Parallel()
	needNamespaces(t)
	s := newSite(t, "version=1")
	inside := s.command("serve", "--listen", "127.0.0.1:0")
	cmd := exec.Command("unshare", append([]string{"--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "--kill-child", s.binary}, inside.Args[1:]...)...)
	cmd.Dir, cmd.Env, cmd.Stderr = inside.Dir, inside.Env, s.openLog()
	r := s.run(cmd)
	b := r.begin(r.reads(8, 5*time.Millisecond), r.plan(8, 20*time.Millisecond))
	orphans := 0
	for i := range times(3, 30) {
		b.flows(50)
		for range 5 {
			if status := <-r.posted("/orphan"); status != 200 {
				t.Fatalf("orphan: answered with %d", status)
			}
			orphans++
		}
		s.install(fmt.Sprintf("version=%d", i+2))
		r.must("reload")
	}
	r.settled(2)
	b.flows(50)
	b.finish(budget{})
	s.await("no zombie is left", func() bool { return zombies(s) == 0 })
	if text := s.log(); strings.Contains(text, "ended: ") {
		t.Errorf("a worker was taken for dead")
	}
	t.Logf("%d orphans", orphans)
	// The end of process 1 is that of unshare, which waits for it.
	for _, pid := range s.processes() {
		if parent(pid) == cmd.Process.Pid {
			syscall.Kill(pid, syscall.SIGTERM)
		}
	}
	r.gone()
}

// needNamespaces fails, rather than skips, where a process of no rights cannot
// have namespaces of its own.
func needNamespaces(t *testing.T) {
	t.Helper()
	if out, err := exec.Command("unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "true").CombinedOutput(); err != nil {
		t.Fatalf("this scenario needs unshare (util-linux) and unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces): %v\n%s", err, out)
	}
}

// zombies counts processes below this test's that have ended and that nobody
// has waited for, whose name is that of the orphans.
func zombies(s *site) (n int) {
	out, err := exec.Command("ps", "-eo", "stat=,comm=").Output()
	if err != nil {
		s.t.Fatal(err)
	}
	for text := range strings.Lines(string(out)) {
		if f := strings.Fields(text); len(f) > 1 && strings.HasPrefix(f[0], "Z") && f[1] == orphanName {
			n++
		}
	}
	return n
}

func parent(pid int) (ppid int) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if i := strings.LastIndexByte(string(text), ')'); i >= 0 {
		var state string
		fmt.Sscan(string(text[i+1:]), &state, &ppid)
	}
	return ppid
}
