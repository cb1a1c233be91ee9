package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
)

// versionTable is where goose keeps what was applied.
const versionTable = goose.DefaultTablename

// Migrate brings the schema up to this build: every file that was not applied
// yet runs once, in order, each in a transaction of its own. Processes that
// migrate at the same time do so one after the other. In production the
// database is copied first.
//
// Files that say "-- +dram after" wait for [DB.MigrateAfter], because an earlier
// build may be serving still. In a new database, and in development, there is
// none, and they run too.
//
// A file that was changed after it ran is told in the log, and does not run again.
//
// A failing file is rolled back and ends the run; the error names the file,
// the line and the version at which the schema stays.
func (d *DB) Migrate(ctx context.Context) error {
	return d.migrateLocked(ctx, func(p plan) ([]migration, error) { return p.pending, p.late() })
}

// MigrateAfter runs the files that say "-- +dram after", which take away what
// an earlier build needed: it is called once no earlier build serves any more.
// It fails if [DB.Migrate] has something to do first, and is otherwise as that.
func (d *DB) MigrateAfter(ctx context.Context) error {
	return d.migrateLocked(ctx, func(p plan) ([]migration, error) {
		if len(p.pending) > 0 {
			return nil, fmt.Errorf("%s has not run, and what comes after it cannot: run %s migrate up",
				p.pending[0].path(), config.Program())
		}
		return p.after, nil
	})
}

// migrateLocked runs those migrations of the plan that choose returns.
func (d *DB) migrateLocked(ctx context.Context, choose func(plan) ([]migration, error)) error {
	if d.broken != nil {
		return d.broken
	}
	files, err := migrationFiles(d.files)
	if err != nil {
		return err
	}
	existed, err := d.engine.Exists(ctx)
	if err != nil {
		return err
	}
	if err := d.engine.Prepare(ctx); err != nil {
		return fmt.Errorf("open database %s: %w", d.engine, err)
	}
	unlock, err := d.engine.Lock(ctx)
	if err != nil {
		return fmt.Errorf("lock database %s for migrations: %w", d.engine, err)
	}
	defer unlock()
	pool := d.engine.Open(Migrator)
	defer pool.Close()
	pool.SetMaxOpenConns(1)
	return d.migrate(ctx, pool, files, existed, choose)
}

// migrate runs under the lock. What is pending is asked only now: another
// process may have been faster.
func (d *DB) migrate(ctx context.Context, pool *sql.DB, files []migration, existed bool, choose func(plan) ([]migration, error)) error {
	p, err := d.compare(ctx, pool, files)
	if err != nil {
		return err
	}
	d.tellChanged(ctx, p.changed)
	chosen, err := choose(p)
	if err != nil || len(chosen)+len(p.unsummed) == 0 {
		return err
	}
	end := func(bool) error { return nil }
	if d.conf.Env == config.Production && existed && len(chosen) > 0 {
		if end, err = d.backup(ctx, p.version); err != nil {
			return err
		}
	}
	if err := d.remember(ctx, pool, p.unsummed...); err != nil {
		return errors.Join(err, end(false))
	}
	changed, err := d.applyAll(ctx, pool, chosen)
	return errors.Join(err, end(changed))
}

// applyAll runs migrations until one fails, and reports whether the database is
// another one than before.
func (d *DB) applyAll(ctx context.Context, pool *sql.DB, chosen []migration) (changed bool, err error) {
	run, err := d.newMigrationRun(pool)
	if err != nil {
		return false, err
	}
	for _, m := range chosen {
		start := time.Now()
		if err := run.apply(ctx, m); err != nil {
			changed = changed || !run.transactional(m) && len(run.statements.executed) > 0
			return changed, d.migrationError(ctx, pool, m, run, err)
		}
		changed = true
		if err := d.remember(ctx, pool, m); err != nil {
			return changed, err
		}
		d.logger().Log(ctx, d.noticeLevel(), "migration applied",
			"file", m.path(), "ms", time.Since(start).Milliseconds())
	}
	return changed, nil
}

// alone reports whether no other build can be serving: in development a new
// process takes the place of the one before.
func (d *DB) alone() bool { return d.conf.Env == config.Development }

// noticeLevel keeps what happens in every single test out of their output.
func (d *DB) noticeLevel() slog.Level {
	if d.conf.Env == config.Test {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// backup copies the database. When the migrations have ended, end is to be
// told whether they changed anything.
func (d *DB) backup(ctx context.Context, version int64) (end func(changed bool) error, err error) {
	to, err := d.engine.Backup(ctx, version)
	if err != nil {
		return nil, fmt.Errorf("back up database %s before migrating (nothing was changed): %w", d.engine, err)
	}
	if to != "" {
		d.logger().InfoContext(ctx, "database backed up before migrating", "copy", to)
	}
	return func(changed bool) error {
		if err := d.engine.EndBackup(to, changed); err != nil {
			return fmt.Errorf("remove copies of database %s after migrating: %w", d.engine, err)
		}
		if to != "" && !changed {
			d.logger().InfoContext(ctx, "nothing was changed, copy removed", "copy", to)
		}
		return nil
	}, nil
}

// applied lists the versions that the database has.
func (d *DB) applied(ctx context.Context, pool *sql.DB) ([]int64, error) {
	has, err := d.engine.HasTable(ctx, pool, versionTable)
	if err != nil || !has {
		return nil, d.engine.Explain(ctx, err)
	}
	store, err := database.NewStore(d.engine.Dialect(), versionTable)
	if err != nil {
		return nil, err
	}
	rows, err := store.ListMigrations(ctx, pool)
	if err != nil {
		return nil, fmt.Errorf("read the migrations of %s: %w", d.engine, err)
	}
	var versions []int64
	for _, row := range rows {
		if row.IsApplied && row.Version > 0 {
			versions = append(versions, row.Version)
		}
	}
	return versions, nil
}

// plan compares files and database without changing anything.
func (d *DB) plan(ctx context.Context) (plan, error) {
	files, err := migrationFiles(d.files)
	if err != nil {
		return plan{}, err
	}
	exists, err := d.engine.Exists(ctx)
	if err != nil || !exists {
		return makePlan(files, nil, true), err
	}
	pool := d.engine.Open(Reader)
	defer pool.Close()
	return d.compare(ctx, pool, files)
}

// compare makes the plan of files and what the database says.
func (d *DB) compare(ctx context.Context, pool *sql.DB, files []migration) (plan, error) {
	applied, err := d.applied(ctx, pool)
	if err != nil {
		return plan{}, err
	}
	p := makePlan(files, applied, d.alone())
	sums, err := d.checksums(ctx, pool)
	p.compare(sums)
	return p, err
}

// MigrationStatus returns a row of version, state and file for each migration,
// in order. The state is "applied"; "changed", applied when the file said
// something else; "pending", to be run by [DB.Migrate]; "after", to be run by
// [DB.MigrateAfter]; or, for a version that the database has and this build
// lacks, "unknown". It changes nothing.
func (d *DB) MigrationStatus(ctx context.Context) ([][]string, error) {
	if d.broken != nil {
		return nil, d.broken
	}
	p, err := d.plan(ctx)
	if err != nil {
		return nil, err
	}
	rows := [][]string{}
	for _, m := range p.files {
		state := "pending"
		switch {
		case slices.Contains(p.changed, m):
			state = "changed"
		case p.applied[m.version]:
			state = "applied"
		case slices.Contains(p.after, m):
			state = "after"
		}
		rows = append(rows, []string{strconv.FormatInt(m.version, 10), state, m.path()})
	}
	for _, version := range p.ahead {
		rows = append(rows, []string{strconv.FormatInt(version, 10), "unknown", ""})
	}
	return rows, nil
}

// currentSchema refuses a database that is behind this build.
func (d *DB) currentSchema(ctx context.Context) error {
	p, err := d.plan(ctx)
	if err != nil {
		return err
	}
	if len(p.pending) > 0 {
		names := make([]string, len(p.pending))
		for i, m := range p.pending {
			names[i] = m.path()
		}
		return fmt.Errorf("the schema of database %s is at version %d and lacks %s: run %s migrate up",
			d.engine, p.version, strings.Join(names, ", "), config.Program())
	}
	if len(p.ahead) > 0 {
		d.logger().InfoContext(ctx, "the schema is ahead of this build, serving on",
			"database", d.engine.String(), "version", p.version, "unknown", p.ahead)
	}
	return nil
}

// migrationRun applies files through goose and remembers what it executed.
type migrationRun struct {
	provider   *goose.Provider
	pool       *sql.DB
	files      fs.FS
	statements *statements
}

func (d *DB) newMigrationRun(pool *sql.DB) (*migrationRun, error) {
	sub, err := fs.Sub(d.files, migrationsDir)
	if err != nil {
		return nil, err
	}
	run := &migrationRun{pool: pool, files: sub, statements: &statements{}}
	run.provider, err = goose.NewProvider(d.engine.Dialect(), pool, sub,
		goose.WithDisableGlobalRegistry(true), goose.WithVerbose(true),
		goose.WithSlog(slog.New(run.statements)))
	return run, err
}

// apply runs one file.
func (r *migrationRun) apply(ctx context.Context, m migration) error {
	r.statements.executed = nil
	if _, err := r.provider.ApplyVersion(ctx, m.version, true); err != nil {
		return err
	}
	if !r.transactional(m) {
		// Its statements committed one by one. An empty transaction has the
		// connection check foreign keys once more, so that damage shows now.
		tx, err := r.pool.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		return tx.Commit()
	}
	return nil
}

// transactional reports whether the file runs in one transaction.
func (r *migrationRun) transactional(m migration) bool {
	text, err := fs.ReadFile(r.files, m.name)
	if err != nil {
		return true
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "--"); ok &&
			strings.EqualFold(strings.Join(strings.Fields(rest), " "), "+goose no transaction") {
			return false
		}
	}
	return true
}

// statements is a slog handler that keeps the statements which goose says it
// executes: the only way to learn which one failed.
type statements struct{ executed []string }

func (s *statements) Enabled(context.Context, slog.Level) bool { return true }
func (s *statements) WithAttrs([]slog.Attr) slog.Handler       { return s }
func (s *statements) WithGroup(string) slog.Handler            { return s }

func (s *statements) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "statement" {
			s.executed = append(s.executed, a.Value.String())
			return false
		}
		return true
	})
	return nil
}
