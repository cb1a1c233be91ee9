package question

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPage(t *testing.T) {
	for _, c := range []struct {
		total, number        int
		want, last, pre, nex int
	}{
		{0, 1, 1, 1, 0, 0},
		{10, 1, 1, 1, 0, 0},
		{11, 1, 1, 2, 0, 2},
		{11, 2, 2, 2, 1, 0},
		{11, 9, 2, 2, 1, 0},
		{11, -3, 1, 2, 0, 2},
	} {
		p := newPage(c.total, c.number)
		got := []int{p.Number, p.Last, p.Previous(), p.Next()}
		if d := cmp.Diff([]int{c.want, c.last, c.pre, c.nex}, got); d != "" {
			t.Errorf("page %d of %d: %s", c.number, c.total, d)
		}
	}
}

func TestPageNumbers(t *testing.T) {
	for _, c := range []struct {
		total, number int
		want          []int
	}{
		{0, 1, []int{1}},
		{30, 2, []int{1, 2, 3}},
		{300, 1, []int{1, 2, 3, 4, 5, 6, 0, 30}},
		{300, 15, []int{1, 0, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 0, 30}},
		{300, 30, []int{1, 0, 25, 26, 27, 28, 29, 30}},
	} {
		if d := cmp.Diff(c.want, newPage(c.total, c.number).Numbers()); d != "" {
			t.Errorf("page %d of %d: %s", c.number, c.total, d)
		}
	}
}

func TestOrdinalCountsDown(t *testing.T) {
	if got := newPage(21, 3).Ordinal(0); got != 1 {
		t.Errorf("first row of the last page has number %d, want 1", got)
	}
}
