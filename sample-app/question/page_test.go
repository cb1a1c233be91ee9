package question

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/db"
	_ "github.com/dram-go/dram/framework/db/sqlite"
)

// newStore is a board with n questions, "1" the oldest.
func newStore(t *testing.T, n int) *Store {
	t.Helper()
	conf := config.Default(t.TempDir())
	conf.Env = config.Test
	s := &Store{DB: db.New(conf, os.DirFS(".."))}
	must(t, s.DB.Migrate(t.Context()))
	must(t, s.DB.Start(t.Context()))
	t.Cleanup(func() { must(t, s.DB.Close(context.Background())) })
	must(t, s.DB.Write(t.Context(), func(ctx context.Context) error {
		for i := range n {
			if _, err := s.Add(ctx, Question{Subject: fmt.Sprint(i + 1), Created: s.DB.Now()}); err != nil {
				return err
			}
		}
		return nil
	}))
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
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
		p, err := newStore(t, c.total).List(t.Context(), c.number)
		must(t, err)
		got := []int{p.Number, p.Last(), p.Previous(), p.Next(), p.Total}
		if d := cmp.Diff([]int{c.want, c.last, c.pre, c.nex, c.total}, got); d != "" {
			t.Errorf("page %d of %d: %s", c.number, c.total, d)
		}
	}
}

// TestOrdinalCountsDown: the subjects are the numbers here.
func TestOrdinalCountsDown(t *testing.T) {
	t.Parallel()
	s := newStore(t, 21)
	for number, rows := range map[int]int{1: 10, 2: 10, 3: 1} {
		p, err := s.List(t.Context(), number)
		must(t, err)
		if len(p.Rows) != rows {
			t.Errorf("page %d has %d rows, want %d", number, len(p.Rows), rows)
		}
		for i, q := range p.Rows {
			if got := fmt.Sprint(p.Ordinal(i)); got != q.Subject {
				t.Errorf("row %d of page %d has number %s, want %s", i, number, got, q.Subject)
			}
		}
	}
}
