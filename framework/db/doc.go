// Package db is the database of an app: SQL written by hand, rows scanned into
// structs, transactions that travel in the context, and migrations.
//
// # Opening
//
// [New] describes a database and opens nothing. The app adds it
// (app.Add(database)), and whoever runs the app calls [DB.Start] and
// [DB.Close]. Which kind of database it is, the URL says; the app's main
// package imports the driver:
//
//	import _ "github.com/dram-go/dram/framework/db/sqlite"   // for sqlite:PATH
//	import _ "github.com/dram-go/dram/framework/db/postgres" // for postgres://…
//
// The same code runs on both. What differs is the SQL of migrations, and what
// the two packages say about themselves.
//
// # Reading and writing
//
// [One] reads one row, [All] reads every row, both into any type that sqlx can
// scan: a struct whose fields are named by db tags or, without a tag, by their
// name in snake case (AuthorID is author_id), or a plain value. [DB.Exec] and
// [DB.Insert] write.
//
//	func (s *Store) Find(ctx context.Context, id int64) (Question, error) {
//		return db.One[Question](ctx, s.DB, `SELECT id, subject FROM question WHERE id = ?`, id)
//	}
//
// Placeholders are always ?, also on PostgreSQL; in strings, names and comments
// a ? is a question mark, and elsewhere ?? is. A slice fills a list:
// WHERE id IN (?) with []int64{1, 2, 3}.
//
// [PageOf] reads one page of a list with numbers to jump to, [PartOf] the rows
// after a cursor, which stays cheap however long the list is.
//
// No row is [ErrNotFound], which the framework answers with the 404 page. A
// broken UNIQUE rule is a [UniqueError]; [IsUnique] asks for one by name.
//
// # Transactions
//
// The transaction is in the context, so a function that takes a context works
// inside and outside of one, and there is no second set of functions for it:
//
//	err := s.DB.Write(ctx, func(ctx context.Context) error {
//		q, err := s.Find(ctx, id) // sees this transaction
//		if err != nil {
//			return err // rolls back
//		}
//		_, err = s.DB.Exec(ctx, `UPDATE question SET views = ? WHERE id = ?`, q.Views+1, id)
//		return err
//	})
//
// Give the closure's parameter the name ctx, so that it hides the outer one. A
// write with the outer context inside the closure could never get its
// connection: it fails at once and names both lines. A [DB.Write] in a
// [DB.Write] is a savepoint: its error undoes its own part only. [DB.Read]
// makes several queries see one state of the database. [AfterCommit] is for
// what must not happen if the transaction fails: mail, events.
//
// A transaction belongs to one goroutine.
//
// # Seeing statements
//
// In development each statement is logged at level debug with its time and the
// line that executed it. There and in tests a warning in the log names the line
// of a query per row (N+1), see [DB.Watch]. A test counts the statements of a
// page by [Count] and [Statements].
//
// By hand, the app's own verb runs them: qna sql "SELECT …" reads and cannot
// write, qna sql --write can; without a statement it asks.
//
// # Time
//
// Times are stored in UTC and cut to microseconds, whatever zone they come in,
// so they sort rightly, and they are read as UTC. [DB.Now] is the app's clock
// in this form: what it returned before storing is equal to what is read later.
// Declare such columns as TIMESTAMP (on PostgreSQL TIMESTAMPTZ does as well).
//
// # Unknown columns
//
// In development and in tests, a column without a field is an error, because
// it is usually a misspelt one. In production it is ignored: during a reload
// the old build keeps serving while the new one has already added a column.
//
// # Migrations
//
// The directory migrations/ holds numbered files in goose's format:
// 0001_question.sql, 0002_answer.sql.
//
//	-- +goose Up
//	CREATE TABLE question (id INTEGER PRIMARY KEY, subject TEXT NOT NULL);
//
//	-- +goose Down
//	DROP TABLE question;
//
// Each runs once, in a transaction of its own, in the order of the numbers;
// a statement with semicolons inside (a trigger) stands between
// "-- +goose StatementBegin" and "-- +goose StatementEnd". [DB.Migrate] takes a
// lock, so any number of processes may call it. [DB.Start] refuses a database
// that lacks a migration of this build and serves one that is ahead of it.
//
// A file that has run does not run again, so a change of mind is a new file.
// The table dram_migration keeps a checksum of each file's statements as they
// ran. Where a file says something else now, [DB.Migrate] logs that this
// database lacks the change (as an error in development, as a warning
// elsewhere) and [DB.MigrationStatus] calls it changed, until the file is as it
// was. Comments, blanks and the Down part may be changed. Where the database was
// made to fit by hand, deleting the version's row from dram_migration has the
// file taken for what ran.
//
// In development one may begin again instead, with an empty database: stop the
// app, remove the file (rm -f data/app.db data/app.db-*; PostgreSQL: dropdb
// NAME), start it.
//
// # Two builds on one database
//
// While a new build takes over, the one before it goes on serving, on a schema
// that is already the new one. So a migration adds and takes nothing away. What
// takes away is a file of its own with the line
//
//	-- +dram after
//
// which [DB.MigrateAfter] runs once the earlier build is gone. Renaming a column
// is thus three steps: add the new one and fill both, read the new one, drop the
// old one in a file that comes after. [FindDestructive] and [DB.Destructive]
// report statements such as DROP COLUMN in other files; a file that no earlier
// build minds says -- +dram expand.
package db
