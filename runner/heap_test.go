package runner

import (
	"math"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
)

// TestCalmCollector runs in a process of its own, as new as a worker is: one
// with a past may give the idle heap pages that others have used before.
func TestCalmCollector(t *testing.T) {
	const alone = "DRAM_TEST_ALONE"
	if os.Getenv(alone) == "" {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCalmCollector$", "-test.count=1", "-test.v")
		cmd.Env = append(os.Environ(), alone+"=yes", raceOptions)
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS: TestCalmCollector") {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(1 << 40))
	before := resident(t)
	end := calmCollector()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if m.NextGC < 2*heapFloor {
		t.Errorf("the next collection is at %d bytes", m.NextGC)
	}
	if grown := resident(t) - before; grown > heapFloor/2 {
		t.Errorf("%d bytes more are resident", grown)
	}
	if limit := debug.SetMemoryLimit(-1); limit != 1<<40+heapFloor {
		t.Errorf("the memory limit is %d", limit)
	}
	end()
}

// TestCalmCollectorInLittleMemory: a worker in a small container keeps what it
// has for itself.
func TestCalmCollectorInLittleMemory(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(64 << 20))
	calmCollector()()
	if limit := debug.SetMemoryLimit(-1); limit != 68<<20 {
		t.Errorf("the memory limit is %d", limit)
	}
	debug.SetMemoryLimit(math.MaxInt64)
	calmCollector()()
	if limit := debug.SetMemoryLimit(-1); limit != math.MaxInt64 {
		t.Errorf("no memory limit became %d", limit)
	}
}

func resident(t *testing.T) int64 {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}
