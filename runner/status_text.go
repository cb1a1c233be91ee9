package runner

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/dram-go/dram/runner/control"
)

// write prints a status for a person.
func (s status) write(w io.Writer, now time.Time) {
	fmt.Fprintf(w, "%s %s", s.App, s.State)
	if len(s.Addresses) > 0 {
		fmt.Fprintf(w, " on %s", strings.Join(s.Addresses, ", "))
	}
	if s.User != "" {
		fmt.Fprintf(w, " as user %s", s.User)
	}
	fmt.Fprintf(w, ", generation %d, build %s\n\n", s.Generation, s.Build)
	t := textTable{right: []bool{false, true, true, false, true, true, true, true, true, true, true}}
	t.add("PROCESS", "GEN", "PID", "STATE", "AGE", "CPU", "MEMORY", "NOW", "REQUESTS", "FAILED", "RESTARTS", "OLDEST REQUEST")
	t.add("master", "", fmt.Sprint(s.PID), s.State, age(now, s.Since), seconds(s.CPU), memory(s.RSS))
	for _, f := range append(s.OldFronts, fronts(s.Front)...) {
		t.add(append(f.cells("front", now), "", "", "", fmt.Sprint(f.Restarts))...)
	}
	for _, p := range s.Workers {
		t.add(append(p.cells(fmt.Sprintf("worker %d", p.ID), now), fmt.Sprint(p.InFlight), fmt.Sprint(p.Requests),
			fmt.Sprint(p.Failed), fmt.Sprint(p.Restarts), oldest(p.Oldest, now))...)
	}
	for _, p := range s.Waiting {
		t.add(p.Process, "", "", p.restart(now), "", "", "", "", "", "", fmt.Sprint(p.Restarts))
	}
	t.write(w)
	if s.Front == nil {
		fmt.Fprintf(w, "\nfronts connected: %d\n", s.Fronts)
	}
	s.writeUpstreams(w, now)
	s.writeRemarks(w, now)
	s.writeStreams(w, now)
}

func fronts(f *processStatus) []processStatus {
	if f == nil {
		return nil
	}
	return []processStatus{*f}
}

// cells are what the rows of all processes begin with.
func (p processStatus) cells(name string, now time.Time) []string {
	began := p.Started
	if began.IsZero() { // an older master does not say
		began = p.Since
	}
	return []string{name, fmt.Sprint(p.Generation), fmt.Sprint(p.PID), p.phase(now), age(now, began), seconds(p.CPU), memory(p.RSS)}
}

// phase says for how long a state that passes has lasted, or may last.
func (p processStatus) phase(now time.Time) string {
	switch {
	case p.State == ready:
		return string(p.State)
	case p.State == draining && p.Until.After(now):
		return fmt.Sprintf("%s, %s left", p.State, age(p.Until, now))
	}
	return fmt.Sprintf("%s for %s", p.State, age(now, p.Since))
}

func (p waitingStatus) restart(now time.Time) string {
	if p.Restart.IsZero() {
		return "waiting, " + deaths(p.Restarts)
	}
	return fmt.Sprintf("restarting in %s, %s", max(0, p.Restart.Sub(now).Round(time.Second)), deaths(p.Restarts))
}

// writeUpstreams lists who answers for mounts.
func (s status) writeUpstreams(w io.Writer, now time.Time) {
	if len(s.Upstreams) == 0 {
		return
	}
	fmt.Fprintln(w)
	t := textTable{right: []bool{false, false, false, true}}
	t.add("MOUNT", "UPSTREAM", "STATE", "FOR", "REASON")
	for _, up := range s.Upstreams {
		state, reason := "ready", ""
		if !up.Usable {
			state, reason = "out", brief(up.Reason)
		}
		t.add(up.Mount, up.Name, state, age(now, up.Since), reason)
	}
	t.write(w)
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
	for _, c := range s.Certificates {
		if c.Remark != "" {
			fmt.Fprintf(w, "\n%s\n", c.Remark)
		}
	}
	if c := s.Maintenance; c != nil {
		fmt.Fprintf(w, "\nclosed for maintenance for %s%s; `maintenance off` opens the site\n", age(now, c.Since), except(c.Allow))
		if c.Message != "" {
			fmt.Fprintf(w, "  %s\n", indented(c.Message))
		}
	}
	if s.Breaker {
		fmt.Fprintf(w, "\nall workers die: only one is tried, every %s. Mend the app and reload.\n", longestDelay)
	}
	if r := s.Rollout; r != nil {
		fmt.Fprintf(w, "\n%s to generation %d%s for %s: %s\n", r.Kind, r.Generation, ofBuild(r.Build), age(now, r.Began), r.progress())
		if r.Reason != "" {
			fmt.Fprintf(w, "  because %s\n", indented(r.Reason))
		}
	}
	if r := s.Reload; r != nil {
		verdict := "succeeded"
		if !r.OK {
			verdict = "failed, and what served before serves on:\n  " + indented(brief(r.Reason))
		}
		fmt.Fprintf(w, "\nlast %s %s ago, to generation %d%s, %s\n", r.Kind, age(now, r.At), r.Generation, ofBuild(r.Build), verdict)
	}
	if s.After != "" {
		fmt.Fprintf(w, "\nmigrations after it failed: %s\n", indented(s.After))
	}
	if s.Previous != "" && s.Reload == nil {
		fmt.Fprintln(w)
	}
	if s.Previous != "" {
		fmt.Fprintf(w, "rollback goes back to build %s\n", s.Previous)
	}
}

// progress says how far a reload is.
func (r rolloutStatus) progress() string {
	switch {
	case r.Doing != "":
		return r.Doing
	case r.Target == 0:
		return r.Step
	}
	return fmt.Sprintf("%s, %d of %d new workers serve", r.Step, r.Ready, r.Target)
}

func ofBuild(build string) string {
	if build == "" {
		return ""
	}
	return " (build " + build + ")"
}

// brief leaves of a reason what fits beside the processes; the log has it all.
func brief(reason string) string {
	const enough = 8
	lines := strings.Split(reason, "\n")
	if len(lines) <= enough {
		return reason
	}
	return strings.Join(append(lines[:enough], "… the rest is in the log, and in status --json"), "\n")
}

func indented(text string) string { return strings.ReplaceAll(text, "\n", "\n  ") }

// streaming reports that some worker has a response under way for long.
func (s status) streaming() bool {
	return slices.ContainsFunc(s.Workers, func(p processStatus) bool { return len(p.Streams) > 0 })
}

func (s status) writeStreams(w io.Writer, now time.Time) {
	t := textTable{right: []bool{false, true}}
	t.add("STREAM OF", "AGE", "REQUEST", "ID")
	for _, p := range s.Workers {
		for _, b := range p.Streams {
			t.add(fmt.Sprintf("worker %d", p.ID), age(now, b.Begun), b.Method+" "+b.Path, b.ID)
		}
	}
	if len(t.rows) > 1 {
		fmt.Fprintln(w)
		t.write(w)
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

// age is a duration in its two largest units: people want to know "2h5m", not
// "2h5m3.5s".
func age(now, since time.Time) string {
	d := max(0, now.Sub(since))
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd%02dh", int(d.Hours()/24), int(d.Hours())%24)
}

// seconds is processor time: a few digits while it is short.
func seconds(s float64) string {
	if s < 100 {
		return fmt.Sprintf("%.1fs", s)
	}
	return age(time.Unix(int64(s), 0), time.Unix(0, 0))
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
