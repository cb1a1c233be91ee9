package main

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestContendersAgree: a router that finds the wrong thing fast is not fast.
func TestContendersAgree(t *testing.T) {
	for _, table := range []table{board(), thousand()} {
		for _, c := range contenders(table) {
			for _, r := range table.requests {
				*c.noted = answer{route: -1}
				w := httptest.NewRecorder()
				c.serve.ServeHTTP(w, r.Request)
				c.noted.param = strings.TrimPrefix(c.noted.param, "/") // Gin's rest has its slash
				if want := (answer{r.route, r.param}); *c.noted != want || w.Code != 200 {
					t.Errorf("%s, %s %s: served by %v with status %d, want %v", c.name, r.Method, r.URL, *c.noted, w.Code, want)
				}
				if c.match == nil {
					continue
				}
				if got := c.match(r.Request); got.route < 0 || strings.TrimPrefix(got.param, "/") != r.param {
					t.Errorf("%s, %s %s: matched %v, want the parameter %q", c.name, r.Method, r.URL, got, r.param)
				}
			}
			for _, path := range []string{"/nowhere/at/all/", "/question/nothing/"} {
				if c.match != nil && c.match(httptest.NewRequest("GET", path, nil)).route >= 0 {
					t.Errorf("%s finds %s", c.name, path)
				}
			}
		}
	}
}

func TestTables(t *testing.T) {
	if n := len(board().routes); n != 29 {
		t.Errorf("the board has %d routes, not 29", n)
	}
	if n := len(thousand().routes); n != 1000 {
		t.Errorf("the large table has %d routes, not 1,000", n)
	}
}

// TestDramAllocatesNothing holds the promise of package router where the
// peers are measured, too.
func TestDramAllocatesNothing(t *testing.T) {
	for _, table := range []table{board(), thousand()} {
		for _, kind := range []string{"match", "serve"} {
			if n := testing.AllocsPerRun(20, newDram(table).pass(table, kind)); n != 0 {
				t.Errorf("%s, %s: %v allocations", table.name, kind, n)
			}
		}
	}
}

func TestReport(t *testing.T) {
	var b strings.Builder
	err := report(&b, "walk", []*lap{
		{name: "ours", ns: []float64{10, 20, 30}},
		{name: "theirs", ns: []float64{20, 30, 60}, allocs: 1},
	})
	want := "walk\n" +
		"            ns     ±  ratio  allocations\n" +
		"    ours  20.0  10.0   1.00          0.0\n" +
		"  theirs  30.0  20.0   2.00          1.0\n\n"
	if err != nil || b.String() != want {
		t.Errorf("%v\ngot\n%s\nwant\n%s", err, &b, want)
	}
}

func TestRun(t *testing.T) {
	for _, args := range [][]string{nil, {"walk"}, {"router", "--nothing"}} {
		if run(args) == nil {
			t.Errorf("run(%v) is accepted", args)
		}
	}
	var b strings.Builder
	if err := compare(&b, board(), "match", 1, time.Microsecond); err != nil {
		t.Fatal(err)
	}
	if lines := slices.Collect(strings.Lines(b.String())); len(lines) != 7 {
		t.Errorf("expected a title, a heading, four contenders and a gap:\n%s", &b)
	}
}
