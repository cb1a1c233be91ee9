package sqlite_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/db"
	_ "github.com/dram-go/dram/framework/db/sqlite"
)

// The suite that holds for every kind of database is in package db. Here is
// what SQLite alone does.

// rebuild changes a column as SQLite's documentation says, which drops the old
// table.
const rebuild = `-- +goose Up
CREATE TABLE question_new (id INTEGER PRIMARY KEY, subject TEXT NOT NULL DEFAULT '');
INSERT INTO question_new SELECT id, subject FROM question;
DROP TABLE question;
ALTER TABLE question_new RENAME TO question;
`

// SQLite ends the whole transaction by itself after some errors. What follows
// must not be committed statement by statement.
func TestTransactionThatSQLiteEndedIsOver(t *testing.T) {
	t.Parallel()
	d := openBoard(t)
	check(t, insert(t.Context(), d, "taken"))
	err := d.Write(t.Context(), func(ctx context.Context) error {
		check(t, insert(ctx, d, "before"))
		_, err := d.Exec(ctx, `INSERT OR ROLLBACK INTO question (subject) VALUES ('taken')`)
		if !db.IsUnique(err) {
			t.Errorf("INSERT OR ROLLBACK returned %v", err)
		}
		return insert(ctx, d, "after")
	})
	says(t, err, "has ended this transaction")
	check(t, insert(t.Context(), d, "next"))
	if got := questions(t, d); !slices.Equal(got, []string{"taken", "next"}) {
		t.Errorf("the database has %q", got)
	}
}

func TestTableRebuildKeepsChildRows(t *testing.T) {
	t.Parallel()
	conf := newConfig(t.TempDir(), config.Test)
	d := start(t, conf, board())
	check(t, insert(t.Context(), d, "why?"))
	for range 3 {
		_, err := d.Insert(t.Context(), `INSERT INTO answer (question_id, text) VALUES (1, 'because')`)
		check(t, err)
	}
	check(t, db.New(conf, and(board(), "0002_rebuild.sql", rebuild)).Migrate(t.Context()))
	if n := count(t, d, `SELECT count(*) FROM answer JOIN question ON question.id = question_id`); n != 3 {
		t.Errorf("%d answers are left of 3", n)
	}
	_, err := d.Insert(t.Context(), `INSERT INTO answer (question_id, text) VALUES (99, 'to nothing')`)
	says(t, err, "FOREIGN KEY")
}

func TestMigrationThatBreaksReferencesIsRolledBack(t *testing.T) {
	t.Parallel()
	for name, header := range map[string]string{"": "", "without a transaction": "-- +goose NO TRANSACTION\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conf := newConfig(t.TempDir(), config.Test)
			d := start(t, conf, board())
			check(t, insert(t.Context(), d, "why?"))
			_, err := d.Insert(t.Context(), `INSERT INTO answer (id, question_id, text) VALUES (7, 1, 'because')`)
			check(t, err)

			err = db.New(conf, and(board(), "0002_clean.sql", header+"-- +goose Up\nDELETE FROM question;\n")).Migrate(t.Context())
			says(t, err, "migrations/0002_clean.sql", "row 7 of answer refers by question_id to question")
			if header != "" {
				says(t, err, "is applied", "version 2")
				return
			}
			says(t, err, "rolled back", "stays at version 1")
			if n := count(t, d, `SELECT count(*) FROM question`); n != 1 {
				t.Errorf("%d questions are left of 1", n)
			}
		})
	}
}

func TestProductionBacksUpBeforeMigrating(t *testing.T) {
	t.Parallel()
	conf := newConfig(t.TempDir(), config.Production)
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	conf.Now = func() time.Time { return now }
	files := board()
	d := start(t, conf, files)
	if found := glob(t, conf, "*backup*"); len(found) != 0 {
		t.Errorf("a new database was copied: %q", found)
	}
	check(t, insert(t.Context(), d, "before"))
	for _, name := range []string{"0002_a.sql", "0003_b.sql", "0004_c.sql", "0005_d.sql", "0012_e.sql"} {
		now = now.Add(time.Hour)
		files = and(files, name, "-- +goose Up\nINSERT INTO question (subject) VALUES ('"+name+"');\n")
		check(t, db.New(conf, files).Migrate(t.Context()))
		check(t, db.New(conf, files).Migrate(t.Context())) // nothing pending, no copy
	}
	var names []string
	for _, path := range glob(t, conf, "*backup*") {
		names = append(names, filepath.Base(path))
	}
	want := []string{"app.db.backup-3-20260102T060405.000Z", "app.db.backup-4-20260102T070405.000Z", "app.db.backup-5-20260102T080405.000Z"}
	if !slices.Equal(names, want) {
		t.Errorf("the copies are %q, expected %q", names, want)
	}

	restored := newConfig(conf.Root, config.Test)
	restored.Database.URL = "sqlite:data/" + want[1]
	old := db.New(restored, board())
	check(t, old.Start(t.Context()))
	defer old.Close(t.Context())
	if got := questions(t, old); !slices.Equal(got, []string{"before", "0002_a.sql", "0003_b.sql", "0004_c.sql"}) {
		t.Errorf("the copy of version 4 has %q", got)
	}
	if info, err := os.Stat(conf.Path("data", want[1])); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy has mode %v, %v", info.Mode(), err)
	}
}

func TestFailedMigrationsLeaveNoCopies(t *testing.T) {
	t.Parallel()
	const bad = "-- +goose Up\nALTER TABLE nowhere ADD COLUMN x;\n"
	for name, test := range map[string]struct {
		more []string
		kept bool
	}{
		"rolled back":                       {[]string{"0002_bad.sql", bad}, false},
		"never begun":                       {[]string{"0002_bad.sql", "CREATE TABLE a (x);\n"}, false},
		"without a transaction":             {[]string{"0002_bad.sql", "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE TABLE a (x);\nCREATE TABLE a (x);\n"}, true},
		"without a transaction, not begun":  {[]string{"0002_bad.sql", "-- +goose NO TRANSACTION\nCREATE TABLE a (x);\n"}, false},
		"after one that changed the schema": {[]string{"0002_a.sql", "-- +goose Up\nCREATE TABLE a (x);\n", "0003_bad.sql", bad}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conf := newConfig(t.TempDir(), config.Production)
			start(t, conf, board())
			older := conf.Path("data", "app.db.backup-0-20250102T030405.000Z")
			check(t, os.WriteFile(older, nil, 0o600))
			says(t, db.New(conf, and(board(), test.more...)).Migrate(t.Context()), "bad.sql")
			found := glob(t, conf, "*backup*")
			if kept := len(found) == 2; kept != test.kept || !slices.Contains(found, older) {
				t.Errorf("the copies are %q", found)
			}
		})
	}
}

func TestOnlyProductionBacksUp(t *testing.T) {
	t.Parallel()
	conf := newConfig(t.TempDir(), config.Development)
	start(t, conf, board())
	check(t, db.New(conf, and(board(), "0002_rebuild.sql", rebuild)).Migrate(t.Context()))
	if found := glob(t, conf, "*backup*"); len(found) != 0 {
		t.Errorf("development copied the database: %q", found)
	}
}

func TestOddPathsAndForeignFiles(t *testing.T) {
	t.Parallel()
	conf := newConfig(t.TempDir(), config.Test)
	conf.Database.URL = "sqlite:data/질문 100%#1.db"
	start(t, conf, board())
	if _, err := os.Stat(conf.Path("data/질문 100%#1.db")); err != nil {
		t.Error(err)
	}
	check(t, os.WriteFile(conf.Path("notes.txt"), []byte(strings.Repeat("not a database ", 100)), 0o600))
	conf.Database.URL = "sqlite:notes.txt"
	says(t, db.New(conf, nil).Start(t.Context()), "notes.txt is no SQLite database")
	conf.Database.URL = "sqlite:data"
	says(t, db.New(conf, board()).Start(t.Context()), "is a directory")
}

// newConfig is the configuration of an app in its own directory.
func newConfig(root string, env config.Env) *config.Config {
	conf := config.Default(root)
	conf.Name, conf.Env = "qna", env
	return conf
}

func board() fstest.MapFS {
	return and(nil, "0001_board.sql", `-- +goose Up
CREATE TABLE question (id INTEGER PRIMARY KEY, subject TEXT NOT NULL UNIQUE);
CREATE TABLE answer (
	id INTEGER PRIMARY KEY,
	question_id INTEGER NOT NULL REFERENCES question ON DELETE CASCADE,
	text TEXT NOT NULL
);
CREATE TABLE event (id INTEGER PRIMARY KEY, at TIMESTAMP NOT NULL);
`)
}

// and adds files to migrations; name, text, name, text …
func and(files fstest.MapFS, more ...string) fstest.MapFS {
	all := fstest.MapFS{}
	for name, file := range files {
		all[name] = file
	}
	for i := 0; i < len(more); i += 2 {
		all["migrations/"+more[i]] = &fstest.MapFile{Data: []byte(more[i+1])}
	}
	return all
}

// start migrates and opens a database for the length of the test.
func start(t testing.TB, conf *config.Config, files fs.FS) *db.DB {
	t.Helper()
	d := db.New(conf, files)
	check(t, d.Migrate(t.Context()))
	check(t, d.Start(t.Context()))
	t.Cleanup(func() { check(t, d.Close(context.Background())) })
	return d
}

func openBoard(t testing.TB) *db.DB {
	return start(t, newConfig(t.TempDir(), config.Test), board())
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// says fails unless err's text contains all of the words.
func says(t testing.TB, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, expected one that says %q", words)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("error %q does not say %q", err, word)
		}
	}
}

func count(t testing.TB, d *db.DB, query string) int {
	t.Helper()
	n, err := db.One[int](t.Context(), d, query)
	check(t, err)
	return n
}

func insert(ctx context.Context, d *db.DB, subject string) error {
	_, err := d.Insert(ctx, `INSERT INTO question (subject) VALUES (?)`, subject)
	return err
}

func questions(t testing.TB, d *db.DB) []string {
	t.Helper()
	all, err := db.All[string](t.Context(), d, `SELECT subject FROM question ORDER BY id`)
	check(t, err)
	return all
}

// glob lists names beside the database.
func glob(t testing.TB, conf *config.Config, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(conf.Path("data", pattern))
	check(t, err)
	return found
}

func TestTimesOfExpressions(t *testing.T) {
	t.Parallel()
	d := openBoard(t)
	at := time.Date(2026, 3, 1, 21, 0, 0, 5000, time.FixedZone("KST", 9*60*60))
	_, err := d.Insert(t.Context(), `INSERT INTO event (at) VALUES (?)`, at)
	check(t, err)
	latest, err := db.One[time.Time](t.Context(), d, `SELECT max(at) FROM event`)
	if err != nil || latest != at.UTC() {
		t.Errorf("max(at) is %v, %v, expected %v", latest, err, at.UTC())
	}
}

func TestBadURLs(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"sqlite:":            "names no file",
		"sqlite:///app.db":   "sqlite:PATH",
		"sqlite::memory:":    "in memory",
		"sqlite:a.db?mode=x": "parameters",
	} {
		conf := newConfig(t.TempDir(), config.Test)
		conf.Database.URL = url
		says(t, db.New(conf, nil).Start(t.Context()), "database.url", want)
	}
}

func TestManyBrokenReferencesAreNotAllListed(t *testing.T) {
	t.Parallel()
	conf := newConfig(t.TempDir(), config.Test)
	files := and(board(), "0002_tag.sql", "-- +goose Up\nCREATE TABLE tag (name TEXT PRIMARY KEY, question_id INTEGER REFERENCES question) WITHOUT ROWID;\n")
	d := start(t, conf, files)
	check(t, insert(t.Context(), d, "why?"))
	_, err := d.Exec(t.Context(), `INSERT INTO tag VALUES ('go', 1)`)
	check(t, err)
	for range 12 {
		_, err := d.Exec(t.Context(), `INSERT INTO answer (question_id, text) VALUES (1, '')`)
		check(t, err)
	}
	err = db.New(conf, and(files, "0003_clean.sql", "-- +goose Up\nDELETE FROM question;\n")).Migrate(t.Context())
	says(t, err, "row 1 of answer refers by question_id to question", "; and more")
	check(t, db.New(conf, and(files, "0003_clean.sql", "-- +goose Up\nDELETE FROM answer;\n")).Migrate(t.Context()))
	err = db.New(conf, and(files, "0003_clean.sql", "-- +goose Up\nDELETE FROM answer;\n", "0004_all.sql", "-- +goose Up\nDELETE FROM question;\n")).Migrate(t.Context())
	says(t, err, "a row of tag refers by question_id to question")
}

func TestErrorsOfSQLite(t *testing.T) {
	t.Parallel()
	d := openBoard(t)
	check(t, insert(t.Context(), d, "taken"))
	if err := insert(t.Context(), d, "taken"); !db.IsUnique(err, "question.subject") {
		t.Errorf("a subject twice: %v", err)
	}
	id, err := d.Insert(t.Context(), `INSERT INTO question (subject) VALUES ('taken') ON CONFLICT DO NOTHING`)
	if id != 0 || err != nil {
		t.Errorf("nothing inserted: %d, %v", id, err)
	}
	_, err = db.One[int](t.Context(), d, `INSERT INTO question (subject) VALUES ('a') RETURNING id`)
	says(t, err, "this statement writes")
	_, err = db.One[int](t.Context(), d, `SELECT absent FROM question`)
	says(t, err, "no such column: absent")
	err = d.Write(t.Context(), func(ctx context.Context) error {
		_, _ = d.Exec(ctx, `INSERT OR ROLLBACK INTO question (subject) VALUES ('taken')`)
		return nil // the commit finds that there is nothing to commit
	})
	says(t, err, "has ended this transaction")
}

func TestCheckReadsTheFile(t *testing.T) {
	t.Parallel()
	d := openBoard(t)
	check(t, d.Check(t.Context()))
	conf := newConfig(t.TempDir(), config.Test)
	check(t, os.WriteFile(conf.Path("app.db"), []byte(strings.Repeat("not a database ", 100)), 0o600))
	conf.Database.URL = "sqlite:app.db"
	says(t, db.New(conf, board()).Check(t.Context()), "app.db is no SQLite database")
}

func TestPathThroughAFile(t *testing.T) {
	t.Parallel()
	conf := newConfig(t.TempDir(), config.Test)
	check(t, os.WriteFile(conf.Path("file"), nil, 0o600))
	conf.Database.URL = "sqlite:file/app.db"
	for _, err := range []error{db.New(conf, nil).Start(t.Context()), db.New(conf, board()).Migrate(t.Context()), db.New(conf, nil).Check(t.Context())} {
		says(t, err, "file/app.db: not a directory")
	}
}
