package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/db"
)

// addOne reads the counter, lets meanwhile happen, and writes it.
func addOne(ctx context.Context, d *db.DB, meanwhile func()) error {
	n, err := db.One[int](ctx, d, `SELECT n FROM counter`)
	if err != nil {
		return err
	}
	meanwhile()
	_, err = d.Exec(ctx, `UPDATE counter SET n = ?`, n+1)
	return err
}

func nothing() {}

// once runs a function the first time only.
func once(fn func()) func() {
	done := false
	return func() {
		if !done {
			done = true
			fn()
		}
	}
}

func TestConflictingWriteRunsAgain(t *testing.T) {
	t.Parallel()
	tests := map[string]func(ctx context.Context, d *db.DB, meanwhile func()) error{
		"its error returned": addOne,
		"its error hidden": func(ctx context.Context, d *db.DB, meanwhile func()) error {
			if addOne(ctx, d, meanwhile) != nil {
				return errors.New("it did not work out")
			}
			return nil
		},
		"its error swallowed": func(ctx context.Context, d *db.DB, meanwhile func()) error {
			_ = addOne(ctx, d, meanwhile)
			return nil
		},
		"in a savepoint": func(ctx context.Context, d *db.DB, meanwhile func()) error {
			_ = d.Write(ctx, func(ctx context.Context) error { return addOne(ctx, d, meanwhile) })
			return nil
		},
	}
	for name, write := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conf := newConfig(t)
			d, other := start(t, conf, board()), start(t, conf, board())
			meanwhile := once(func() {
				check(t, other.Write(t.Context(), func(ctx context.Context) error { return addOne(ctx, other, nothing) }))
			})
			runs, after := 0, 0
			check(t, d.Write(t.Context(), func(ctx context.Context) error {
				runs++
				db.AfterCommit(ctx, func(context.Context) { after++ })
				return write(ctx, d, meanwhile)
			}))
			if n := count(t, d, `SELECT n FROM counter`); n != 2 || runs != 2 || after != 1 {
				t.Errorf("the counter is %d after %d runs and %d times AfterCommit, expected 2, 2, 1", n, runs, after)
			}
		})
	}
}

func TestConflictsForeverAreBusy(t *testing.T) {
	t.Parallel()
	conf := newConfig(t)
	other := start(t, conf, board())
	impatient := *conf
	impatient.Database.BusyTimeout = time.Millisecond
	d := start(t, &impatient, board())
	err := d.Write(t.Context(), func(ctx context.Context) error {
		return addOne(ctx, d, func() { check(t, addOne(t.Context(), other, nothing)) })
	})
	var busy *db.BusyError
	if !errors.As(err, &busy) || busy.StatusCode() != 503 {
		t.Errorf("Write returned %v", err)
	}
	says(t, err, "postgres/postgres_test.go", "others that change the same rows", "database.busy_timeout")
}

func TestWritersOfOneProcessRunSideBySide(t *testing.T) {
	t.Parallel()
	d := open(t)
	check(t, d.Write(t.Context(), func(ctx context.Context) error {
		check(t, insert(ctx, d, "first"))
		done := make(chan error)
		go func() { done <- insert(t.Context(), d, "second") }()
		return <-done // with one writer this would wait forever
	}))
	if got := questions(t, d); len(got) != 2 {
		t.Errorf("the database has %q", got)
	}
}

func TestStatementAfterAFailedOneNamesTheWayOut(t *testing.T) {
	t.Parallel()
	d := open(t)
	check(t, insert(t.Context(), d, "taken"))
	err := d.Write(t.Context(), func(ctx context.Context) error {
		_ = insert(ctx, d, "taken")
		return insert(ctx, d, "next")
	})
	says(t, err, "an earlier statement failed", "Write of its own", "postgres/main_test.go")
	err = d.Write(t.Context(), func(ctx context.Context) error {
		check(t, insert(ctx, d, "undone"))
		_ = insert(ctx, d, "taken")
		return nil
	})
	says(t, err, "all of it is undone", "Write of its own")
	if got := questions(t, d); !slices.Equal(got, []string{"taken"}) {
		t.Errorf("the database has %q", got)
	}
}

func TestInsertReturnsThePrimaryKey(t *testing.T) {
	t.Parallel()
	d := start(t, newConfig(t), and("0002_keys.sql", `-- +goose Up
CREATE SCHEMA shop;
CREATE TABLE shop."Order" ("Number" SERIAL PRIMARY KEY, note TEXT);
CREATE TABLE token (token TEXT PRIMARY KEY, n BIGINT GENERATED ALWAYS AS IDENTITY (START 70));
CREATE VIEW questions AS SELECT * FROM question;
`))
	tests := []struct {
		query string
		args  []any
		want  int64
	}{
		{insertQuestion, []any{"a"}, 1},
		{insertQuestion + `; -- and done`, []any{"b"}, 2},
		{`INSERT INTO question (subject) VALUES ('c'), ('d')`, nil, 4},
		{`INSERT INTO question (subject) SELECT subject || 'x' FROM question WHERE id < ?`, []any{0}, 0},
		{insertQuestion + ` ON CONFLICT DO NOTHING`, []any{"a"}, 0},
		{`WITH s AS (SELECT 'with'::text AS x) INSERT INTO question (subject) SELECT x FROM s`, nil, 6},
		{`INSERT INTO shop."Order" (note) VALUES (?)`, []any{"x"}, 1},
		{`INSERT INTO token VALUES (?)`, []any{"x"}, 0},
		{`INSERT INTO token VALUES (?) RETURNING n, token`, []any{"y"}, 71},
		{`INSERT INTO vote VALUES (?, ?)`, []any{1, 2}, 0},
		{`INSERT INTO questions (id, subject) VALUES (99, 'view')`, nil, 0},
	}
	for _, test := range tests {
		if id, err := d.Insert(t.Context(), test.query, test.args...); err != nil || id != test.want {
			t.Errorf("%s returned %d, %v, expected %d", test.query, id, err, test.want)
		}
	}
}

func TestUniqueColumnsThatNeedQuotes(t *testing.T) {
	t.Parallel()
	d := start(t, newConfig(t), migrations("0001_odd.sql",
		"-- +goose Up\nCREATE TABLE \"Odd\" (\"my \"\"Key\"\"\" INTEGER, b TEXT, UNIQUE (b, \"my \"\"Key\"\"\"));\n"))
	const query = `INSERT INTO "Odd" VALUES (1, 'a')=(b)')`
	_, err := d.Exec(t.Context(), strings.Replace(query, `'a')=(b)'`, `'a)=(b'`, 1))
	check(t, err)
	_, err = d.Exec(t.Context(), strings.Replace(query, `'a')=(b)'`, `'a)=(b'`, 1))
	if !db.IsUnique(err, `Odd.b`, `Odd.my "Key"`) {
		t.Errorf("Exec returned %v", err)
	}
}

func TestJSONOperatorsAndTypes(t *testing.T) {
	t.Parallel()
	d := open(t)
	has, err := db.One[bool](t.Context(), d, `SELECT '{"a": 1}'::jsonb ?? ?`, "a")
	if err != nil || !has {
		t.Errorf("the operator ? returned %v, %v", has, err)
	}
	type row struct {
		Flag  bool
		Small int16
		Real  float64
		Bytes []byte
		Doc   []byte
		Exact string
		ID    string
		Day   time.Time
		Zoned time.Time
		None  *string
		Names string
	}
	got, err := db.One[row](t.Context(), d, `SELECT true AS flag, 7::int2 AS small, 1.5::float4 AS real, '\x00ff'::bytea AS bytes,
		'{"a": 1}'::jsonb AS doc, 1.10::numeric AS exact, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid AS id,
		'2026-03-01'::date AS day, '2026-03-01 09:00+09'::timestamptz AS zoned, NULL AS none, ARRAY['a', 'b'] AS names`)
	check(t, err)
	midnight := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	if !got.Flag || got.Small != 7 || got.Real != 1.5 || string(got.Bytes) != "\x00\xff" || string(got.Doc) != `{"a": 1}` ||
		got.Exact != "1.10" || got.ID != "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11" || got.None != nil || got.Names != "{a,b}" {
		t.Errorf("read %+v", got)
	}
	if got.Day != midnight || got.Zoned != midnight {
		t.Errorf("read the day %v and the time %v, expected %v", got.Day, got.Zoned, midnight)
	}
}

func TestZonedTimesAreStoredAndReadInUTC(t *testing.T) {
	t.Parallel()
	d := start(t, newConfig(t), migrations("0001_event.sql",
		"-- +goose Up\nCREATE TABLE event (id SERIAL PRIMARY KEY, zoned TIMESTAMPTZ, plain TIMESTAMP);\n"))
	at := time.Date(2026, 3, 1, 21, 0, 0, 123_456_789, time.FixedZone("KST", 9*60*60))
	want := at.UTC().Truncate(time.Microsecond)
	for _, arg := range []any{at, &at, sql.NullTime{Time: at, Valid: true}} {
		id, err := d.Insert(t.Context(), `INSERT INTO event (zoned, plain) VALUES (?, ?)`, arg, arg)
		check(t, err)
		got, err := db.One[struct{ Zoned, Plain time.Time }](t.Context(), d, `SELECT zoned, plain FROM event WHERE id = ?`, id)
		if err != nil || got.Zoned != want || got.Plain != want {
			t.Errorf("%T came back as %v, %v, expected %v", arg, got, err, want)
		}
	}
	var none *time.Time
	_, err := d.Insert(t.Context(), `INSERT INTO event (zoned, plain) VALUES (?, ?)`, none, sql.NullTime{})
	check(t, err)
	if n := count(t, d, `SELECT count(*) FROM event WHERE zoned IS NULL AND plain IS NULL`); n != 1 {
		t.Errorf("%d rows without a time", n)
	}
}

func TestEndedContextStopsTheStatementAndKeepsTheConnection(t *testing.T) {
	t.Parallel()
	conf := newConfig(t)
	conf.Database.Readers = 1
	d := start(t, conf, board())
	pid := func(ctx context.Context) int {
		n, err := db.One[int](ctx, d, `SELECT pg_backend_pid()`)
		check(t, err)
		return n
	}
	before := pid(t.Context())
	ctx, cancel := context.WithCancel(t.Context())
	sleeping := make(chan error)
	go func() {
		_, err := db.One[string](ctx, d, `SELECT pg_sleep(600)::text`)
		sleeping <- err
	}()
	other := start(t, conf, board())
	for count(t, other, `SELECT count(*) FROM pg_stat_activity WHERE pid = ? AND query LIKE '%pg_sleep%' AND state = 'active'`, before) == 0 {
		check(t, t.Context().Err())
	}
	cancel()
	if err := <-sleeping; !errors.Is(err, context.Canceled) {
		t.Errorf("the statement returned %v", err)
	}
	if after := pid(t.Context()); after != before {
		t.Errorf("the connection was given up: %d became %d", before, after)
	}
}

func TestStatementsHaveATimeLimit(t *testing.T) {
	t.Parallel()
	conf := newConfig(t)
	conf.Workers.RequestTimeout = time.Second
	d := start(t, conf, board())
	_, err := db.One[string](t.Context(), d, `SELECT pg_sleep(600)::text`)
	says(t, err, "workers.request_timeout (1s)", "statement_timeout", "postgres/postgres_test.go")
	conf.Database.URL += "&statement_timeout=60000"
	limit, err := db.One[string](t.Context(), start(t, conf, board()), `SHOW statement_timeout`)
	if err != nil || limit != "1min" {
		t.Errorf("the limit of the URL became %s, %v", limit, err)
	}
}

func TestWaitingForARowHasATimeLimit(t *testing.T) {
	t.Parallel()
	conf := newConfig(t)
	holder := start(t, conf, board())
	impatient := *conf
	impatient.Database.BusyTimeout = time.Millisecond
	d := start(t, &impatient, board())
	check(t, holder.Write(t.Context(), func(ctx context.Context) error {
		check(t, addOne(ctx, holder, nothing))
		var busy *db.BusyError
		if err := addOne(t.Context(), d, nothing); !errors.As(err, &busy) {
			t.Errorf("the other writer got %v", err)
		}
		return nil
	}))
}

func TestMissingDatabase(t *testing.T) {
	t.Parallel()
	conf := config.Default(t.TempDir())
	conf.Database.URL = server.Missing(t)
	d := db.New(conf, board())
	says(t, d.Start(t.Context()), "lacks migrations/0001_board.sql", "migrate up")
	says(t, d.Migrate(t.Context()), "does not exist", "createdb test_")
	conf.Env = config.Development
	start(t, conf, board())
}

func TestUnreachableServer(t *testing.T) {
	t.Parallel()
	conf := config.Default(t.TempDir())
	conf.Database.URL = "postgres://qna:topsecret@127.0.0.1:1/qna"
	for _, err := range []error{db.New(conf, nil).Start(t.Context()), db.New(conf, nil).Migrate(t.Context())} {
		says(t, err, "no connection to postgres://127.0.0.1:1/qna")
		if strings.Contains(err.Error(), "topsecret") {
			t.Errorf("the password is in %v", err)
		}
	}
}

func TestFailingMigrationOnPostgres(t *testing.T) {
	t.Parallel()
	conf := newConfig(t)
	d := start(t, conf, board())
	err := db.New(conf, and("0002_bad.sql",
		"-- +goose Up\nCREATE TABLE a (x INTEGER);\n\nALTER TABLE nowhere ADD COLUMN x INTEGER;\n")).Migrate(t.Context())
	says(t, err, "migrations/0002_bad.sql:4: ", "nowhere", "rolled back", "stays at version 1")
	if n := count(t, d, `SELECT count(*) FROM pg_class WHERE relname = 'a'`); n != 0 {
		t.Error("half of the migration stays")
	}
	check(t, db.New(conf, and("0002_index.sql",
		"-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX CONCURRENTLY answer_question ON answer (question_id);\n")).Migrate(t.Context()))
}

func TestMigrationWaitsForTheOneThatHasTheLock(t *testing.T) {
	t.Parallel()
	conf := newConfig(t)
	d := start(t, conf, board())
	check(t, d.Write(t.Context(), func(ctx context.Context) error {
		_, err := d.Exec(ctx, `SELECT pg_advisory_xact_lock(?)`, int64(0x6472616d_6d696772))
		check(t, err)
		waiting, cancel := context.WithCancel(t.Context())
		migrated := make(chan error)
		go func() { migrated <- db.New(conf, board()).Migrate(waiting) }()
		const asks = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE ? AND pid <> pg_backend_pid()`
		for count(t, d, asks, "SELECT pg_try_advisory_lock%") == 0 {
			check(t, t.Context().Err())
		}
		cancel()
		says(t, <-migrated, "another process is migrating")
		return nil
	}))
	check(t, db.New(conf, board()).Migrate(t.Context()))
}

func TestMigrationGoesOnWhenTheLockIsFree(t *testing.T) {
	t.Parallel()
	conf := newConfig(t)
	d := start(t, conf, board())
	migrated := make(chan error)
	check(t, d.Write(t.Context(), func(ctx context.Context) error {
		_, err := d.Exec(ctx, `SELECT pg_advisory_xact_lock(?)`, int64(0x6472616d_6d696772))
		check(t, err)
		go func() {
			migrated <- db.New(conf, and("0002_more.sql", "-- +goose Up\nCREATE TABLE more (n INTEGER);\n")).Migrate(t.Context())
		}()
		waitFor(t, d, `query LIKE 'SELECT pg_try_advisory_lock%' AND state = 'idle'`) // it was told no
		if n := count(t, d, `SELECT count(*) FROM pg_class WHERE relname = 'more'`); n != 0 {
			t.Error("it has not waited")
		}
		return nil
	}))
	check(t, <-migrated)
	count(t, d, `SELECT count(*) FROM more`)
}

func TestLostConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	conf := newConfig(t)
	conf.Database.Readers = 1
	d := start(t, conf, board())
	pid := count(t, d, `SELECT pg_backend_pid()`)
	_, err := d.Exec(t.Context(), `SELECT pg_terminate_backend(?, 5000)`, pid)
	check(t, err)
	// The first use may be what finds out.
	if n, err := db.One[int](t.Context(), d, `SELECT n FROM counter`); err == nil && n != 0 {
		t.Errorf("read %d", n)
	}
	if again := count(t, d, `SELECT pg_backend_pid()`); again == pid {
		t.Error("the lost connection is still used")
	}
}

func TestErrorInTheMiddleOfRows(t *testing.T) {
	t.Parallel()
	d := open(t)
	_, err := db.All[int](t.Context(), d, `SELECT 1 / (3 - n) FROM generate_series(1, 5) AS n`)
	says(t, err, "division by zero", "postgres/postgres_test.go")
	_, err = d.Insert(t.Context(), `INSERT INTO question (subject) SELECT 'x' || (1 / (3 - n)) FROM generate_series(1, 5) AS n`)
	says(t, err, "division by zero")
	_, err = db.All[time.Time](t.Context(), d, `SELECT 'infinity'::timestamptz`)
	says(t, err, "timestamptz")
}

func TestValuesThatNoColumnHolds(t *testing.T) {
	t.Parallel()
	d := open(t)
	for name, ask := range map[string]func(ctx context.Context) error{
		"NUL":         func(ctx context.Context) error { return insert(ctx, d, "a\x00b") },
		"no UTF-8":    func(ctx context.Context) error { return insert(ctx, d, "\xff") },
		"no number":   func(ctx context.Context) error { return one(ctx, d, `SELECT id FROM question WHERE id = ?`, "x") },
		"a large id":  func(ctx context.Context) error { return one(ctx, d, `SELECT n FROM counter WHERE n = ?`, 1<<40) },
		"a small id":  func(ctx context.Context) error { return one(ctx, d, `SELECT n FROM counter WHERE n = ?`, -1<<40) },
		"a large sum": func(ctx context.Context) error { return one(ctx, d, `SELECT n FROM counter WHERE n + ? < 0`, 1<<31-1) },
		"a large digit": func(ctx context.Context) error {
			return one(ctx, d, `SELECT n FROM counter WHERE n = ?`, "99999999999")
		},
	} {
		check(t, set(t.Context(), d, 1))
		err := ask(t.Context())
		if value, ok := errors.AsType[*db.ValueError](err); !ok || value.StatusCode() != 400 {
			t.Errorf("%s: %v is no ValueError", name, err)
		}
		says(t, err, "postgres/")
	}
	// What the program does wrong is nobody's bad request.
	err := one(t.Context(), d, `SELECT n FROM counter WHERE n = ?`, struct{}{})
	if _, ok := errors.AsType[*db.ValueError](err); ok || err == nil {
		t.Errorf("an argument of a wrong type: %v", err)
	}
}

func one(ctx context.Context, d *db.DB, query string, args ...any) error {
	_, err := db.One[int](ctx, d, query, args...)
	return err
}

func set(ctx context.Context, d *db.DB, n int) error {
	_, err := d.Exec(ctx, `UPDATE counter SET n = ?`, n)
	return err
}
