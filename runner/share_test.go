package runner

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/dram-go/dram/framework/config"
)

func TestShareOfAWorker(t *testing.T) {
	const gib = 1 << 30
	for _, c := range []struct {
		name    string
		machine machine
		workers config.Workers
		environ map[string]string
		want    []string
	}{
		{"two of two", machine{2, 3 * gib}, config.Workers{Count: 2}, nil, []string{"GOMAXPROCS=1", "GOMEMLIMIT=858993458"}},
		{"rounded up", machine{8, 0}, config.Workers{Count: 3}, nil, []string{"GOMAXPROCS=3"}},
		{"more than processors", machine{2, 0}, config.Workers{Count: 5}, nil, []string{"GOMAXPROCS=1"}},
		{"as set", machine{8, gib}, config.Workers{Count: 2, Procs: 3, Memory: 100 << 20}, nil, []string{"GOMAXPROCS=3", "GOMEMLIMIT=104857600"}},
		{"as the environment says", machine{8, gib}, config.Workers{Count: 2}, map[string]string{"GOMAXPROCS": "5", "GOMEMLIMIT": "1GiB"}, nil},
		{"settings over the environment", machine{8, 0}, config.Workers{Count: 2, Procs: 3}, map[string]string{"GOMAXPROCS": "5"}, []string{"GOMAXPROCS=3"}},
		{"before it is replaced", machine{1, 100 * gib}, config.Workers{Count: 1, MaxRSS: 100}, nil, []string{"GOMAXPROCS=1", "GOMEMLIMIT=90"}},
	} {
		got := c.machine.share(c.workers, func(name string) string { return c.environ[name] })
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestMemoryLimit(t *testing.T) {
	root := t.TempDir()
	put := func(path, text string) {
		t.Helper()
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := memoryLimit(root); got != 0 {
		t.Errorf("of nothing: %d", got)
	}
	put("proc/meminfo", "MemTotal:        1024 kB\nMemFree:          512 kB\n")
	if got := memoryLimit(root); got != 1<<20 {
		t.Errorf("of the machine: %d", got)
	}
	put("proc/self/cgroup", "0::/apps/board\n")
	put("sys/fs/cgroup/apps/board/memory.max", "max\n")
	put("sys/fs/cgroup/apps/memory.max", "4096\n")
	if got := memoryLimit(root); got != 4096 {
		t.Errorf("of the group above: %d", got)
	}
}
