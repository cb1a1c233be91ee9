package runner

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dram-go/dram/runner/control"
)

// write prints a status for a person.
func (s status) write(w io.Writer, now time.Time) {
	fmt.Fprintf(w, "%s %s", s.App, s.State)
	if s.Listen != "" {
		fmt.Fprintf(w, " on http://%s", s.Listen)
	}
	if s.User != "" {
		fmt.Fprintf(w, " as user %s", s.User)
	}
	fmt.Fprintf(w, ", generation %d, build %s\n\n", s.Generation, s.Build)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "PROCESS\tGEN\tPID\tSTATE\tFOR\tNOW\tREQUESTS\tFAILED\tMEMORY\tRESTARTS\tOLDEST REQUEST")
	fmt.Fprintf(t, "master\t\t%d\t%s\t%s\t\t\t\t\t\t\n", s.PID, s.State, age(now, s.Since))
	for _, f := range append(s.OldFronts, fronts(s.Front)...) {
		fmt.Fprintf(t, "front\t%d\t%d\t%s\t%s\t\t\t\t%s\t%d\t\n", f.Generation, f.PID, f.State, age(now, f.Since), memory(f.RSS), f.Restarts)
	}
	for _, p := range s.Workers {
		fmt.Fprintf(t, "worker %d\t%d\t%d\t%s\t%s\t%d\t%d\t%d\t%s\t%d\t%s\n", p.ID, p.Generation, p.PID, p.State, age(now, p.Since),
			p.InFlight, p.Requests, p.Failed, memory(p.RSS), p.Restarts, oldest(p.Oldest, now))
	}
	for _, p := range s.Waiting {
		fmt.Fprintf(t, "%s\t\t\t%s\t\t\t\t\t\t%d\t\n", p.Process, p.restart(now), p.Restarts)
	}
	t.Flush()
	if s.Front == nil {
		fmt.Fprintf(w, "\nfronts connected: %d\n", s.Fronts)
	}
	s.writeRemarks(w, now)
	s.writeStreams(w, now)
}

func fronts(f *processStatus) []processStatus {
	if f == nil {
		return nil
	}
	return []processStatus{*f}
}

func (p waitingStatus) restart(now time.Time) string {
	if p.Restart.IsZero() {
		return "waiting, " + deaths(p.Restarts)
	}
	return fmt.Sprintf("restarting in %s, %s", max(0, p.Restart.Sub(now).Round(time.Second)), deaths(p.Restarts))
}

// writeRemarks says what the rows do not show.
func (s status) writeRemarks(w io.Writer, now time.Time) {
	for _, p := range s.Workers {
		if p.Retiring != "" {
			fmt.Fprintf(w, "\nworker %d is being replaced: %s\n", p.ID, p.Retiring)
		}
		if p.Stuck > 0 {
			fmt.Fprintf(w, "\nworker %d: %d requests run on although their context has ended\n", p.ID, p.Stuck)
		}
	}
	if s.Breaker {
		fmt.Fprintf(w, "\nall workers die: only one is tried, every %s. Mend the app and reload.\n", longestDelay)
	}
	if r := s.Rollout; r != nil {
		fmt.Fprintf(w, "\n%s to generation %d for %s: %s, %d of %d workers serve\n", r.Kind, r.Generation, age(now, r.Began), r.Step, r.Ready, r.Target)
		if r.Reason != "" {
			fmt.Fprintf(w, "  because %s\n", indented(r.Reason))
		}
	}
	if r := s.Reload; r != nil {
		verdict := "succeeded"
		if !r.OK {
			verdict = "failed: " + indented(r.Reason)
		}
		fmt.Fprintf(w, "\nlast %s %s ago, to generation %d, %s\n", r.Kind, age(now, r.At), r.Generation, verdict)
	}
	if s.After != "" {
		fmt.Fprintf(w, "\nmigrations after it failed: %s\n", indented(s.After))
	}
	if s.Previous != "" {
		fmt.Fprintf(w, "rollback goes back to build %s\n", s.Previous)
	}
}

func indented(text string) string { return strings.ReplaceAll(text, "\n", "\n  ") }

func (s status) writeStreams(w io.Writer, now time.Time) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	defer t.Flush()
	first := true
	for _, p := range s.Workers {
		for _, b := range p.Streams {
			if first {
				fmt.Fprintln(t, "\nSTREAM OF\tFOR\tREQUEST\tID")
				first = false
			}
			fmt.Fprintf(t, "worker %d\t%s\t%s %s\t%s\n", p.ID, age(now, b.Begun), b.Method, b.Path, b.ID)
		}
	}
}

func oldest(b *control.Busy, now time.Time) string {
	if b == nil {
		return ""
	}
	return fmt.Sprintf("%s %s for %s", b.Method, b.Path, age(now, b.Begun))
}

func memory(bytes int64) string {
	if bytes == 0 {
		return ""
	}
	return fmt.Sprintf("%d MiB", bytes>>20)
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

// writeTree lists the processes once they serve.
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
