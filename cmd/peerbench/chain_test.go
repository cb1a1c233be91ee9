package main

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/dram-go/dram/cmd/peerbench/apps"
	"github.com/dram-go/dram/cmd/peerbench/stack"
)

func TestMain(m *testing.M) {
	apps.Main() // in the processes of a stack
	os.Exit(m.Run())
}

func TestRows(t *testing.T) {
	all := chainRows()
	names := map[string]bool{}
	for _, r := range all {
		if names[r.name] || r.title == "" || r.measure == nil || len(r.contestants) < 2 || r.contestants[0].name != ours {
			t.Errorf("row %+v", r)
		}
		names[r.name] = true
		for budget := range r.budgets {
			found := false
			for _, l := range r.loads {
				for _, c := range r.contestants {
					found = found || l.name+" "+c.name == budget
				}
			}
			if !found {
				t.Errorf("%s: a budget of %q, which nobody runs", r.name, budget)
			}
		}
	}
	if some, err := selectRows(all, []string{"board", "page"}); err != nil || len(some) != 2 || some[0].name != "board" {
		t.Errorf("%v, %v", some, err)
	}
	if _, err := selectRows(all, []string{"walk"}); err == nil {
		t.Error("a row that is none")
	}
}

// TestPageRow runs one row against what is installed, for as short as can be.
func TestPageRow(t *testing.T) {
	b := &bench{chainOptions: chainOptions{rounds: 1, turn: 50 * time.Millisecond}, dir: t.TempDir(), missing: map[string]bool{}}
	r, err := selectRows(chainRows(), []string{"page"})
	if err != nil {
		t.Fatal(err)
	}
	r[0].loads = []pressure{{name: "ordinary", title: "slow", connections: 4, rate: 200}}
	lines, err := r[0].measure(b, r[0])
	if err != nil {
		t.Fatal(err)
	}
	if len(lines)+len(b.missing) != len(r[0].contestants) {
		t.Errorf("%d lines, %v missing", len(lines), b.missing)
	}
	for _, l := range lines {
		if l.CPU <= 0 || l.Rate <= 0 || l.RSS <= 0 || l.Ratio <= 0 {
			t.Errorf("%+v", l)
		}
	}
}

// TestWhoAnswersDifferentlyIsRefused compares a page with static files.
func TestWhoAnswersDifferentlyIsRefused(t *testing.T) {
	b := &bench{chainOptions: chainOptions{rounds: 1}, dir: t.TempDir(), missing: map[string]bool{}}
	stacks, err := b.startAll([]contestant{{ours, dramPage(1)}, {one, dramFiles}})
	if err != nil {
		t.Fatal(err)
	}
	defer stopAll(stacks)
	if err := (row{path: "/"}).agree(stacks); err != nil {
		t.Error(err)
	}
	if err := (row{path: "/static/1k.bin"}).agree(stacks); err == nil {
		t.Error("the page passes for a file")
	}
}

func TestMissingPeersAreNamed(t *testing.T) {
	b := &bench{missing: map[string]bool{}}
	absent := func(*bench, string) (*stack.Stack, error) { return nil, &stack.Missing{Program: "walkd"} }
	stacks, err := b.startAll([]contestant{{"Walk", absent}})
	if err != nil || len(stacks) != 0 || !b.missing["Walk (walkd is not installed)"] {
		t.Errorf("%v, %v, %v", stacks, err, b.missing)
	}
	broken := func(*bench, string) (*stack.Stack, error) { return nil, errors.New("broken") }
	if _, err := b.startAll([]contestant{{"Walk", broken}}); err == nil {
		t.Error("a stack that fails is left out")
	}
}

func TestSameBoard(t *testing.T) {
	a := sameBoard("<a href=\"/static/css/pybo.941f4c1c70b8.css\">\n\n x</a>\n")
	if b := sameBoard("<a href=\"/static/css/pybo.css\"> x</a>"); a != b {
		t.Errorf("%q and %q", a, b)
	}
}
