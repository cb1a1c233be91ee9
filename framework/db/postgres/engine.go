package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/db"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3/database"
)

func init() { db.Register("postgres", postgresDriver{}) }

type postgresDriver struct{}

// Engine reads what follows "postgres:" in the URL.
func (postgresDriver) Engine(conf *config.Config, rest string) (db.Engine, error) {
	if !strings.HasPrefix(rest, "//") {
		return nil, errors.New("database.url has no // after postgres: write postgres://USER@HOST/NAME")
	}
	parsed, err := pgx.ParseConfig("postgres:" + rest)
	if err != nil {
		return nil, fmt.Errorf("database.url: %w", err) // pgx leaves the password out
	}
	if parsed.ConnectTimeout == 0 {
		parsed.ConnectTimeout = connectTimeout
	}
	parsed.RuntimeParams["timezone"] = "UTC"
	setDefault(parsed.RuntimeParams, "application_name", conf.Name)
	return &engine{
		conf:    parsed,
		busy:    conf.Database.BusyTimeout,
		request: conf.Workers.RequestTimeout,
		writers: conf.Database.Readers,
		creates: conf.Env != config.Production,
	}, nil
}

const connectTimeout = 10 * time.Second

func setDefault(params map[string]string, name, value string) {
	if _, set := params[name]; !set {
		params[name] = value
	}
}

// engine is one database of a server.
type engine struct {
	conf    *pgx.ConnConfig
	busy    time.Duration // a lock may be waited for
	request time.Duration // a statement may take
	writers int
	creates bool // a missing database is made

	keys sync.Map // name of a table to the column of its id
}

// String names the database without user and password.
func (e *engine) String() string {
	host := e.conf.Host
	if !strings.HasPrefix(host, "/") && e.conf.Port != 5432 {
		host += ":" + strconv.Itoa(int(e.conf.Port))
	}
	return (&url.URL{Scheme: "postgres", Host: host, Path: "/" + e.conf.Database}).Redacted()
}

func (e *engine) Dialect() database.Dialect { return database.DialectPostgres }
func (e *engine) Bind() int                 { return sqlx.DOLLAR }

// Writers is as many as read, so that a process has at most twice
// database.readers connections.
func (e *engine) Writers() int { return e.writers }

// Exists connects, because only the server knows.
func (e *engine) Exists(ctx context.Context) (bool, error) {
	conn, err := pgx.ConnectConfig(ctx, e.conf.Copy())
	if err == nil {
		return true, conn.Close(ctx)
	}
	if code(err) == noSuchDatabase {
		return false, nil
	}
	return false, e.connectError(err)
}

// connectError says where the app tried to connect to.
func (e *engine) connectError(err error) error {
	return fmt.Errorf("no connection to %s: %w", e, err)
}

// Removal removes what is made again by [engine.Prepare].
func (e *engine) Removal() string { return "dropdb " + e.conf.Database }

// Prepare makes the database in development and in tests.
func (e *engine) Prepare(ctx context.Context) error {
	exists, err := e.Exists(ctx)
	if err != nil || exists {
		return err
	}
	if !e.creates {
		return fmt.Errorf("it does not exist: make it with createdb %s, or correct database.url", e.conf.Database)
	}
	around := e.conf.Copy()
	around.Database = "postgres"
	conn, err := pgx.ConnectConfig(ctx, around)
	if err != nil {
		return e.connectError(err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{e.conf.Database}.Sanitize())
	if exists, _ := e.Exists(ctx); exists {
		return nil // perhaps another process was faster
	}
	return err
}

// Open returns a pool for a role.
func (e *engine) Open(role db.Role) *sql.DB {
	conf := e.conf.Copy()
	params := conf.RuntimeParams
	if role != db.Migrator {
		setDefault(params, "statement_timeout", milliseconds(e.request))
	}
	if role != db.Reader {
		setDefault(params, "lock_timeout", milliseconds(e.busy))
	}
	if role == db.Reader {
		params["default_transaction_read_only"] = "on"
	}
	return sql.OpenDB(newConnector(conf, role))
}

// milliseconds is how PostgreSQL reads a time limit, at least one because zero
// is none.
func milliseconds(d time.Duration) string {
	return strconv.FormatInt(max(1, d.Milliseconds()), 10)
}

// Check asks the server.
func (e *engine) Check(ctx context.Context, pool *sql.DB) error {
	var one int
	return e.Explain(ctx, pool.QueryRowContext(ctx, "SELECT 1").Scan(&one))
}

func (e *engine) HasTable(ctx context.Context, pool *sql.DB, name string) (bool, error) {
	var has bool
	err := pool.QueryRowContext(ctx, "SELECT to_regclass($1) IS NOT NULL", name).Scan(&has)
	return has, err
}

// Migrating is never a reason to wait longer: a migration locks the tables
// that it changes and no others.
func (e *engine) Migrating() bool { return false }

// Backup is the server's business.
func (e *engine) Backup(context.Context, int64) (string, error) { return "", nil }

// EndBackup has nothing to do.
func (e *engine) EndBackup(string, bool) error { return nil }

// Closing has nothing to do.
func (e *engine) Closing(context.Context, *sql.DB) {}

// code is the SQLSTATE of an error of the server, "" of others.
func code(err error) string {
	var said *pgconn.PgError
	if errors.As(err, &said) {
		return said.Code
	}
	return ""
}
