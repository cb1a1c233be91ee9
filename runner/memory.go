package runner

import (
	"bytes"
	"os"
	"strconv"
	"time"
)

// residentSize is how much memory a process occupies, in bytes; 0 when that
// cannot be told (statm of proc_pid_statm(5)).
func residentSize(pid int) int64 {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	fields := bytes.Fields(text)
	if err != nil || len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

// clockTick is the unit of times in /proc, USER_HZ of the kernel: 100 on every
// architecture that Go runs on.
const clockTick = time.Second / 100

// cpuTime is the processor time that a process has used, in user and kernel
// mode; 0 when that cannot be told (proc_pid_stat(5)).
func cpuTime(pid int) time.Duration {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	_, behind, ok := bytes.Cut(text, []byte(") ")) // the name may have spaces
	fields := bytes.Fields(behind)
	const utime, stime = 14 - 3, 15 - 3 // in the manual's count, which begins with pid and name
	if err != nil || !ok || len(fields) <= stime {
		return 0
	}
	user, errUser := strconv.ParseInt(string(fields[utime]), 10, 64)
	kernel, errKernel := strconv.ParseInt(string(fields[stime]), 10, 64)
	if errUser != nil || errKernel != nil {
		return 0
	}
	return time.Duration(user+kernel) * clockTick
}
