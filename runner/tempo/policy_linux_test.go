package tempo

import (
	"os"
	"runtime"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// policies are those of all threads, by number.
func policies(t *testing.T) map[uintptr]int {
	t.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[uintptr]int)
	for _, task := range tasks {
		id, err := strconv.Atoi(task.Name())
		if err != nil {
			t.Fatal(err)
		}
		policy, _, errno := unix.Syscall(unix.SYS_SCHED_GETSCHEDULER, uintptr(id), 0, 0)
		if errno == 0 { // it may have ended
			found[policy]++
		}
	}
	return found
}

func TestPolicyOfAllThreads(t *testing.T) {
	if !usual() {
		t.Skip("the tests run under another policy than the usual one")
	}
	hold := make(chan struct{})
	defer close(hold)
	for range 4 { // threads of their own
		running := make(chan struct{})
		go func() {
			runtime.LockOSThread() // ends with the goroutine
			close(running)
			<-hold
		}()
		<-running
	}
	for _, batch := range []bool{true, false} {
		if err := setBatch(batch); err != nil {
			t.Fatal(err)
		}
		want := uintptr(schedOther)
		if batch {
			want = schedBatch
		}
		if found := policies(t); len(found) != 1 || found[want] < 5 {
			t.Errorf("batch %v: threads by policy: %v", batch, found)
		}
	}
	if !usual() {
		t.Error("the policy is not the usual one any more")
	}
}
