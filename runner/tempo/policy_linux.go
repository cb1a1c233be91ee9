package tempo

import (
	"os"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Policies of sched(7).
const (
	schedOther = 0
	schedBatch = 3
)

// usual reports that the process is under the policy that all are under unless
// somebody wants another, and may change it. A filter of system calls that kills
// who tries should do so at the start, not under load.
func usual() bool {
	policy, _, err := unix.Syscall(unix.SYS_SCHED_GETSCHEDULER, 0, 0, 0)
	return err == 0 && policy == schedOther && setThread(0, schedOther) == nil
}

// setBatch changes the policy of all threads.
func setBatch(batch bool) error {
	policy := schedOther
	if batch {
		policy = schedBatch
	}
	done := make(map[int]bool)
	for {
		before := len(done)
		if err := setThreads(policy, done); err != nil {
			return err
		}
		if len(done) == before { // none was started meanwhile by one that was as before
			return nil
		}
	}
}

// setThreads changes the policy of those that are not done.
func setThreads(policy int, done map[int]bool) error {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, task := range tasks {
		id, err := strconv.Atoi(task.Name())
		if err != nil || done[id] {
			continue
		}
		if err := setThread(id, policy); err != nil && err != unix.ESRCH { // it may have ended
			return err
		}
		done[id] = true
	}
	return nil
}

func setThread(id, policy int) error {
	var priority int32 // always 0 under these policies; the nice value stays
	_, _, err := unix.Syscall(unix.SYS_SCHED_SETSCHEDULER, uintptr(id), uintptr(policy), uintptr(unsafe.Pointer(&priority)))
	if err != 0 {
		return err
	}
	return nil
}
