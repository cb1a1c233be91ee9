package db

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/jmoiron/sqlx"
	"github.com/jmoiron/sqlx/reflectx"
)

// DB is a database: the connections that write (SQLite: one), those that only
// read, and the migrations that belong to it. Its methods may be called by any number of
// goroutines.
type DB struct {
	// Log receives what the database says; nil is slog.Default. Set it
	// before Start.
	Log *slog.Logger

	conf   *config.Config
	files  fs.FS
	engine Engine
	broken error // why there is no engine

	pools atomic.Pointer[pools]
	gate  *gate
	reads reads
}

// pools are the open connections.
type pools struct {
	writer, reader *sqlx.DB
}

// New describes the database of conf, whose migrations are in the directory
// migrations of files (nil: it has none). Nothing is opened and nothing can
// fail yet: a bad URL is reported by Start, Check and Migrate.
func New(conf *config.Config, files fs.FS) *DB {
	d := &DB{conf: conf, files: files}
	d.engine, d.broken = engine(conf)
	d.gate = newGate(d.writers())
	return d
}

// Now is the app's clock in the form that the database keeps: UTC, cut to
// microseconds.
func (d *DB) Now() time.Time { return d.conf.Now().UTC().Truncate(time.Microsecond) }

// Start opens the database. It fails when the schema lacks a migration of
// this build; a schema that is ahead of it is served, with one line in the log.
func (d *DB) Start(ctx context.Context) error {
	if d.broken != nil {
		return d.broken
	}
	if d.pools.Load() != nil {
		return errors.New("the database is already started")
	}
	if err := d.currentSchema(ctx); err != nil {
		return err
	}
	if err := d.engine.Prepare(ctx); err != nil {
		return fmt.Errorf("open database %s: %w", d.engine, err)
	}
	// The writer connects first: readers cannot create what they read.
	p := &pools{writer: d.pool(Writer), reader: d.pool(Reader)}
	writers, readers := d.writers(), d.readers()
	p.writer.SetMaxOpenConns(writers)
	p.writer.SetMaxIdleConns(writers)
	p.reader.SetMaxOpenConns(readers)
	p.reader.SetMaxIdleConns(readers)
	if err := d.ping(ctx, p); err != nil {
		return errors.Join(err, p.reader.Close(), p.writer.Close())
	}
	d.pools.Store(p)
	return nil
}

// readers is the number of read connections.
func (d *DB) readers() int { return max(1, d.conf.Database.Readers) }

// writers is the number of write connections.
func (d *DB) writers() int {
	if d.engine == nil {
		return 1
	}
	return max(1, d.engine.Writers())
}

// pool opens the sqlx view of a pool.
func (d *DB) pool(role Role) *sqlx.DB {
	x := sqlx.NewDb(d.engine.Open(role), string(d.engine.Dialect()))
	x.Mapper = reflectx.NewMapperFunc("db", snakeCase)
	if d.conf.Env == config.Production {
		return x.Unsafe() // ignores unknown columns; nothing else about it is unsafe
	}
	return x
}

// ping asks both pools.
func (d *DB) ping(ctx context.Context, p *pools) error {
	return cmp.Or(d.check(ctx, p.writer), d.check(ctx, p.reader))
}

func (d *DB) check(ctx context.Context, pool *sqlx.DB) error {
	if err := d.engine.Check(ctx, pool.DB); err != nil {
		return fmt.Errorf("database %s: %w", d.engine, err)
	}
	return nil
}

// Check reports whether the database answers. A transaction that runs at this
// moment counts as an answer of the write connection.
//
// Of a database that is not started it reports what would keep this build from
// being put into service: no connection, migrations that would not run, and a
// [DestructiveError]. That migrations are pending is no fault.
func (d *DB) Check(ctx context.Context) error {
	if d.broken != nil {
		return d.broken
	}
	p := d.pools.Load()
	if p == nil {
		return d.checkClosed(ctx)
	}
	if !d.gate.try() {
		return d.check(ctx, p.reader)
	}
	defer d.gate.leave(nil)
	return d.ping(ctx, p)
}

func (d *DB) checkClosed(ctx context.Context) error {
	exists, err := d.engine.Exists(ctx)
	if err != nil {
		return fmt.Errorf("database %s: %w", d.engine, err)
	}
	if exists {
		pool := d.pool(Reader)
		defer pool.Close()
		if err := d.check(ctx, pool); err != nil {
			return err
		}
	}
	return d.Destructive(ctx)
}

// Close waits for the transactions that write, at most until ctx ends, and closes
// all connections. Closing what is not open does nothing.
func (d *DB) Close(ctx context.Context) error {
	p := d.pools.Swap(nil)
	if p == nil {
		return nil
	}
	if d.gate.drain(ctx) == nil {
		defer d.gate.reopen()
		d.engine.Closing(ctx, p.writer.DB)
	}
	return errors.Join(p.reader.Close(), p.writer.Close())
}

var errNotStarted = errors.New("the database is not open: its Start has not been called, " +
	"or Close has (app.Add(database) lets the runner and webtest do both; New only describes)")

// SetLog sets Log. It lets app.SetLog and webtest reach a database that was
// added to the app.
func (d *DB) SetLog(log *slog.Logger) { d.Log = log }

// logger is where log lines go.
func (d *DB) logger() *slog.Logger {
	if d.Log != nil {
		return d.Log
	}
	return slog.Default()
}
