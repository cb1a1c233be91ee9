package db_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/db"
)

// increments is what each process adds to the counter.
const increments = 150

// roles are what the processes of a test do, given the root of the app.
var roles = map[string]func(ctx context.Context, root string) error{
	"increment": increment,
	"migrate":   migrate,
	"open":      openEmpty,
}

// increment reads and then writes in one transaction, again and again.
func increment(ctx context.Context, root string) error {
	d := db.New(newConfig(root, config.Production), board())
	if err := d.Start(ctx); err != nil {
		return err
	}
	for range increments {
		err := d.Write(ctx, func(ctx context.Context) error {
			n, err := db.One[int](ctx, d, `SELECT n FROM counter`)
			if err != nil {
				return err
			}
			_, err = d.Exec(ctx, `UPDATE counter SET n = ?`, n+1)
			return err
		})
		if err != nil {
			return err
		}
	}
	return d.Close(ctx)
}

func TestReadThenWriteFromSeveralProcessesLosesNothing(t *testing.T) {
	t.Parallel()
	conf := newConfig(t.TempDir(), config.Production)
	d := start(t, conf, board())
	processes(t, 3, "increment", conf.Root)
	if n := count(t, d, `SELECT n FROM counter`); n != 3*increments {
		t.Errorf("counter is %d after 3 × %d increments", n, increments)
	}
}

// steps are migrations that would fail or count twice if applied twice.
func steps() []string {
	files := []string{"0001_counter.sql", "-- +goose Up\nCREATE TABLE counter (n INTEGER NOT NULL);\nINSERT INTO counter VALUES (0);\n"}
	for i := range 5 {
		files = append(files, fmt.Sprintf("%04d_step.sql", i+2), "-- +goose Up\nUPDATE counter SET n = n + 1;\n")
	}
	return files
}

// migrate prints a line for each migration that this process applied.
func migrate(ctx context.Context, root string) error {
	d := db.New(newConfig(root, config.Production), migrations(steps()...))
	d.Log = slog.New(slog.NewTextHandler(os.Stdout, nil))
	if err := d.Migrate(ctx); err != nil {
		return err
	}
	return d.Start(ctx)
}

func TestTwoProcessesMigrateAtOnce(t *testing.T) {
	t.Parallel()
	conf := newConfig(t.TempDir(), config.Production)
	said := processes(t, 2, "migrate", conf.Root)
	if n := strings.Count(said, "migration applied"); n != 6 {
		t.Errorf("%d migrations applied by the two, expected 6:\n%s", n, said)
	}
	d := start(t, conf, migrations(steps()...))
	if n := count(t, d, `SELECT n FROM counter`); n != 5 {
		t.Errorf("counter is %d, so steps ran more or less than once", n)
	}
}

// openEmpty starts on a file that nobody has made yet.
func openEmpty(ctx context.Context, root string) error {
	d := db.New(newConfig(root, config.Production), nil)
	if err := d.Start(ctx); err != nil {
		return err
	}
	if _, err := d.Exec(ctx, `CREATE TABLE IF NOT EXISTS t (x)`); err != nil {
		return err
	}
	mode, err := db.One[string](ctx, d, `PRAGMA journal_mode`)
	fmt.Println("journal", mode)
	return err
}

func TestProcessesThatStartTogetherTurnTheLogOn(t *testing.T) {
	t.Parallel()
	said := processes(t, 6, "open", t.TempDir())
	if n := strings.Count(said, "journal wal"); n != 6 {
		t.Errorf("%d of 6 processes have the write-ahead log:\n%s", n, said)
	}
}
