package runner

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// crashFile is where a process leaves what the Go runtime prints at its death.
func crashFile(runDir string, pid int) string {
	return filepath.Join(runDir, fmt.Sprintf("crash-%d.txt", pid))
}

// maxCrash bounds what is read of a crash file.
const maxCrash = 1 << 20

// readCrash returns the last words in a crash file, and removes it when there
// are none. Processes of another user may have made it: a link to a file that
// only we may read, or a pipe, is none.
func readCrash(path string) string {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return ""
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	text, err := io.ReadAll(io.LimitReader(f, maxCrash))
	if err != nil {
		return ""
	}
	if len(text) == 0 {
		os.Remove(path)
		return ""
	}
	return lastWords(string(text))
}

// keepCrashes is how many files with last words stay for whoever looks.
const keepCrashes = 10

// pruneCrashes removes the oldest files with last words, and empty ones, which
// killed masters left; while a tree runs, those belong to its processes.
func pruneCrashes(dir string, running bool) {
	files, err := filepath.Glob(filepath.Join(dir, "crash-*.txt"))
	if err != nil {
		return // only a malformed pattern
	}
	newest := map[string]time.Time{}
	files = slices.DeleteFunc(files, func(f string) bool {
		info, err := os.Stat(f)
		if err == nil && info.Size() > 0 {
			newest[f] = info.ModTime()
			return false
		}
		if !running {
			os.Remove(f)
		}
		return true
	})
	slices.SortFunc(files, func(a, b string) int {
		if c := newest[b].Compare(newest[a]); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	for _, f := range files[min(keepCrashes, len(files)):] {
		os.Remove(f)
	}
}
