package db_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/db"
)

// roles are what the processes of a test do.
var roles = map[string]func(ctx context.Context, conf *config.Config) error{
	"increment": increment,
	"migrate":   migrate,
	"open":      openEmpty,
	"sql":       sqlVerb,
}

// increment reads and then writes in one transaction, again and again until
// its standard input ends, and prints how often.
func increment(ctx context.Context, conf *config.Config) error {
	d := db.New(conf, board())
	if err := d.Start(ctx); err != nil {
		return err
	}
	var stop atomic.Bool
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop.Store(true)
	}()
	n := 0
	for ; !stop.Load(); n++ {
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
	fmt.Println("incremented", n)
	return d.Close(ctx)
}

// TestReadThenWriteFromSeveralProcessesLosesNothing has four processes at it
// for ten seconds: no error such as "locked", and no update lost.
func TestReadThenWriteFromSeveralProcessesLosesNothing(t *testing.T) {
	t.Parallel()
	length := 10 * time.Second
	if testing.Short() {
		length = time.Second
	}
	onBoth(t, func(t *testing.T, k kind) {
		conf := k.config(t, config.Production)
		d := start(t, conf, k.board())
		said := processes(t, 4, "increment", conf, length)
		total := 0
		for line := range strings.Lines(said) {
			var n int
			if _, err := fmt.Sscanf(line, "incremented %d", &n); err == nil {
				total += n
			}
		}
		if n := count(t, d, `SELECT n FROM counter`); n != total || n == 0 {
			t.Errorf("counter is %d after %d increments", n, total)
		}
	})
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
func migrate(ctx context.Context, conf *config.Config) error {
	d := db.New(conf, migrations(steps()...))
	d.Log = slog.New(slog.NewTextHandler(os.Stdout, nil))
	if err := d.Migrate(ctx); err != nil {
		return err
	}
	return d.Start(ctx)
}

func TestTwoProcessesMigrateAtOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		conf := k.config(t, config.Production)
		said := processes(t, 2, "migrate", conf, 0)
		if n := strings.Count(said, "migration applied"); n != 6 {
			t.Errorf("%d migrations applied by the two, expected 6:\n%s", n, said)
		}
		d := start(t, conf, k.migrations(steps()...))
		if n := count(t, d, `SELECT n FROM counter`); n != 5 {
			t.Errorf("counter is %d, so steps ran more or less than once", n)
		}
	})
}

// openEmpty starts on a file that nobody has made yet.
func openEmpty(ctx context.Context, conf *config.Config) error {
	d := db.New(conf, nil)
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
	said := processes(t, 6, "open", sqlite.config(t, config.Production), 0)
	if n := strings.Count(said, "journal wal"); n != 6 {
		t.Errorf("%d of 6 processes have the write-ahead log:\n%s", n, said)
	}
}
