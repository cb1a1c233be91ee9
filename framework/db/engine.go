package db

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/dram-go/dram/framework/config"
	"github.com/pressly/goose/v3/database"
)

// Role says what a pool of connections is for.
type Role int

// The roles. In a Writer's transaction, what was read cannot have changed by
// the time of the commit: SQLite takes the write lock at the beginning,
// PostgreSQL has the transaction repeated ([Engine.Retry]). A Reader's
// connections cannot write, and its transactions see the state of one moment.
// A Migrator runs schema changes; on SQLite it does not enforce foreign keys
// statement by statement but checks them all before each commit.
const (
	Writer Role = iota
	Reader
	Migrator
)

// Driver describes databases of one kind. The packages below this one
// (db/sqlite, db/postgres) implement it and register it when they are imported.
type Driver interface {
	// Engine reads the part of the URL after "scheme:" and opens nothing.
	Engine(conf *config.Config, rest string) (Engine, error)
}

// Engine is one database as its driver sees it. All that differs between
// kinds of database is behind it. Its connections store times in UTC, cut to
// microseconds, and return them in UTC.
type Engine interface {
	// String names the database in messages, without a password.
	String() string
	// Dialect names the kind for goose.
	Dialect() database.Dialect
	// Bind is the kind of placeholder: sqlx.QUESTION or sqlx.DOLLAR.
	Bind() int
	// Writers is the number of transactions of one process that may write at
	// the same time.
	Writers() int
	// Exists reports whether there is a database to connect to.
	Exists(ctx context.Context) (bool, error)
	// Prepare makes the database ready for connections (directory, file,
	// journal mode) and may be called by several processes at once.
	Prepare(ctx context.Context) error
	// Open returns an unconnected pool.
	Open(role Role) *sql.DB
	// Check has the pool read something from the database itself, and refuses
	// versions of it that are known to be bad.
	Check(ctx context.Context, db *sql.DB) error
	// HasTable reports whether a table exists.
	HasTable(ctx context.Context, db *sql.DB, name string) (bool, error)
	// Insert executes an INSERT and returns the id of the new row (of the
	// last one, if there are several), 0 if there is none.
	Insert(ctx context.Context, tx Execer, in Insertion) (int64, error)
	// Removal is the command for a shell that removes the database, for advice.
	Removal() string
	// Lock waits until this process alone may migrate.
	Lock(ctx context.Context) (unlock func(), err error)
	// Migrating reports whether some process migrates at this moment, which
	// is a reason to wait longer than usual for the write lock.
	Migrating() bool
	// Backup copies the database before its schema leaves version and returns
	// where to; "" if this kind has no such copies.
	Backup(ctx context.Context, version int64) (string, error)
	// EndBackup is called with what Backup returned when the migrations have
	// ended: it removes the copy where nothing has changed, and else those
	// that are too old.
	EndBackup(to string, changed bool) error
	// Retry reports whether err is about a conflict with another transaction
	// or a changed schema, so that the same transaction may succeed if it is
	// run again from its beginning.
	Retry(err error) bool
	// Explain turns an error of the driver into one of this package's
	// ([UniqueError], [BusyError], [ReadOnlyError], [ValueError]) where it knows one.
	// That the database stopped a statement because ctx ended is ctx's error.
	Explain(ctx context.Context, err error) error
	// Closing is called with the writer pool just before it is closed.
	Closing(ctx context.Context, db *sql.DB)
}

// Execer is the part of a transaction that [Engine] needs.
type Execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// drivers is filled by blank imports, as in database/sql.
var drivers = struct {
	sync.Mutex
	byScheme map[string]Driver
}{byScheme: map[string]Driver{}}

// Register makes a driver known for URLs that begin with "scheme:". Drivers
// call it from init; registering a scheme twice panics.
func Register(scheme string, d Driver) {
	drivers.Lock()
	defer drivers.Unlock()
	if _, taken := drivers.byScheme[scheme]; taken {
		panic("db: driver " + scheme + " registered twice")
	}
	drivers.byScheme[scheme] = d
}

// engine finds the driver for the URL of conf.
func engine(conf *config.Config) (Engine, error) {
	scheme, rest, found := strings.Cut(conf.Database.URL, ":")
	if !found {
		return nil, fmt.Errorf("database.url must look like sqlite:data/app.db, it has no scheme")
	}
	if scheme == "postgresql" {
		scheme = "postgres"
	}
	drivers.Lock()
	driver := drivers.byScheme[scheme]
	known := slices.Sorted(maps.Keys(drivers.byScheme))
	drivers.Unlock()
	switch {
	case driver != nil:
		return driver.Engine(conf, rest)
	case scheme == "sqlite" || scheme == "postgres":
		return nil, fmt.Errorf("database.url begins with %s:, but its driver is not in this program: "+
			"add import _ %q to the main package", scheme, "github.com/dram-go/dram/framework/db/"+scheme)
	}
	return nil, fmt.Errorf("database.url begins with %s:, expected one of %s", scheme, strings.Join(known, ", "))
}
