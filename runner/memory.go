package runner

import (
	"bytes"
	"os"
	"strconv"
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
