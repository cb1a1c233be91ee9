package load

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// Report is what became of a load. As JSON all durations are nanoseconds.
type Report struct {
	Plan    Plan          `json:"plan"`
	Run     string        `json:"run"` // begins every id
	Elapsed time.Duration `json:"elapsed_ns"`

	// The verdict.
	Lost       int64 `json:"lost"`       // no whole answer, or confirmed and not counted
	Duplicated int64 `json:"duplicated"` // counted more than once
	Wrong      int64 `json:"wrong"`      // answered with something else than was asked for

	Sent     int64   `json:"sent"`
	Gets     int64   `json:"gets"`
	Posts    int64   `json:"posts"`
	Answered int64   `json:"answered"` // whole answers, whatever their status
	Resent   int64   `json:"resent"`   // sent again, because a goodbye said that they were not taken
	Rate     float64 `json:"rate"`     // answers a second
	// Unsent are requests of the open model that were due and never sent,
	// because every client was waiting; Late is how long the worst of those
	// that were sent had waited for a client.
	Unsent int64         `json:"unsent"`
	Late   time.Duration `json:"late_ns"`

	Statuses    map[int]int64      `json:"statuses"`
	Failures    map[Failure]int64  `json:"failures"`
	Reasons     map[Failure]string `json:"reasons"` // the first of each, in words
	Latency     Latency            `json:"latency"`
	Connections Connections        `json:"connections"`
	Slow        *Slow              `json:"slow,omitempty"`
	Ledger      *Counted           `json:"ledger,omitempty"`
	Server      *Server            `json:"server,omitempty"`
}

// Latency sums up how long answers took: in the open model since the request
// was due, else since it was sent, to the last byte.
type Latency struct {
	Mean time.Duration `json:"mean_ns"`
	P50  time.Duration `json:"p50_ns"`
	P90  time.Duration `json:"p90_ns"`
	P99  time.Duration `json:"p99_ns"`
	P999 time.Duration `json:"p999_ns"`
	Max  time.Duration `json:"max_ns"`
}

// Server is what the watched processes used.
type Server struct {
	CPU           time.Duration `json:"cpu_ns"`             // during the load
	CPUPerRequest time.Duration `json:"cpu_per_request_ns"` // of the answered ones
	RSSPeak       int64         `json:"rss_peak"`           // bytes
	Begin         Usage         `json:"begin"`
	End           Usage         `json:"end"`
	Lost          string        `json:"lost,omitempty"` // why the watch ended early
}

// OK reports whether nothing was lost, duplicated or wrong.
func (r *Report) OK() bool { return r.Lost == 0 && r.Duplicated == 0 && r.Wrong == 0 }

// Errors5xx is the number of answers with a status of 5xx.
func (r *Report) Errors5xx() (n int64) {
	for status, count := range r.Statuses {
		if status/100 == 5 {
			n += count
		}
	}
	return n
}

func (l *Load) makeReport(elapsed time.Duration, watched *watcher) *Report {
	t := &l.total
	r := &Report{
		Plan: l.plan, Run: l.run, Elapsed: elapsed,
		Sent: t.sent, Gets: t.gets, Posts: t.posts, Answered: l.right.Load(), Resent: t.resent,
		Statuses: t.statuses, Failures: t.failures, Reasons: t.reasons, Connections: t.connections, Late: t.late,
		Latency: Latency{
			Mean: t.latency.Mean(), P50: t.latency.Quantile(0.5), P90: t.latency.Quantile(0.9),
			P99: t.latency.Quantile(0.99), P999: t.latency.Quantile(0.999), Max: t.latency.Max(),
		},
	}
	if s := elapsed.Seconds(); s > 0 {
		r.Rate = float64(r.Answered) / s
	}
	if l.plan.Rate > 0 {
		r.Unsent = max(0, l.pace.owed.Load()-t.sent)
	}
	if l.plan.SlowHead+l.plan.SlowBody+l.plan.SlowRead > 0 {
		r.Slow = &t.slow
	}
	if len(watched.pids) > 0 {
		s := &Server{CPU: max(0, watched.end.CPU-watched.begin.CPU), RSSPeak: watched.peak, Begin: watched.begin, End: watched.end}
		if watched.err != nil {
			s.Lost = watched.err.Error()
		}
		if r.Answered > 0 {
			s.CPUPerRequest = s.CPU / time.Duration(r.Answered)
		}
		r.Server = s
	}
	r.judge()
	return r
}

// judge sums the verdict up.
func (r *Report) judge() {
	r.Lost, r.Wrong = 0, r.Failures[Wrong]
	for f, n := range r.Failures {
		if f.Lost() {
			r.Lost += n
		}
	}
	if c := r.Ledger; c != nil {
		r.Lost += c.Missing
		r.Duplicated = c.Duplicated
		r.Wrong += c.Strange
	}
}

// Write prints a report for a person.
func (r *Report) Write(w io.Writer) error {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-12s", name)
		fmt.Fprintf(&b, format, args...)
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "%s\n%s\n\n", r.Plan.URL, r.Plan.describe(r.Elapsed))
	line("verdict", "%s", r.verdict())
	line("requests", "%s sent, %s answered, %s/s", count(r.Sent), count(r.Answered), count(int64(r.Rate)))
	if r.Posts > 0 {
		line("", "%s GET, %s POST", count(r.Gets), count(r.Posts))
	}
	if r.Resent > 0 {
		line("", "%s sent again after a goodbye, not taken before", count(r.Resent))
	}
	if r.Unsent > 0 {
		line("", "%s were due and not sent when it ended; many of them: the server is too slow for this rate", count(r.Unsent))
	}
	line("latency", "p50 %s  p90 %s  p99 %s  p99.9 %s  max %s", short(r.Latency.P50), short(r.Latency.P90), short(r.Latency.P99), short(r.Latency.P999), short(r.Latency.Max))
	var statuses []string
	for _, s := range slices.Sorted(maps.Keys(r.Statuses)) {
		statuses = append(statuses, fmt.Sprintf("%d: %s", s, count(r.Statuses[s])))
	}
	line("status", "%s", strings.Join(statuses, "  "))
	for _, f := range slices.Sorted(maps.Keys(r.Failures)) {
		line("failed", "%s %s (%s)", count(r.Failures[f]), f, r.Reasons[f])
	}
	line("connections", "%s opened, %s closed after a goodbye, %s closed without one", count(r.Connections.Opened), count(r.Connections.Goodbye), count(r.Connections.Dropped))
	if s := r.Slow; s != nil {
		line("slow", "%s begun, %s answered, %s refused, %s cut", count(s.Begun), count(s.Answered), count(s.Refused), count(s.Cut))
	}
	r.writeLedger(line)
	r.writeServer(line)
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) writeLedger(line func(name, format string, args ...any)) {
	c := r.Ledger
	if c == nil {
		return
	}
	line("ledger", "%s counted, %s confirmed and missing, %s twice", count(c.Posts), count(c.Missing), count(c.Duplicated))
	if c.Unanswered+c.Refused > 0 {
		line("", "%s counted whose answer was lost, %s answered with an error", count(c.Unanswered), count(c.Refused))
	}
	for _, e := range c.Examples {
		line("", "%s", e)
	}
}

func (r *Report) writeServer(line func(name, format string, args ...any)) {
	s := r.Server
	if s == nil {
		return
	}
	line("server", "%s CPU per request, RSS %s (peak %s), %d fds, %d processes", short(s.CPUPerRequest), size(s.End.RSS), size(s.RSSPeak), s.End.FDs, s.End.Processes)
	if s.End.Zombies > 0 {
		line("", "%d zombies", s.End.Zombies)
	}
	if s.Lost != "" {
		line("", "the watch ended early: %s", s.Lost)
	}
}

func (r *Report) verdict() string {
	v := fmt.Sprintf("%s lost, %s duplicated, %s wrong", count(r.Lost), count(r.Duplicated), count(r.Wrong))
	if r.Posts > 0 && r.Ledger == nil {
		v = fmt.Sprintf("%s lost, %s wrong; POSTs were not counted: no ledger", count(r.Lost), count(r.Wrong))
	} else if r.Ledger == nil {
		v = fmt.Sprintf("%s lost, %s wrong", count(r.Lost), count(r.Wrong))
	}
	if n := r.Errors5xx(); n > 0 {
		v += fmt.Sprintf(", %s answered with 5xx", count(n))
	}
	return v
}

// describe says in one line which load it was.
func (p Plan) describe(elapsed time.Duration) string {
	model := "closed model"
	switch {
	case p.Rate > 0:
		model = fmt.Sprintf("open model, %g requests/s", p.Rate)
	case p.Think > 0:
		model += ", think time " + p.Think.String()
	}
	kind := "HTTP/1.1 keep-alive"
	switch {
	case p.HTTP2:
		kind = fmt.Sprintf("HTTP/2, %d at once on each", p.Streams)
	case p.New:
		kind = "HTTP/1.1, a new connection each"
	case p.Pipeline > 1:
		kind = fmt.Sprintf("HTTP/1.1, pipelines of %d", p.Pipeline)
	}
	return fmt.Sprintf("%s, %d connections, %s, %s", model, p.Connections, kind, elapsed.Round(10*time.Millisecond))
}

// count writes a number with a comma between thousands.
func count(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// short writes a duration with three digits.
func short(d time.Duration) string {
	for _, unit := range []time.Duration{time.Second, time.Millisecond, time.Microsecond} {
		if d >= unit {
			step := unit / 100
			for d >= 10*unit && step < unit {
				unit, step = unit*10, step*10
			}
			return d.Round(step).String()
		}
	}
	return d.String()
}

func size(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
