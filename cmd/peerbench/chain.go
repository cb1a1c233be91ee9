package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dram-go/dram/cmd/peerbench/stack"
)

// chainOptions say what is measured of chains of servers, and how.
type chainOptions struct {
	rounds int
	turn   time.Duration // of one stack under one load
	log    bool          // access logs, everywhere or nowhere
	rows   []string      // names, all if empty

	markdown, json, readme string // files to write
}

// chains measures stacks of servers.
func chains(args []string) error {
	var o chainOptions
	flags := flag.NewFlagSet("chain", flag.ContinueOnError)
	rows := flags.String("rows", "", "rows to measure, separated by commas; all if empty, see --list")
	list := flags.Bool("list", false, "list the rows and end")
	quick := flags.Bool("quick", false, "two short rounds: to see that all works, not how well")
	flags.IntVar(&o.rounds, "rounds", 5, "how often each stack has its turn")
	flags.DurationVar(&o.turn, "turn", time.Second, "how long a turn is")
	flags.BoolVar(&o.log, "log", true, "have all servers write access logs, or none")
	flags.StringVar(&o.markdown, "markdown", "", "file to write the table to, in Markdown")
	flags.StringVar(&o.json, "json", "", "file to write all figures to")
	flags.StringVar(&o.readme, "readme", "", "file whose table, between markers, is replaced")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *list {
		for _, r := range chainRows() {
			fmt.Printf("%-12s %s\n", r.name, r.title)
		}
		return nil
	}
	if *quick {
		o.rounds, o.turn = 2, 300*time.Millisecond
	}
	if *rows != "" {
		o.rows = strings.Split(*rows, ",")
	}
	return o.run()
}

func (o chainOptions) run() error {
	rows, err := selectRows(chainRows(), o.rows)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "peerbench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	bench := &bench{chainOptions: o, dir: dir, missing: map[string]bool{}}
	sheet := newSheet(o)
	var failed []error
	for _, r := range rows {
		fmt.Fprintf(os.Stderr, "%s: %s\n", r.name, r.title)
		lines, err := r.measure(bench, r)
		if err != nil { // the other rows are worth having
			failed = append(failed, fmt.Errorf("%s: %w", r.name, err))
		}
		sheet.Lines = append(sheet.Lines, lines...)
	}
	for name := range bench.missing {
		sheet.Missing = append(sheet.Missing, name)
	}
	slices.Sort(sheet.Missing)
	return errors.Join(append(failed, sheet.write(o))...)
}

// selectRows returns the rows with these names, all if there are none.
func selectRows(all []row, names []string) ([]row, error) {
	if len(names) == 0 {
		return all, nil
	}
	var chosen []row
	for _, name := range names {
		at := slices.IndexFunc(all, func(r row) bool { return r.name == name })
		if at < 0 {
			return nil, fmt.Errorf("no row %q; see --list", name)
		}
		chosen = append(chosen, all[at])
	}
	return chosen, nil
}

// bench is a run of chains.
type bench struct {
	chainOptions
	dir     string
	missing map[string]bool // peers that are not installed
	files   string          // directory of static files
	pybo    *stack.Dram
}

// contestant is a stack that can be started; the first of a row is ours.
type contestant struct {
	name  string
	start func(b *bench, name string) (*stack.Stack, error)
}

// race has stacks take turns under a load and returns a line for each.
func (b *bench) race(r row, l pressure, stacks []*stack.Stack) ([]*line, error) {
	lines := make([]*line, len(stacks))
	for i, s := range stacks {
		lines[i] = &line{Row: r.name, Work: r.title, Load: l.title, Stack: s.Name, Budget: r.budget(l, s.Name)}
	}
	for round := -1; round < b.rounds; round++ { // the first warms up
		for i := range stacks {
			at := i
			if round%2 != 0 {
				at = len(stacks) - 1 - i // who is first has no advantage
			}
			s, err := b.press(l, r.path, stacks[at], round < 0)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", stacks[at].Name, l.title, err)
			}
			if round >= 0 {
				lines[at].Samples = append(lines[at].Samples, s)
			}
		}
	}
	for i, s := range stacks {
		rss, err := s.RSS()
		if err != nil {
			return nil, err
		}
		lines[i].RSS = rss
		lines[i].conclude(lines[0])
		fmt.Fprintln(os.Stderr, "  "+lines[i].String())
	}
	return lines, nil
}

// press puts one stack under load.
func (b *bench) press(l pressure, path string, s *stack.Stack, warm bool) (sample, error) {
	long := b.turn
	if warm {
		long /= 2
	}
	before, err := s.CPU()
	if err != nil {
		return sample{}, err
	}
	result, err := l.press(context.Background(), s.URL+path, long)
	if err != nil {
		return sample{}, err
	}
	after, err := s.CPU()
	if err != nil {
		return sample{}, err
	}
	used, err := after.Since(before)
	if err != nil {
		return sample{}, err
	}
	result.CPU = used / time.Duration(result.Requests)
	return result, nil
}

// startAll starts the contestants. A peer that is missing is left out, by name.
func (b *bench) startAll(all []contestant) (stacks []*stack.Stack, err error) {
	for _, c := range all {
		s, err := c.start(b, c.name)
		var missing *stack.Missing
		if errors.As(err, &missing) {
			b.missing[c.name+" ("+missing.Error()+")"] = true
			fmt.Fprintf(os.Stderr, "  %s is left out: %v\n", c.name, missing)
			continue
		}
		if err != nil {
			stopAll(stacks)
			return nil, err
		}
		stacks = append(stacks, s)
	}
	return stacks, nil
}

func stopAll(stacks []*stack.Stack) {
	for _, s := range stacks {
		s.Stop()
	}
}

// measured is the measure of an ordinary row: all contestants under all loads.
func measured(b *bench, r row) ([]*line, error) {
	stacks, err := b.startAll(r.contestants)
	if err != nil {
		return nil, err
	}
	defer stopAll(stacks)
	if err := r.agree(stacks); err != nil {
		return nil, err
	}
	var all []*line
	for _, l := range r.loads {
		lines, err := b.race(r, l, stacks)
		if err != nil {
			return nil, err
		}
		all = append(all, lines...)
	}
	return all, nil
}

// agree wants all stacks to answer alike: who does other work cannot be
// compared.
func (r row) agree(stacks []*stack.Stack) error {
	var first string
	for i, s := range stacks {
		body, err := s.Get(r.path)
		if err != nil {
			return err
		}
		text := string(body)
		if r.normal != nil {
			text = r.normal(text)
		}
		if i == 0 {
			first = text
		} else if text != first {
			return fmt.Errorf("%s answers %d bytes that differ from the %d of %s: %s", s.Name, len(text), len(first), stacks[0].Name, difference(first, text))
		}
	}
	return nil
}

// difference shows where two texts part.
func difference(a, b string) string {
	at := 0
	for at < len(a) && at < len(b) && a[at] == b[at] {
		at++
	}
	show := func(s string) string { return s[max(0, min(at-20, len(s))):min(at+60, len(s))] }
	return fmt.Sprintf("%q and %q", show(a), show(b))
}

// staticFiles makes the files that are served, once.
func (b *bench) staticFiles() (string, error) {
	if b.files != "" {
		return b.files, nil
	}
	b.files = filepath.Join(b.dir, "files")
	return b.files, writeFiles(b.files)
}

// writeJSON writes all figures.
func (s *sheet) writeJSON(file string) error {
	text, err := json.MarshalIndent(s, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}
