package db_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/db"
)

func TestOneAndAll(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		d := k.open(t)
		id, err := d.Insert(t.Context(), insertQuestion, "first")
		check(t, err)
		check(t, insert(t.Context(), d, "second"))
		one, err := db.One[question](t.Context(), d, `SELECT id, subject FROM question WHERE id = ?`, id)
		if err != nil || one != (question{1, "first"}) || id != 1 {
			t.Errorf("One returned %v, %v for id %d", one, err, id)
		}
		all, err := db.All[question](t.Context(), d, `SELECT id, subject FROM question ORDER BY id DESC`)
		if err != nil || !slices.Equal(all, []question{{2, "second"}, {1, "first"}}) {
			t.Errorf("All returned %v, %v", all, err)
		}
		none, err := db.All[question](t.Context(), d, `SELECT id, subject FROM question WHERE id > 5`)
		if err != nil || none == nil || len(none) != 0 {
			t.Errorf("All returned %#v, %v for no rows", none, err)
		}
	})
}

func TestListsFillIN(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		d := k.open(t)
		for _, subject := range []string{"a", "b", "c"} {
			check(t, insert(t.Context(), d, subject))
		}
		got, err := db.All[string](t.Context(), d, `SELECT subject FROM question WHERE id IN (?) AND subject <> ? ORDER BY id`, []int64{1, 2, 3}, "b")
		if err != nil || !slices.Equal(got, []string{"a", "c"}) {
			t.Errorf("All returned %q, %v", got, err)
		}
		_, err = db.All[string](t.Context(), d, `SELECT subject FROM question WHERE id IN (?)`, []int64{})
		says(t, err, "empty", "db/query_test.go")
	})
}

func TestFieldsAreColumnsInSnakeCase(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		type row struct {
			ID, AuthorID int
			HTMLBody     string
			X2Count      int
			Other        string `db:"renamed"`
		}
		got, err := db.One[row](t.Context(), k.open(t), `SELECT 1 AS id, 2 AS author_id, '<p>' AS html_body, 3 AS x2_count, 'o' AS renamed`)
		if want := (row{1, 2, "<p>", 3, "o"}); err != nil || got != want {
			t.Errorf("One returned %+v, %v", got, err)
		}
	})
}

func TestNoRowIsNotFound(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		_, err := db.One[question](t.Context(), k.open(t), "SELECT id, subject\n\tFROM question WHERE id = ?", 7)
		if !errors.Is(err, db.ErrNotFound) || !errors.Is(err, sql.ErrNoRows) {
			t.Errorf("One returned %v", err)
		}
		var status interface{ StatusCode() int }
		if !errors.As(err, &status) || status.StatusCode() != 404 {
			t.Errorf("%v has no status 404", err)
		}
		says(t, err, "db/query_test.go", "SELECT id, subject FROM question WHERE id = ?")
		if err := error(db.ErrNotFound); err.Error() != "not found" {
			t.Errorf("ErrNotFound says %q", err)
		}
	})
}

func TestFailingStatementNamesItselfAndTheCaller(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		d := k.open(t)
		_, err := db.All[question](t.Context(), d, `SELECT author FROM question`)
		says(t, err, "db/query_test.go:", "author", "SELECT author FROM question")
		_, err = d.Exec(t.Context(), `DELETE FROM nowhere`)
		says(t, err, "db/query_test.go:", "nowhere", "DELETE FROM nowhere")
	})
}

func TestUniqueViolations(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		d := start(t, k.config(t, config.Test), k.and(k.board(), "0002_index.sql",
			"-- +goose Up\nCREATE UNIQUE INDEX counter_even ON counter ((n / 2));\n"))
		twice := func(query string) error {
			_, err := d.Exec(t.Context(), query)
			check(t, err)
			_, err = d.Exec(t.Context(), query)
			return err
		}
		tests := []struct {
			query, unique string
			columns       []string
		}{
			{`INSERT INTO question (subject) VALUES ('a')`, "question.subject", []string{"question.subject"}},
			{`INSERT INTO answer (id, question_id, text) VALUES (5, 1, '')`, "answer.id", []string{"answer.id"}},
			{`INSERT INTO vote VALUES (1, 2)`, "vote.user_id,vote.question_id", []string{"vote.question_id", "vote.user_id"}},
			{`INSERT INTO counter VALUES (10)`, "counter_even", []string{"counter_even"}},
		}
		for _, test := range tests {
			err := twice(test.query)
			var unique interface{ Unique() string }
			if !errors.As(err, &unique) || unique.Unique() != test.unique {
				t.Errorf("%s: %v, expected a violation of %s", test.query, err, test.unique)
			}
			if !db.IsUnique(err, test.columns...) || !db.IsUnique(err) || db.IsUnique(err, "question.id") {
				t.Errorf("IsUnique is wrong about %v", err)
			}
		}
		if db.IsUnique(errOops) || db.IsUnique(nil) {
			t.Error("IsUnique takes any error")
		}
	})
}

func TestInsertThatInsertsNothing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		d := k.open(t)
		check(t, insert(t.Context(), d, "a"))
		id, err := d.Insert(t.Context(), insertQuestion+` ON CONFLICT DO NOTHING`, "a")
		if id != 0 || err != nil {
			t.Errorf("Insert returned %d, %v", id, err)
		}
	})
}

func TestExecOutsideWriteIsATransaction(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		d := k.open(t)
		_, err := d.Exec(t.Context(), `INSERT INTO question (subject) VALUES ('a'); INSERT INTO question (subject) VALUES ('a')`)
		if !db.IsUnique(err) {
			t.Errorf("Exec returned %v", err)
		}
		if got := questions(t, d); len(got) != 0 {
			t.Errorf("half of it stays: %q", got)
		}
		result, err := d.Exec(t.Context(), `INSERT INTO question (subject) VALUES ('a'), ('b')`)
		check(t, err)
		if n, _ := result.RowsAffected(); n != 2 {
			t.Errorf("%d rows affected", n)
		}
	})
}

func TestReturningOutsideWriteNamesTheWayOut(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		d := k.open(t)
		const query = insertQuestion + ` RETURNING id`
		_, err := db.One[int](t.Context(), d, query, "a")
		says(t, err, "Insert", "Write", "db/query_test.go")
		var id int
		check(t, d.Write(t.Context(), func(ctx context.Context) (err error) {
			id, err = db.One[int](ctx, d, query, "a")
			return err
		}))
		if id != 1 || count(t, d, `SELECT count(*) FROM question`) != 1 {
			t.Errorf("inside Write RETURNING gave %d", id)
		}
	})
}

func TestTimesFromThreeZonesSortAndComeBackInUTC(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		d := k.open(t)
		seoul := time.FixedZone("KST", 9*60*60)
		newYork := time.FixedZone("EST", -5*60*60)
		noon := time.Date(2026, 3, 1, 12, 0, 0, 123_456_789, time.UTC)
		times := []time.Time{ // in order
			noon.Add(-2 * time.Microsecond).In(seoul), noon.In(newYork), noon.Add(time.Hour), noon.Add(2 * time.Hour).In(seoul),
			noon.Add(3 * time.Hour).Truncate(time.Second).In(newYork), noon.Add(4 * time.Hour).Truncate(100 * time.Millisecond),
		}
		for _, i := range []int{3, 0, 5, 2, 4, 1} {
			_, err := d.Insert(t.Context(), `INSERT INTO event (id, at) VALUES (?, ?)`, i, times[i])
			check(t, err)
		}
		_, err := d.Exec(t.Context(), `INSERT INTO event (id, at) VALUES (6, CURRENT_TIMESTAMP), (7, '2126-01-01T00:00:00+09:00')`)
		check(t, err)
		events, err := db.All[struct {
			ID int
			At time.Time
		}](t.Context(), d, `SELECT id, at FROM event ORDER BY at`)
		check(t, err)
		for i, event := range events {
			if event.ID != i {
				t.Errorf("place %d has event %d: %v", i, event.ID, events)
			}
			if event.At.Location() != time.UTC {
				t.Errorf("event %d is at %v, not in UTC", i, event.At)
			}
			if i < len(times) && !event.At.Equal(times[i].Truncate(time.Microsecond)) {
				t.Errorf("event %d came back as %v, was %v", i, event.At, times[i])
			}
		}
		found := count(t, d, `SELECT count(*) FROM event WHERE at = ? OR at = ?`, times[1], sql.NullTime{Time: times[2], Valid: true})
		if found != 2 {
			t.Errorf("%d of 2 found by their time", found)
		}
		latest, err := db.One[*time.Time](t.Context(), d, `SELECT max(at) FROM event WHERE id < 3`)
		if err != nil || latest == nil || !latest.Equal(times[2].Truncate(time.Microsecond)) || latest.Location() != time.UTC {
			t.Errorf("max(at) is %v, %v", latest, err)
		}
		if now := d.Now(); now.Location() != time.UTC || now.Nanosecond()%1000 != 0 {
			t.Errorf("Now is %v", now)
		}
	})
}

func TestDevelopmentLogsStatements(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		for env, logs := range map[config.Env]bool{config.Development: true, config.Production: false, config.Test: false} {
			t.Run(string(env), func(t *testing.T) {
				t.Parallel()
				conf := k.config(t, env)
				check(t, db.New(conf, k.board()).Migrate(t.Context()))
				d := db.New(conf, k.board())
				log, said := capture()
				d.Log = log
				check(t, d.Start(t.Context()))
				defer d.Close(t.Context())
				place := here(1)
				_, err := db.All[int](t.Context(), d, "SELECT n\n\t\tFROM counter")
				check(t, err)
				_, err = d.Exec(t.Context(), `DELETE FROM counter WHERE n = ?`, 7)
				check(t, err)
				if !logs {
					if said.Len() > 0 {
						t.Errorf("said %s", said)
					}
					return
				}
				lines := strings.Split(strings.TrimSpace(said.String()), "\n")
				if len(lines) != 4 {
					t.Fatalf("4 lines expected: SELECT, BEGIN, DELETE, COMMIT:\n%s", said)
				}
				for _, word := range []string{"level=DEBUG", `sql="SELECT n FROM counter"`, "ms=", "caller=" + place} {
					if !strings.Contains(lines[0], word) {
						t.Errorf("%s does not say %s", lines[0], word)
					}
				}
				for i, word := range []string{"SELECT", "BEGIN", "DELETE", "COMMIT"} {
					if !strings.Contains(lines[i], word) || !strings.Contains(lines[i], "caller=db/query_test.go:") {
						t.Errorf("line %d is %s, expected %s with its caller", i, lines[i], word)
					}
				}
			})
		}
	})
}

func TestLifeOfADatabase(t *testing.T) {
	t.Parallel()
	conf := newConfig(t.TempDir(), config.Test)
	d := db.New(conf, board())
	_, err := db.One[int](t.Context(), d, `SELECT 1`)
	says(t, err, "not open", "app.Add")
	says(t, d.Write(t.Context(), nil), "not open")
	check(t, d.Check(t.Context())) // nothing is there yet, and nothing is wrong
	check(t, d.Close(t.Context()))

	check(t, d.Migrate(t.Context()))
	check(t, d.Start(t.Context()))
	says(t, d.Start(t.Context()), "already started")
	check(t, d.Check(t.Context()))
	check(t, d.Write(t.Context(), func(ctx context.Context) error { return d.Check(ctx) }))
	for path, mode := range map[string]os.FileMode{"data": 0o700, "data/app.db": 0o600, "data/app.db-wal": 0o600} {
		info, err := os.Stat(conf.Path(path))
		check(t, err)
		if info.Mode().Perm() != mode {
			t.Errorf("%s has mode %v, expected %v", path, info.Mode().Perm(), mode)
		}
	}
	check(t, d.Close(t.Context()))
	_, err = db.One[int](t.Context(), d, `SELECT 1`)
	says(t, err, "not open")
	check(t, d.Start(t.Context()))
	check(t, d.Close(t.Context()))
}

func TestBadURLs(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"app.db":                    "no scheme",
		"mysql:root@/qna":           "expected one of postgres, sqlite",
		"postgres:qna":              "postgres://USER@HOST/NAME",
		"postgresql://u:pw@h:x/qna": "port",
		"sqlite:":                   "names no file",
		"sqlite:///app.db":          "sqlite:PATH",
		"sqlite::memory:":           "in memory",
		"sqlite:a.db?mode=x":        "parameters",
	} {
		conf := newConfig(t.TempDir(), config.Test)
		conf.Database.URL = url
		d := db.New(conf, nil)
		says(t, d.Start(t.Context()), "database.url", want)
		says(t, d.Migrate(t.Context()), want)
		says(t, d.Check(t.Context()), want)
		_, err := d.MigrationStatus(t.Context())
		says(t, err, want)
	}
}
