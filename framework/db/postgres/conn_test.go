package postgres_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/db"
)

// waitFor returns once a session of the test's database does what where says.
func waitFor(t *testing.T, d *db.DB, where string, args ...any) {
	t.Helper()
	query := `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND ` + where
	for count(t, d, query, args...) == 0 {
		check(t, t.Context().Err())
	}
}

func writerPID(ctx context.Context, t *testing.T, d *db.DB) (pid int) {
	t.Helper()
	check(t, d.Write(ctx, func(ctx context.Context) error {
		var err error
		pid, err = db.One[int](ctx, d, `SELECT pg_backend_pid()`)
		return err
	}))
	return pid
}

func TestTransactionWhoseContextEndsKeepsTheConnection(t *testing.T) {
	t.Parallel()
	conf := newConfig(t)
	conf.Database.Readers = 1
	d, other := start(t, conf, board()), start(t, conf, board())
	before := writerPID(t.Context(), t, d)
	ctx, cancel := context.WithCancel(t.Context())
	written := make(chan error)
	go func() {
		written <- d.Write(ctx, func(ctx context.Context) error {
			check(t, insert(ctx, d, "undone"))
			_, err := d.Exec(ctx, `SELECT pg_sleep(600)`)
			return err
		})
	}()
	waitFor(t, other, `pid = ? AND query LIKE '%pg_sleep%' AND state = 'active'`, before)
	cancel()
	if err := <-written; !errors.Is(err, context.Canceled) {
		t.Errorf("Write returned %v", err)
	}
	if after := writerPID(t.Context(), t, d); after != before {
		t.Errorf("the connection was given up: %d became %d", before, after)
	}
	if got := questions(t, d); len(got) != 0 {
		t.Errorf("the database has %q", got)
	}
}

func TestCommitThatHasBegunIsFinished(t *testing.T) {
	t.Parallel()
	conf := newConfig(t)
	d := start(t, conf, and("0002_slow.sql", `-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NULL; END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON question DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION wait();
`))
	ctx, cancel := context.WithCancel(t.Context())
	written, after := make(chan error), false
	check(t, d.Write(t.Context(), func(held context.Context) error {
		_, err := d.Exec(held, `SELECT pg_advisory_xact_lock(7)`)
		check(t, err)
		go func() {
			written <- d.Write(ctx, func(ctx context.Context) error {
				db.AfterCommit(ctx, func(context.Context) { after = true })
				return insert(ctx, d, "kept")
			})
		}()
		waitFor(t, d, `query ILIKE 'commit%' AND wait_event = 'advisory'`)
		cancel()
		// A request to stop the commit would be there before these connections.
		start(t, conf, board())
		return nil
	}))
	if err := <-written; err != nil || !after {
		t.Errorf("Write returned %v, and it is %v that AfterCommit ran", err, after)
	}
	if got := questions(t, d); !slices.Equal(got, []string{"kept"}) {
		t.Errorf("the database has %q", got)
	}
}

func TestWriteTakesAnotherConnectionForALostOne(t *testing.T) {
	t.Parallel()
	conf := newConfig(t)
	conf.Database.Readers = 1
	d, other := start(t, conf, board()), start(t, conf, board())
	before := writerPID(t.Context(), t, d)
	_, err := other.Exec(t.Context(), `SELECT pg_terminate_backend(?, 5000)`, before)
	check(t, err)
	if after := writerPID(t.Context(), t, d); after == before {
		t.Error("the lost connection is still used")
	}
}

func TestInterruptedMigrationIsUndone(t *testing.T) {
	t.Parallel()
	conf := newConfig(t)
	d := start(t, conf, board())
	ctx, cancel := context.WithCancel(t.Context())
	migrated := make(chan error)
	go func() {
		migrated <- db.New(conf, and("0002_slow.sql",
			"-- +goose Up\nCREATE TABLE half (n INTEGER);\nSELECT pg_sleep(600);\n")).Migrate(ctx)
	}()
	waitFor(t, d, `query LIKE '%pg_sleep%' AND state = 'active'`)
	cancel()
	err := <-migrated
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Migrate returned %v", err)
	}
	says(t, err, "migrations/0002_slow.sql:3: ", "It was interrupted: the schema stays at version 1")
	if n := count(t, d, `SELECT count(*) FROM pg_class WHERE relname = 'half'`); n != 0 {
		t.Error("half of the migration stays")
	}
}

func TestConnectionStuckInATransactionLeavesThePool(t *testing.T) {
	t.Parallel()
	conf := newConfig(t)
	d, other := start(t, conf, board()), start(t, conf, board())
	_, err := db.One[int](t.Context(), d, `BEGIN`)
	says(t, err, "no row")
	stuck := func() int {
		return count(t, other, `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND state LIKE 'idle in transaction%'`)
	}
	// Its snapshot would keep rows from being removed for as long as nobody
	// happens to need the connection.
	for deadline := time.Now().Add(10 * time.Second); stuck() > 0; {
		if time.Now().After(deadline) {
			t.Fatal("a connection waits in the pool with an open transaction")
		}
	}
}
