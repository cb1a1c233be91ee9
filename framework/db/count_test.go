package db_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/db"
	"github.com/dram-go/dram/framework/trace"
)

func TestStatementsAreCounted(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		d := k.open(t)
		outer := db.Count(t.Context())
		ctx := db.Count(outer)
		check(t, insert(ctx, d, "a"))
		check(t, d.Read(ctx, func(ctx context.Context) error {
			_, err := db.All[string](ctx, d, `SELECT subject FROM question WHERE id IN (?)`, []int{1, 2})
			check(t, err)
			_, err = db.One[int](ctx, d, `SELECT n FROM counter`)
			return err
		}))
		check(t, d.Write(ctx, func(ctx context.Context) error {
			return d.Write(ctx, func(ctx context.Context) error { return insert(ctx, d, "b") })
		}))
		check(t, insert(outer, d, "c"))
		check(t, insert(t.Context(), d, "d"))
		if a, b, c := db.Statements(ctx), db.Statements(outer), db.Statements(t.Context()); a != 4 || b != 5 || c != 0 {
			t.Errorf("counted %d, %d and %d statements, expected 4, 5 and 0", a, b, c)
		}
	})
}

// list is a page with a query for each of n rows, and tells the line of that.
func list(d *db.DB, n int, place *string) http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		for i := range n {
			*place = here(1)
			_, _ = db.All[string](r.Context(), d, `SELECT text FROM answer
				WHERE question_id = ?`, i)
			_, _ = db.All[int](r.Context(), d, fmt.Sprint(`SELECT n FROM counter WHERE n <> `, i)) // not the same statement
		}
	})
}

func TestQueryPerRowIsNamedWithItsLine(t *testing.T) {
	t.Parallel()
	conf := sqlite.config(t, config.Development)
	d := start(t, conf, board())
	log, said := capture()
	d.Log = log
	second := db.New(conf, nil) // of two databases one watches
	second.Log = log
	request := httptest.NewRequest(http.MethodGet, "/question/list/?page=2", nil)
	var place string
	warnings := func(n int) (all []string) {
		said.Reset()
		d.Watch(second.Watch(list(d, n, &place))).ServeHTTP(httptest.NewRecorder(), request)
		for line := range strings.Lines(said.String()) {
			if strings.Contains(line, "level=WARN") {
				all = append(all, line)
			}
		}
		return all
	}
	if got := warnings(4); len(got) != 0 {
		t.Errorf("four times are worth a warning: %q", got)
	}
	got := warnings(12)
	if len(got) != 1 {
		t.Fatalf("%d warnings, expected 1: %q", len(got), got)
	}
	for _, word := range []string{"N+1", "caller=" + place, "times=12", "path=/question/list/", `sql="SELECT text FROM answer WHERE question_id = ?"`} {
		if !strings.Contains(got[0], word) {
			t.Errorf("%s does not say %s", got[0], word)
		}
	}
}

func TestProductionDoesNotWatch(t *testing.T) {
	t.Parallel()
	next := http.NewServeMux()
	for _, env := range []config.Env{config.Production, config.Test, config.Development} {
		d := db.New(newConfig(t.TempDir(), env), nil)
		watched := d.Watch(next) != http.Handler(next)
		if want := env != config.Production; watched != want || (d.Middleware() != nil) != want {
			t.Errorf("%s: the handler is wrapped: %v, there is middleware: %v", env, watched, d.Middleware() != nil)
		}
	}
}

func TestRecorderOfTheRequestLearnsOfStatements(t *testing.T) {
	t.Parallel()
	d := openBoard(t)
	rec := &trace.Recorder{}
	ctx := trace.NewContext(t.Context(), rec)
	check(t, d.Write(ctx, func(ctx context.Context) error {
		_, err := d.Insert(ctx, insertQuestion, "why?")
		check(t, err)
		_, err = d.Exec(ctx, `UPDATE question SET subject = ? WHERE id < ?`, strings.Repeat("가", 100), 9)
		check(t, err)
		_, err = db.All[string](ctx, d, `SELECT subject FROM question WHERE subject <> ? AND subject <> ?`, []byte("xyz"), time.Unix(0, 0))
		check(t, err)
		_, _ = db.One[int](ctx, d, `SELECT id FROM question WHERE id = 7`)
		_, _ = db.One[int](ctx, d, `SELECT absent FROM question`)
		return nil
	}))
	var told trace.Request
	rec.Fill(&told)
	want := []struct {
		sql, args, err string
		rows           int64
	}{
		{"BEGIN", "[]", "", -1},
		{insertQuestion, "[why?]", "", -1},
		{"UPDATE question SET subject = ? WHERE id < ?", "[" + strings.Repeat("가", 66) + "… 9]", "", 1},
		{"SELECT subject FROM question WHERE subject <> ? AND subject <> ?", "[3 bytes 1970-01-01T00:00:00Z]", "", 1},
		{"SELECT id FROM question WHERE id = 7", "[]", "", 0},
		{"SELECT absent FROM question", "[]", "no such column: absent", 0},
		{"COMMIT", "[]", "", -1},
	}
	if len(told.Queries) != len(want) {
		t.Fatalf("told of %+v", told.Queries)
	}
	for i, q := range told.Queries {
		w := want[i]
		if q.SQL != w.sql || fmt.Sprint(q.Args) != w.args || q.Error != w.err || q.Rows != w.rows || !strings.HasPrefix(q.Caller, "db/count_test.go:") {
			t.Errorf("statement %d is %+v, expected %+v", i, q, w)
		}
	}
}
