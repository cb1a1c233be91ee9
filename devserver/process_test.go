package devserver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A build under way ends with all it started when a newer change comes.
func TestRunGroupKillsTheTree(t *testing.T) {
	t.Parallel()
	out := newSyncBuffer()
	cmd := exec.Command("/bin/sh", "-c", `sleep 1000 & echo $!; wait`)
	cmd.Stdout = out
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- runGroup(ctx, cmd, nil) }()
	line, err := bufio.NewReader(out.Reader()).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	child, _ := strconv.Atoi(strings.TrimSpace(line))
	if !alive(child) {
		t.Fatalf("grandchild %q does not run", line)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("runGroup: %v", err)
	}
	eventually(t, "the grandchild is gone", func() bool { return !alive(child) })
}

// A process that ignores SIGTERM is killed.
func TestStopKillsAfterGrace(t *testing.T) {
	t.Parallel()
	out := newSyncBuffer()
	cmd := exec.Command("/bin/sh", "-c", `trap '' TERM; echo on; while :; do sleep 1; done`)
	cmd.Stdout = out
	p, err := startProcess(cmd, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out.Reader()).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	p.stop(time.Millisecond)
	if alive(p.pid) {
		t.Error("it still runs")
	}
}

// The guard ends what is registered when its parent is gone, and only that.
func TestGuard(t *testing.T) {
	t.Parallel()
	var pids []int
	var all []*exec.Cmd
	for range 4 {
		cmd := exec.Command("sleep", "1000")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		pids, all = append(pids, cmd.Process.Pid), append(all, cmd)
	}
	t.Cleanup(func() {
		for _, cmd := range all {
			cmd.Process.Kill()
			cmd.Wait()
		}
	})
	g := startGuard()
	g.add(pids[0], false)
	g.add(pids[1], true)
	g.add(pids[2], false)
	g.remove(pids[2])
	g.close() // its standard input ends, as it does when this process is killed
	eventually(t, "the registered groups are gone", func() bool { return !alive(pids[0]) && !alive(pids[1]) })
	if !alive(pids[2]) || !alive(pids[3]) {
		t.Error("a group that was not registered was killed")
	}
}

// kill -9 leaves nothing: neither the app, nor a build, nor air.
func TestNoOrphanAfterKill(t *testing.T) {
	t.Parallel()
	dir := fakeApp(t)
	pids := t.TempDir()
	// A stand-in for air that never ends by itself, with a child of its own.
	write(t, pids, "air", "#!/bin/sh\nsleep 1000 & echo $! > '"+pids+"/air-child'; echo $$ > '"+pids+"/air.pid'; wait\n")
	if err := os.Chmod(filepath.Join(pids, "air"), 0o755); err != nil {
		t.Fatal(err)
	}
	// The build hangs in a program that the go command runs.
	write(t, pids, "pkg-config", "#!/bin/sh\necho $$ > '"+pids+"/build-child'\nexec sleep 1000\n")
	if err := os.Chmod(filepath.Join(pids, "pkg-config"), 0o755); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "__devserver", dir)
	cmd.Env = append(os.Environ(), "AIR="+filepath.Join(pids, "air"), "PKG_CONFIG="+filepath.Join(pids, "pkg-config"))
	stderr := newSyncBuffer()
	cmd.Stderr = stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the dev server did not begin: %v\n%s", err, stderr)
	}
	url := strings.TrimPrefix(strings.TrimSpace(line), "listening on ")

	text := fetch(t, url+"/pid")
	app, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("no process serves: %s\n%s", text, stderr)
	}
	write(t, dir, "c.go", "package main\n\n// #cgo pkg-config: nothing\n// int one() { return 1; }\nimport \"C\"\n\nvar one = C.one()\n")
	var running []int
	for _, name := range []string{"air.pid", "air-child", "build-child"} {
		eventually(t, name+" is written", func() bool {
			content, _ := os.ReadFile(filepath.Join(pids, name))
			pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
			if err == nil {
				running = append(running, pid)
			}
			return err == nil
		})
	}
	running = append(running, app)
	for _, pid := range running {
		if !alive(pid) {
			t.Fatalf("process %d does not run, of %v", pid, running)
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	for _, pid := range running {
		eventually(t, fmt.Sprintf("process %d of %v is gone", pid, running), func() bool { return !alive(pid) })
	}
	if _, err := os.Stat(filepath.Join(dir, ".dram/lifeline-ended")); err != nil {
		t.Errorf("the app did not see the end of its lifeline: %v", err)
	}
}

// Ctrl-C ends everything, and Run returns.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	dir := fakeApp(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "__devserver", dir)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url := strings.TrimPrefix(strings.TrimSpace(line), "listening on ")
	app, err := strconv.Atoi(fetch(t, url+"/pid"))
	if err != nil {
		t.Fatal(err)
	}
	// An open stream must not hold it up.
	resp, err := http.Get(url + "/ticks")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the dev server ended with %v", err)
	}
	if alive(app) {
		t.Error("the app was left behind")
	}
	if _, err := os.Stat(filepath.Join(dir, ".dram/lifeline-ended")); err == nil {
		t.Error("the app was not asked to end")
	}
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
