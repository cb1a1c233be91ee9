// Package postgres lets package db open PostgreSQL databases. It is imported
// for its effect only, in the main package of an app:
//
//	import _ "github.com/dram-go/dram/framework/db/postgres"
//
// and registers the scheme "postgres" (also written "postgresql"):
//
//	database.url = "postgres://qna:secret@db.example/qna?sslmode=verify-full"
//
// The URL, and for what it leaves out the variables PGHOST, PGUSER and so on
// and the file ~/.pgpass, are read as libpq reads them. A parameter that libpq
// does not know is a setting of the server for each connection
// (?search_path=board).
//
// # Transactions
//
// [db.DB.Write] is a SERIALIZABLE transaction and [db.DB.Read] a REPEATABLE
// READ one. Write transactions run side by side, as many per process as
// database.readers. Where two of them cannot both be right, PostgreSQL ends
// one with a serialization failure, and package db runs that one again from
// its beginning until database.busy_timeout has passed.
//
// One thing differs from SQLite: after a statement that failed, a broken
// UNIQUE rule for example, PostgreSQL refuses every further statement of the
// transaction. What may fail and is to be survived stands in a Write of its own
// inside the Write (a savepoint), or says ON CONFLICT.
//
// # Time limits
//
// A statement ends with its context: the server is told to stop working on it.
// Without that it ends after workers.request_timeout; a write that waits for
// the row of another transaction, and a migration that waits for a table, end
// after database.busy_timeout. A migration itself has no limit. The
// settings statement_timeout and lock_timeout in the URL replace these.
//
// # Types
//
// A time is stored in UTC in columns of type TIMESTAMPTZ and TIMESTAMP alike,
// and the session's time zone is UTC, so that CURRENT_TIMESTAMP is too. A ? that
// is no placeholder, as in the operators ?, ?| and ?& of JSONB, is written ??.
//
// # The database
//
// In development and in tests, migrating makes the database where it is
// missing; in production it is made with createdb, by who may. While a process
// migrates it holds an advisory lock, which a pooler between app and server has
// to keep for a session (PgBouncer: session pooling). There is no copy before a
// migration, as there is on SQLite: that is left to the backups of the server.
package postgres
