package main

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// sample is what one turn of a stack has shown.
type sample struct {
	Requests int64         `json:"requests"`
	CPU      time.Duration `json:"cpu_ns"` // of all its processes, for one request
	Rate     float64       `json:"rate"`   // requests a second
	P99      time.Duration `json:"p99_ns"`
}

// line is a stack at some work under a load.
type line struct {
	Row     string   `json:"row"`
	Work    string   `json:"work"`
	Load    string   `json:"load"`
	Stack   string   `json:"stack"`
	Samples []sample `json:"samples,omitempty"`

	// Medians, and the half of the distance between the quartiles.
	CPU    time.Duration `json:"cpu_ns"`
	Spread time.Duration `json:"spread_ns"`
	Rate   float64       `json:"rate"`
	P99    time.Duration `json:"p99_ns"`
	RSS    int64         `json:"rss"` // of all processes, shared pages counted for each

	// What ours needs for what this one takes 1: the median of the rounds'
	// ratios, and how many times its requests ours answers.
	Ratio      float64 `json:"ratio"`
	Throughput float64 `json:"throughput"`
	Budget     float64 `json:"budget,omitempty"` // of Ratio, at most

	Note string `json:"note,omitempty"` // of a line that is no race
}

// conclude makes the figures of a line of its samples. What slowed a round
// down slowed all in it, so ratios are taken in each round.
func (l *line) conclude(ours *line) {
	each := func(of func(sample) float64) (low, middle, high float64) {
		values := make([]float64, len(l.Samples))
		for i, s := range l.Samples {
			values[i] = of(s)
		}
		return quartiles(values)
	}
	low, middle, high := each(func(s sample) float64 { return float64(s.CPU) })
	l.CPU, l.Spread = time.Duration(middle), time.Duration((high-low)/2)
	_, l.Rate, _ = each(func(s sample) float64 { return s.Rate })
	_, p99, _ := each(func(s sample) float64 { return float64(s.P99) })
	l.P99 = time.Duration(p99)
	var costs, rates []float64
	for i, s := range l.Samples {
		costs = append(costs, float64(ours.Samples[i].CPU)/float64(s.CPU))
		rates = append(rates, ours.Samples[i].Rate/s.Rate)
	}
	_, l.Ratio, _ = quartiles(costs)
	_, l.Throughput, _ = quartiles(rates)
}

func (l *line) String() string {
	if l.Note != "" {
		return fmt.Sprintf("%s: %s", l.Stack, l.Note)
	}
	return fmt.Sprintf("%-16s %-18s %7.1f µs ± %.1f, Dram needs %.3f of it%s, %.0f requests/s, p99 %v, %d MiB", l.Stack, l.Load,
		micros(l.CPU), micros(l.Spread), l.Ratio, l.verdict(), l.Rate, l.P99.Round(10*time.Microsecond), l.RSS>>20)
}

// verdict compares with the budget.
func (l *line) verdict() string {
	if l.Budget == 0 {
		return ""
	}
	return fmt.Sprintf(" (budget %s)", ratio(l.Budget))
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// ratio writes a small ratio as a fraction.
func ratio(x float64) string {
	if x > 0 && x < 0.1 {
		return fmt.Sprintf("1/%.0f", 1/x)
	}
	return fmt.Sprintf("%.2f", x)
}

// sheet is the outcome of a run.
type sheet struct {
	Go         string   `json:"go"`
	Processors int      `json:"processors"`
	Rounds     int      `json:"rounds"`
	Turn       string   `json:"turn"`
	Logs       bool     `json:"access_logs"`
	Missing    []string `json:"missing,omitempty"` // peers that are not installed
	Lines      []*line  `json:"lines"`
}

func newSheet(o chainOptions) *sheet {
	return &sheet{Go: goVersion(), Processors: runtime.NumCPU(), Rounds: o.rounds, Turn: o.turn.String(), Logs: o.log}
}

// write prints the table and writes the files that were asked for.
func (s *sheet) write(o chainOptions) error {
	text := s.markdown()
	fmt.Print(text)
	if o.markdown != "" {
		if err := os.WriteFile(o.markdown, []byte(text), 0o644); err != nil {
			return err
		}
	}
	if o.json != "" {
		if err := s.writeJSON(o.json); err != nil {
			return err
		}
	}
	if o.readme == "" {
		return nil
	}
	old, err := os.ReadFile(o.readme)
	if err != nil {
		return err
	}
	updated, err := between(string(old), text)
	if err != nil {
		return fmt.Errorf("%s: %w", o.readme, err)
	}
	return os.WriteFile(o.readme, []byte(updated), 0o644)
}

// The marks between which a file has the table.
const (
	tableBegins = "<!-- peerbench -->\n"
	tableEnds   = "<!-- /peerbench -->"
)

// between replaces what a text has between the marks.
func between(text, table string) (string, error) {
	before, rest, ok := strings.Cut(text, tableBegins)
	_, after, closed := strings.Cut(rest, tableEnds)
	if !ok || !closed {
		return "", fmt.Errorf("no %q with %q after it", strings.TrimSpace(tableBegins), tableEnds)
	}
	return before + tableBegins + table + tableEnds + after, nil
}

// markdown is the table.
func (s *sheet) markdown() string {
	var b strings.Builder
	logs := "with access logs everywhere"
	if !s.Logs {
		logs = "without access logs"
	}
	fmt.Fprintf(&b, "Processor time of all server processes for one request; median of %d interleaved rounds, %s, Go %s, %d processors shared with the client.\n\n",
		s.Rounds, logs, s.Go, s.Processors)
	b.WriteString("| work | load | stack | CPU, µs | Dram needs | requests/s | p99, ms | RSS, MiB |\n|---|---|---|--:|--:|--:|--:|--:|\n")
	var last *line
	for _, l := range s.Lines {
		work, load := l.Work, l.Load
		if last != nil && last.Row == l.Row && last.Work == l.Work {
			if work = ""; last.Load == load {
				load = ""
			}
		}
		last = l
		b.WriteString(l.markdown(work, load))
	}
	for _, l := range s.Lines {
		if l.Note != "" {
			fmt.Fprintf(&b, "\n%s, %s: %s.\n", l.Work, l.Stack, l.Note)
		}
	}
	if len(s.Missing) > 0 {
		fmt.Fprintf(&b, "\nNot measured: %s.\n", strings.Join(s.Missing, ", "))
	}
	return b.String()
}

func (l *line) markdown(work, load string) string {
	if len(l.Samples) == 0 {
		return ""
	}
	needs := ratio(l.Ratio)
	if l.Stack == ours {
		needs = ""
	}
	p99 := "–" // not every client says it
	if l.P99 > 0 {
		p99 = figure(micros(l.P99) / 1000)
	}
	return fmt.Sprintf("| %s | %s | %s | %s ± %s | %s | %s | %s | %d |\n", work, load, l.Stack,
		figure(micros(l.CPU)), figure(micros(l.Spread)), needs, thousands(l.Rate), p99, l.RSS>>20)
}

// figure writes a number with three digits that count.
func figure(x float64) string {
	switch {
	case x >= 100:
		return thousands(x)
	case x >= 10:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}

// thousands writes a whole number in groups of three digits.
func thousands(x float64) string {
	digits := fmt.Sprintf("%.0f", math.Round(x))
	var groups []string
	for len(digits) > 3 {
		groups = append(groups, digits[len(digits)-3:])
		digits = digits[:len(digits)-3]
	}
	groups = append(groups, digits)
	slices.Reverse(groups)
	return strings.Join(groups, ",")
}
