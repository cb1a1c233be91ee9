package runner

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/dram-go/dram/framework/config"
)

// machine is what a tree may use of the machine or the container.
type machine struct {
	procs  int   // processors
	memory int64 // bytes; 0: unknown
}

// thisMachine asks the kernel. Go itself counts only the processors that a
// container may use.
func thisMachine() machine {
	return machine{procs: runtime.GOMAXPROCS(0), memory: memoryLimit("/")}
}

// share are the variables that tell the Go runtime of a worker what its part
// is. Without them each worker believes that it has all to itself: together
// they collect garbage on more processors than there are, and too late for
// the memory there is. What the environment sets already is left alone, unless
// dram.toml says otherwise.
func (m machine) share(w config.Workers, environ func(string) string) (vars []string) {
	procs := w.Procs
	if procs == 0 && environ("GOMAXPROCS") == "" {
		procs = max(1, (m.procs+w.Count-1)/w.Count)
	}
	if procs > 0 {
		vars = append(vars, "GOMAXPROCS="+strconv.Itoa(procs))
	}
	memory := int64(w.Memory)
	if memory == 0 && environ("GOMEMLIMIT") == "" {
		memory = m.fairMemory(w)
	}
	if memory > 0 {
		vars = append(vars, "GOMEMLIMIT="+strconv.FormatInt(memory, 10))
	}
	return vars
}

// fairMemory leaves a fifth to what Go does not count, and the part of one
// worker to the front and to the one more that there is during a reload. A
// worker that is replaced above a size should clean up before.
func (m machine) fairMemory(w config.Workers) int64 {
	memory := m.memory / 10 * 8 / int64(w.Count+1)
	if limit := int64(w.MaxRSS) / 10 * 9; limit > 0 && (memory == 0 || limit < memory) {
		return limit
	}
	return memory
}

// memoryLimit is the smallest of the memory of the machine and of the limits
// of the control groups we are in (cgroup v2, memory.max), below root.
func memoryLimit(root string) int64 {
	limit := totalMemory(filepath.Join(root, "proc/meminfo"))
	groups, err := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	if err != nil {
		return limit
	}
	_, path, ok := strings.Cut(string(groups), "0::")
	if !ok {
		return limit
	}
	path, _, _ = strings.Cut(path, "\n")
	for dir := filepath.Clean("/" + path); ; dir = filepath.Dir(dir) {
		text, err := os.ReadFile(filepath.Join(root, "sys/fs/cgroup", dir, "memory.max"))
		if n, bad := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && bad == nil && (limit == 0 || n < limit) {
			limit = n
		}
		if dir == "/" {
			return limit
		}
	}
}

func totalMemory(meminfo string) int64 {
	f, err := os.Open(meminfo)
	if err != nil {
		return 0
	}
	defer f.Close()
	for scan := bufio.NewScanner(f); scan.Scan(); {
		var kilobytes int64
		if n, _ := fmt.Sscanf(scan.Text(), "MemTotal: %d kB", &kilobytes); n == 1 {
			return kilobytes << 10
		}
	}
	return 0
}
