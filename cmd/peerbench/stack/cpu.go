package stack

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// CPU is the processor time of a stack's processes so far: those that were
// started and all that descend from them, each with the threads that it had.
type CPU map[int]time.Duration

// CPU reads the clock of each process, in nanoseconds. The kernel keeps it
// exactly; the ticks of /proc/PID/stat are the same time in steps of 10 ms.
func (s *Stack) CPU() (CPU, error) {
	family, err := descendants(s.pids())
	if err != nil {
		return nil, err
	}
	all := make(CPU, len(family))
	for _, pid := range family {
		var t unix.Timespec
		// The number of a process's CPU clock, as clock_getcpuclockid(3) makes it.
		if err := unix.ClockGettime(int32(^pid)<<3|2, &t); err != nil {
			return nil, fmt.Errorf("processor time of process %d: %w", pid, err)
		}
		all[pid] = time.Duration(t.Nano())
	}
	return all, nil
}

// Since is what was used up since before. A process that came or went in
// between is an error: nobody knows what it had used.
func (c CPU) Since(before CPU) (total time.Duration, err error) {
	if len(c) != len(before) {
		return 0, fmt.Errorf("there were %d processes, now there are %d", len(before), len(c))
	}
	for pid, now := range c {
		then, ok := before[pid]
		if !ok {
			return 0, fmt.Errorf("process %d is new", pid)
		}
		total += now - then
	}
	return total, nil
}

// descendants returns these processes and all below them, in an order that is
// always the same.
func descendants(roots []int) ([]int, error) {
	names, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	children := map[int][]int{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		if pid, parent, ok := parseStat(string(text)); ok {
			children[parent] = append(children[parent], pid)
		}
	}
	for _, of := range children {
		slices.Sort(of)
	}
	family := slices.Clone(roots)
	for i := 0; i < len(family); i++ {
		family = append(family, children[family[i]]...)
	}
	return family, nil
}

// parseStat reads the line of a process that is alive, proc_pid_stat(5).
func parseStat(text string) (pid, parent int, ok bool) {
	name, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if name < 0 || end < name {
		return 0, 0, false
	}
	pid, err := strconv.Atoi(strings.TrimSpace(text[:name]))
	f := strings.Fields(text[end+1:])
	if err != nil || len(f) < 2 || f[0] == "Z" {
		return 0, 0, false
	}
	parent, err = strconv.Atoi(f[1])
	return pid, parent, err == nil
}
