package runner

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// status is what a master says about itself; `status --json` prints it.
type status struct {
	App        string          `json:"app"`
	State      string          `json:"state"` // starting, serving, degraded, down, reloading, stopping
	PID        int             `json:"pid"`
	Build      string          `json:"build"` // of the serving generation
	Generation int             `json:"generation"`
	Listen     string          `json:"listen,omitempty"` // empty for a gateway alone
	Since      time.Time       `json:"since"`
	Front      *processStatus  `json:"front,omitempty"`
	Fronts     int             `json:"fronts"` // connected ones, with those that run apart
	Workers    []processStatus `json:"workers"`
	Waiting    []waitingStatus `json:"waiting,omitempty"` // places whose process died
	Reload     *reloadStatus   `json:"reload,omitempty"`  // the last one
}

type processStatus struct {
	ID         int       `json:"id,omitempty"`
	Generation int       `json:"generation"`
	PID        int       `json:"pid"`
	State      phase     `json:"state"`
	Since      time.Time `json:"since"`
	Restarts   int       `json:"restarts"` // deaths in this place
}

// waitingStatus is a place without a process: after several deaths the next
// one starts later.
type waitingStatus struct {
	Process  string    `json:"process"` // front, worker
	Restart  time.Time `json:"restart"` // when the next one starts
	Restarts int       `json:"restarts"`
}

type reloadStatus struct {
	At         time.Time `json:"at"`
	Kind       string    `json:"kind"` // reload, upgrade, rollback
	Generation int       `json:"generation"`
	Build      string    `json:"build,omitempty"`
	OK         bool      `json:"ok"`
	Reason     string    `json:"reason,omitempty"` // why it failed
}

// status describes the tree as it is now.
func (m *master) status() status {
	s := m.state
	out := status{
		App: m.conf.Name, PID: m.pid, Build: m.generations[s.generation].build, Generation: s.generation,
		Listen: m.address, Since: m.since, Fronts: len(s.peers), Reload: m.lastReload, State: s.health(), Waiting: s.waiting(),
	}
	switch {
	case s.stop != serving:
		out.State = "stopping"
	case !m.started:
		out.State = "starting"
	case s.rollout != nil:
		out.State = "reloading"
	}
	if f := s.front(); f != nil {
		p := processOf(f, s.frontSlot.restarts)
		out.Front = &p
	}
	for _, w := range s.sortedWorkers() {
		restarts := 0
		if slot := s.slots[w.Slot]; slot != nil && w.Generation == s.generation {
			restarts = slot.restarts
		}
		out.Workers = append(out.Workers, processOf(w, restarts))
	}
	return out
}

// health says how well the tree serves.
func (s *state) health() string {
	count := 0
	for _, w := range s.workers {
		if w.serves() {
			count++
		}
	}
	switch {
	case count == 0, s.wantFront && (s.front() == nil || s.front().Phase != ready):
		return "down"
	case count < s.target:
		return "degraded"
	}
	return "serving"
}

// waiting are the places whose next process starts later.
func (s *state) waiting() (rows []waitingStatus) {
	if s.stop != serving || s.generation == 0 {
		return nil
	}
	if s.wantFront && s.front() == nil {
		rows = append(rows, waitingStatus{"front", s.frontSlot.notAt, s.frontSlot.restarts})
	}
	for n := 1; n <= s.target; n++ {
		if !s.filled(n) {
			rows = append(rows, waitingStatus{"worker", s.notAt(n), s.slot(n).restarts})
		}
	}
	return rows
}

func processOf(p *process, restarts int) processStatus {
	return processStatus{ID: p.ID, Generation: p.Generation, PID: p.PID, State: p.Phase, Since: p.Since, Restarts: restarts}
}

// write prints a status for a person.
func (s status) write(w io.Writer, now time.Time) {
	fmt.Fprintf(w, "%s %s", s.App, s.State)
	if s.Listen != "" {
		fmt.Fprintf(w, " on http://%s", s.Listen)
	}
	fmt.Fprintf(w, ", generation %d, build %s\n\n", s.Generation, s.Build)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "PROCESS\tGENERATION\tPID\tSTATE\tFOR\tRESTARTS")
	fmt.Fprintf(t, "master\t\t%d\t%s\t%s\t\n", s.PID, s.State, age(now, s.Since))
	row := func(name string, p processStatus) {
		fmt.Fprintf(t, "%s\t%d\t%d\t%s\t%s\t%d\n", name, p.Generation, p.PID, p.State, age(now, p.Since), p.Restarts)
	}
	if s.Front != nil {
		row("front", *s.Front)
	}
	for _, p := range s.Workers {
		row(fmt.Sprintf("worker %d", p.ID), p)
	}
	for _, p := range s.Waiting {
		left := max(0, p.Restart.Sub(now).Round(time.Second))
		fmt.Fprintf(t, "%s\t\t\trestarting in %s, %s\t\t%d\n", p.Process, left, deaths(p.Restarts), p.Restarts)
	}
	t.Flush()
	if s.Front == nil {
		fmt.Fprintf(w, "\nfronts connected: %d\n", s.Fronts)
	}
	if r := s.Reload; r != nil {
		verdict := "succeeded"
		if !r.OK {
			verdict = "failed: " + strings.ReplaceAll(r.Reason, "\n", "\n  ")
		}
		fmt.Fprintf(w, "\nlast reload %s ago, to generation %d, %s\n", age(now, r.At), r.Generation, verdict)
	}
}

func deaths(n int) string {
	if n == 1 {
		return "1 death"
	}
	return fmt.Sprintf("%d deaths", n)
}

// age is a rough duration: people want to know "2h", not "2h0m3.5s".
func age(now, since time.Time) string {
	d := now.Sub(since)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}

// writeTree prints the processes once they serve.
func (s status) writeTree(w io.Writer) {
	rows := []string{}
	if s.Front != nil {
		rows = append(rows, fmt.Sprintf("front (pid %d)", s.Front.PID))
	}
	for _, p := range s.Workers {
		rows = append(rows, fmt.Sprintf("worker %d (pid %d)", p.ID, p.PID))
	}
	fmt.Fprintf(w, "%s: master (pid %d), generation %d, build %s\n", s.App, s.PID, s.Generation, s.Build)
	for i, row := range rows {
		branch := "├─"
		if i == len(rows)-1 {
			branch = "└─"
		}
		fmt.Fprintf(w, " %s %s\n", branch, row)
	}
}
