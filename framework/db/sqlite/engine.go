package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/db"
	"github.com/jmoiron/sqlx"
	"github.com/mattn/go-sqlite3"
	"github.com/pressly/goose/v3/database"
	"golang.org/x/sys/unix"
)

func init() { db.Register("sqlite", sqliteDriver{}) }

type sqliteDriver struct{}

// Engine reads the PATH of sqlite:PATH.
func (sqliteDriver) Engine(conf *config.Config, path string) (db.Engine, error) {
	const form = "write sqlite:PATH, with a path below the app's root or an absolute one"
	switch {
	case path == "":
		return nil, errors.New("database.url names no file: " + form)
	case strings.HasPrefix(path, "//"):
		return nil, errors.New("database.url begins with sqlite://: " + form)
	case strings.HasPrefix(path, ":memory:"):
		return nil, errors.New("database.url asks for a database in memory, which the connections of an app cannot share: " + form)
	case strings.Contains(path, "?"):
		return nil, errors.New("database.url has parameters, but SQLite's settings are fixed: " + form)
	}
	e := &engine{
		path:      conf.Path(path),
		shown:     path,
		busy:      conf.Database.BusyTimeout,
		now:       conf.Now,
		freeSpace: freeSpace,
	}
	e.migrating = e.Migrating
	return e, nil
}

// engine is one SQLite file.
type engine struct {
	path  string // absolute
	shown string // as the URL has it
	busy  time.Duration
	now   func() time.Time

	// What the machine says, replaced by tests.
	freeSpace func(dir string) (uint64, error)
	migrating func() bool
}

func (e *engine) String() string            { return e.shown }
func (e *engine) Dialect() database.Dialect { return database.DialectSQLite3 }
func (e *engine) Bind() int                 { return sqlx.QUESTION }

// Writers is one: SQLite has one write lock for the whole file.
func (e *engine) Writers() int { return 1 }

func (e *engine) Exists(context.Context) (bool, error) {
	info, err := os.Stat(e.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case info.IsDir():
		return false, fmt.Errorf("database %s is a directory, expected a file", e.shown)
	}
	return true, nil
}

// Prepare makes directory and file and turns the write-ahead log on.
func (e *engine) Prepare(ctx context.Context) error {
	if err := CheckVersion(); err != nil {
		return err
	}
	if err := e.create(); err != nil {
		return err
	}
	return e.writeAhead(ctx)
}

// create makes what is missing. An existing file must not be opened here, not
// even to look: closing it would drop the locks that SQLite holds on it in
// this process (fcntl locks belong to the process).
func (e *engine) create() error {
	if err := os.MkdirAll(filepath.Dir(e.path), 0o700); err != nil {
		return denied(filepath.Dir(e.path), err)
	}
	if _, err := os.Lstat(e.path); errors.Is(err, fs.ErrNotExist) {
		file, err := os.OpenFile(e.path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
		if err == nil {
			return file.Close()
		}
		if !errors.Is(err, fs.ErrExist) { // another process was faster
			return denied(filepath.Dir(e.path), err)
		}
	}
	for _, path := range []string{e.path, filepath.Dir(e.path)} {
		if err := unix.Access(path, unix.W_OK); err != nil {
			return denied(filepath.Dir(e.path), fmt.Errorf("%s is not writable: %w; SQLite writes the file and others beside it", path, err))
		}
	}
	return nil
}

// denied adds to an error of missing rights what gives them: an app that root
// starts for another user meets it at its first start.
func denied(dir string, err error) error {
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return fmt.Errorf("%w\nGive the directory to the user of this process: install -d -o %d %s", err, os.Geteuid(), dir)
}

// writeAhead switches the file to the write-ahead log if it is not. Of
// processes that start together one does it while the others wait, most of the
// time in SQLite; but who holds a lock already that another waits for is told at
// once that the file is busy, and tries again.
func (e *engine) writeAhead(ctx context.Context) error {
	pool := e.open(settings{mode: "rw"})
	defer pool.Close()
	mode, err := switchLog(ctx, pool)
	for deadline := time.Now().Add(e.busy); isBusy(err) && time.Now().Before(deadline); {
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return err
		}
		mode, err = switchLog(ctx, pool)
	}
	if err != nil {
		return e.Explain(ctx, err)
	}
	if mode != "wal" {
		return fmt.Errorf("the file system of %s has no shared memory for SQLite's write-ahead log "+
			"(journal mode stays %s); it must be a local one", e.path, mode)
	}
	return nil
}

// switchLog returns the mode that the file is in then.
func switchLog(ctx context.Context, pool *sql.DB) (mode string, err error) {
	mode, err = journalMode(ctx, pool, "PRAGMA journal_mode")
	if err == nil && mode != "wal" {
		mode, err = journalMode(ctx, pool, "PRAGMA journal_mode = WAL")
	}
	return mode, err
}

func journalMode(ctx context.Context, pool *sql.DB, pragma string) (mode string, err error) {
	err = pool.QueryRowContext(ctx, pragma).Scan(&mode)
	return mode, err
}

// settings are what differs between connections.
type settings struct {
	role db.Role
	mode string // rw, ro, rwc: SQLite's
	sql  []string
}

// Per connection, so that they multiply by workers and generations: small page
// caches, because mapped pages of the file are shared by all processes.
const (
	pageCache    = 2 << 10   // KiB
	mapped       = 128 << 20 // bytes
	journalLimit = 64 << 20  // bytes that the log keeps after a burst of writes
	statements   = 64        // prepared statements
)

// Open returns a pool for a role.
func (e *engine) Open(role db.Role) *sql.DB {
	s := settings{role: role, mode: "rw"}
	switch role {
	case db.Reader:
		s.mode = "ro"
		s.sql = []string{"PRAGMA query_only = on"}
	case db.Writer:
		// Waiting for the lock is done in Go.
		s.sql = []string{"PRAGMA foreign_keys = on", "PRAGMA busy_timeout = 0"}
	case db.Migrator:
		// A migration that rebuilds a table drops the old one, and with
		// foreign keys enforced that deletes the rows that refer to it.
		s.sql = []string{"PRAGMA foreign_keys = off"}
	}
	return e.open(s)
}

func (e *engine) open(s settings) *sql.DB {
	pool := sql.OpenDB(&connector{engine: e, settings: s})
	pool.SetConnMaxLifetime(0)
	return pool
}

// dsn is what go-sqlite3 opens.
func (e *engine) dsn(s settings) string {
	query := url.Values{
		"mode":          {s.mode},
		"_busy_timeout": {strconv.FormatInt(max(1, e.busy.Milliseconds()), 10)},
		"_synchronous":  {"NORMAL"},
		"_cache_size":   {strconv.Itoa(-pageCache)},
		"_loc":          {"UTC"},
	}
	if s.role == db.Reader {
		query.Set("_txlock", "deferred")
	} else {
		query.Set("_txlock", "immediate")
	}
	if s.role != db.Migrator {
		query.Set("_stmt_cache_size", strconv.Itoa(statements))
	}
	file := url.URL{Scheme: "file", Path: e.path, RawQuery: query.Encode()}
	return strings.Replace(file.String(), "file://", "file:", 1)
}

// connector opens the connections of one pool.
type connector struct {
	engine   *engine
	settings settings
}

func (c *connector) Driver() driver.Driver { return &sqlite3.SQLiteDriver{} }

func (c *connector) Connect(context.Context) (driver.Conn, error) {
	raw, err := c.engine.connect(c.settings)
	if err != nil {
		return nil, err
	}
	return &conn{SQLiteConn: raw, engine: c.engine, role: c.settings.role}, nil
}

// connect opens a connection as go-sqlite3 has it.
func (e *engine) connect(s settings) (*sqlite3.SQLiteConn, error) {
	d := sqlite3.SQLiteDriver{ConnectHook: func(raw *sqlite3.SQLiteConn) error {
		pragmas := append([]string{
			fmt.Sprintf("PRAGMA mmap_size = %d", mapped),
			fmt.Sprintf("PRAGMA journal_size_limit = %d", journalLimit),
			"PRAGMA temp_store = MEMORY",
		}, s.sql...)
		_, err := raw.Exec(strings.Join(pragmas, ";"), nil)
		return err
	}}
	opened, err := d.Open(e.dsn(s))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", e.shown, err)
	}
	return opened.(*sqlite3.SQLiteConn), nil
}

// Check reads from the file.
func (e *engine) Check(ctx context.Context, pool *sql.DB) error {
	if err := CheckVersion(); err != nil {
		return err
	}
	var tables int
	err := pool.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables)
	return e.Explain(ctx, err)
}

func (e *engine) HasTable(ctx context.Context, pool *sql.DB, name string) (bool, error) {
	var n int
	err := pool.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?", name).Scan(&n)
	return n > 0, err
}

// Insert relies on the connection: SQLite keeps the last id per connection,
// and keeps an old one when nothing was inserted.
func (e *engine) Insert(ctx context.Context, tx db.Execer, in db.Insertion) (int64, error) {
	result, err := tx.ExecContext(ctx, in.SQL, in.Args...)
	if err != nil {
		return 0, err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return 0, err
	}
	return result.LastInsertId()
}

// Retry is never needed: a transaction that has the write lock meets nobody.
func (e *engine) Retry(error) bool { return false }

// Closing lets SQLite refresh what its query planner knows, if that is due.
func (e *engine) Closing(ctx context.Context, pool *sql.DB) {
	// Another process may be writing, and then it will do this some day.
	_, _ = pool.ExecContext(ctx, "PRAGMA optimize")
}
