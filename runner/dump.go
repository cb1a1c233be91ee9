package runner

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"time"

	"github.com/dram-go/dram/runner/control"
)

// dumps are the command lines that wait for the dump of a worker.
type dumps map[int][]*peer

// dumpFile is where a worker writes what its goroutines do.
func dumpFile(runDir string, pid int, now time.Time) string {
	return filepath.Join(runDir, fmt.Sprintf("dump-%d-%s.txt", pid, now.UTC().Format("20060102T150405.000")))
}

// keepDumps is how many dumps stay for whoever looks.
const keepDumps = 10

// askForDump asks a worker for the stacks of its goroutines; by, if there is
// one, is told where they are.
func (m *master) askForDump(id int, by *peer) {
	w := m.workers[id]
	if w == nil || w.peer == nil {
		if by != nil {
			answer(by, control.Result{ExitCode: exitRefused, Text: fmt.Sprintf("there is no worker %d that serves; status shows which there are", id)})
		}
		return
	}
	pruneFiles(m.dir.path, "dump-*.txt", keepDumps-1)
	w.peer.send(control.KindDump, control.Dump{Path: dumpFile(m.dir.path, w.process.Pid, time.Now())})
	if by != nil {
		m.dumps[id] = append(m.dumps[id], by)
		time.AfterFunc(dumpPatience, func() {
			m.post(func() { m.dumped(id, control.Dumped{Failure: "the worker does not answer; it may hang"}) })
		})
	}
}

// dumpPatience is how long a command waits for a dump.
const dumpPatience = 5 * time.Second

// dumped passes the answer of a worker on.
func (m *master) dumped(id int, d control.Dumped) {
	if d.Path != "" && d.Failure == "" {
		m.log.Info(fmt.Sprintf("the goroutines of worker %d are in %s", id, d.Path))
	}
	for _, by := range m.dumps[id] {
		r := control.Result{Text: d.Path}
		if d.Failure != "" {
			r = control.Result{ExitCode: exitTimeout, Text: fmt.Sprintf("no dump of worker %d: %s", id, d.Failure)}
		}
		answer(by, r)
	}
	delete(m.dumps, id)
}

// dumpHung asks a worker that seems to hang what it is at, while it may still
// be able to say so.
func (m *master) dumpHung(id int, now time.Time) {
	w := m.state.workers[id]
	w.dumpAt = now
	why := w.failed
	if why == "" {
		why = "it does not answer"
	}
	m.log.Error(fmt.Sprintf("worker %d hangs (%s); it will be killed", id, why), "pid", w.PID)
	m.askForDump(id, nil)
}

// writeDump writes the stacks of all goroutines of this process to a file.
func writeDump(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := pprof.Lookup("goroutine").WriteTo(f, 2); err != nil {
		return err
	}
	return f.Close()
}

// pruneFiles removes all but the newest files that match a pattern.
func pruneFiles(dir, pattern string, keep int) {
	files, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		return // only a malformed pattern
	}
	newest := map[string]time.Time{}
	for _, f := range files {
		if info, err := os.Stat(f); err == nil {
			newest[f] = info.ModTime()
		}
	}
	slices.SortFunc(files, func(a, b string) int { return newest[b].Compare(newest[a]) })
	for _, f := range files[min(keep, len(files)):] {
		os.Remove(f)
	}
}
