package load

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Usage is what processes have used up and hold.
type Usage struct {
	CPU        time.Duration `json:"cpu_ns"`               // user and system, with children that ended; in steps of 10 ms
	RSS        int64         `json:"rss"`                  // bytes in memory, shared pages counted for each process
	FDs        int           `json:"fds"`                  // open descriptors
	Processes  int           `json:"processes"`            // alive
	Zombies    int           `json:"zombies"`              // ended and not waited for
	Unreadable int           `json:"unreadable,omitempty"` // processes of others, whose descriptors are not counted
}

// tick is the unit of CPU time in /proc; Linux has had 100 a second for all
// its life (USER_HZ).
const tick = time.Second / 100

// Measure reads what processes use, each with all that descend from it. The
// error says which of them does not run.
func Measure(pids ...int) (Usage, error) {
	all, err := processes()
	if err != nil {
		return Usage{}, err
	}
	var u Usage
	seen := map[int]bool{}
	for _, pid := range pids {
		if _, ok := all[pid]; !ok {
			return Usage{}, fmt.Errorf("no process %d runs", pid)
		}
		u.add(pid, all, seen)
	}
	return u, nil
}

func (u *Usage) add(pid int, all map[int]*process, seen map[int]bool) {
	if seen[pid] {
		return
	}
	seen[pid] = true
	p := all[pid]
	u.CPU += p.cpu
	if p.zombie {
		u.Zombies++
	} else {
		u.Processes++
		u.RSS += p.rss
		if entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid)); err == nil {
			u.FDs += len(entries)
		} else if !errors.Is(err, fs.ErrNotExist) {
			u.Unreadable++ // of another user
		}
	}
	for _, child := range p.children {
		u.add(child, all, seen)
	}
}

// process is one line of /proc/PID/stat.
type process struct {
	parent   int
	children []int
	zombie   bool
	cpu      time.Duration
	rss      int64
}

func processes() (map[int]*process, error) {
	names, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	all := map[int]*process{}
	for _, name := range names {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if err != nil {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended meanwhile
		}
		if p := parseStat(string(text)); p != nil {
			all[pid] = p
		}
	}
	if len(all) == 0 {
		return nil, errors.New("/proc has no processes: it must be Linux's, mounted")
	}
	for pid, p := range all {
		if parent := all[p.parent]; parent != nil {
			parent.children = append(parent.children, pid)
		}
	}
	return all, nil
}

// parseStat reads a line of proc_pid_stat(5); nil when it is none. The name
// in parentheses may hold anything, parentheses too.
func parseStat(text string) *process {
	end := strings.LastIndexByte(text, ')')
	if end < 0 {
		return nil
	}
	f := strings.Fields(text[end+1:])
	if len(f) < 22 {
		return nil
	}
	n := func(field int) int64 { // counted as the manual page does
		v, _ := strconv.ParseInt(f[field-3], 10, 64)
		return v
	}
	return &process{
		parent: int(n(4)),
		zombie: f[0] == "Z",
		cpu:    time.Duration(n(14)+n(15)+n(16)+n(17)) * tick,
		rss:    n(24) * int64(os.Getpagesize()),
	}
}

// watcher measures processes while a load runs.
type watcher struct {
	pids       []int
	begin, end Usage
	peak       int64
	err        error
}

const watchInterval = 250 * time.Millisecond

// watch begins to watch; the error names a process that does not run.
func watch(pids []int) (*watcher, error) {
	w := &watcher{pids: pids}
	if len(pids) == 0 {
		return w, nil
	}
	u, err := Measure(pids...)
	if err != nil {
		return nil, err
	}
	w.begin, w.end, w.peak = u, u, u.RSS
	return w, nil
}

// run measures until over is closed.
func (w *watcher) run(over <-chan struct{}) {
	if len(w.pids) == 0 {
		return
	}
	clock := time.NewTicker(watchInterval)
	defer clock.Stop()
	for {
		select {
		case <-over:
			w.look()
			return
		case <-clock.C:
			w.look()
		}
	}
}

func (w *watcher) look() {
	u, err := Measure(w.pids...)
	if err != nil {
		w.err = err // the last figures stay
		return
	}
	w.end, w.peak = u, max(w.peak, u.RSS)
}
