package db_test

import (
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/db"
)

// and adds files to migrations for SQLite.
func and(files fstest.MapFS, more ...string) fstest.MapFS { return sqlite.and(files, more...) }

func TestFailingMigrationSaysEverything(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		file string
		want []string
	}{
		"bad statement": {
			"-- a comment\n-- +goose Up\nCREATE TABLE a (x);\nCREATE TABLE b (\n  x\n);\n\n-- why\nALTER TABEL question ADD COLUMN views;\n-- +goose Down\nDROP TABLE a;\n",
			[]string{"migrations/0002_bad.sql:9: ", `near "TABEL": syntax error`, "    ALTER TABEL question", "stays at version 1", "rolled back", "run " + config.Program() + " migrate up again"},
		},
		"the second of equal statements": {
			"-- +goose Up\nINSERT INTO question (subject) VALUES ('a');\nINSERT INTO question (subject) VALUES ('a');\n",
			[]string{"migrations/0002_bad.sql:3: UNIQUE constraint failed: question.subject"},
		},
		"line ends of Windows": {
			"-- +goose Up\r\nCREATE TABLE a (\r\n  x\r\n);\r\nDROP TABLE author;\r\n",
			[]string{"migrations/0002_bad.sql:5: no such table: author"},
		},
		"trigger without StatementBegin": {
			"-- +goose Up\nCREATE TRIGGER t AFTER INSERT ON question BEGIN\n  DELETE FROM counter;\nEND;\n",
			[]string{"migrations/0002_bad.sql:2: incomplete input", "-- +goose StatementBegin"},
		},
		"no annotation": {
			"CREATE TABLE a (x);\n",
			[]string{"migrations/0002_bad.sql: ", "-- +goose Up", "Nothing of the file has run: the schema stays at version 1"},
		},
		"no semicolon": {
			"-- +goose Up\nCREATE TABLE a (x)\n",
			[]string{"migrations/0002_bad.sql: ", "missing semicolon", "Nothing of the file has run: the schema stays at version 1"},
		},
		"without a transaction": {
			"-- +goose NO TRANSACTION\n-- +goose Up\nCREATE TABLE a (x);\nCREATE TABLE a (x);\n",
			[]string{"migrations/0002_bad.sql:4: table a already exists", "without a transaction", "stays at version 1"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conf := newConfig(t.TempDir(), config.Test)
			d := start(t, conf, board())
			err := db.New(conf, and(board(), "0002_bad.sql", test.file)).Migrate(t.Context())
			says(t, err, test.want...)
			left := count(t, d, `SELECT count(*) FROM sqlite_schema WHERE name = 'a'`)
			if transactional := !strings.Contains(test.file, "NO TRANSACTION"); transactional != (left == 0) {
				t.Errorf("%d tables are left of the file", left)
			}
		})
	}
}

func TestMigrationFilesThatWouldNotRunAreRefused(t *testing.T) {
	t.Parallel()
	const up = "-- +goose Up\nCREATE TABLE a (x);\n"
	tests := map[string]struct {
		files fstest.MapFS
		want  []string
	}{
		"same number":  {migrations("0001_a.sql", up, "001_b.sql", up), []string{"migrations/0001_a.sql and migrations/001_b.sql both have number 1"}},
		"no number":    {migrations("views.sql", up), []string{"migrations/views.sql has no number", "0001_views.sql"}},
		"zero":         {migrations("0000_views.sql", up), []string{"migrations/0000_views.sql has no number", "0001_views.sql"}},
		"no name":      {migrations("0001.sql", up), []string{"migrations/0001.sql has no number"}},
		"other ending": {migrations("0001_a.SQL", up), []string{"migrations/0001_a.SQL is no .sql file"}},
		"directory":    {migrations("old/0001_a.sql", up), []string{"migrations/old is a directory"}},
		"everything":   {migrations("a.sql", up, "b.txt", up), []string{"a.sql", "b.txt"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conf := newConfig(t.TempDir(), config.Test)
			says(t, db.New(conf, test.files).Migrate(t.Context()), test.want...)
			says(t, db.New(conf, test.files).Start(t.Context()), test.want...)
			if _, err := os.Stat(conf.Path("data")); err == nil {
				t.Error("a database was made all the same")
			}
		})
	}
	notes := migrations("README.md", "notes", ".keep", "", "0001_a.sql", up)
	check(t, db.New(newConfig(t.TempDir(), config.Test), notes).Migrate(t.Context()))
}

func TestMigrationsRunInTheOrderOfTheirNumbers(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		files := k.migrations(
			"1_a.sql", "-- +goose Up\nCREATE TABLE t (x INTEGER);\n",
			"2_b.sql", "-- +goose Up\nALTER TABLE t ADD COLUMN y INTEGER;\n",
			"10_c.sql", "-- +goose Up\nALTER TABLE t DROP COLUMN y;\n")
		start(t, k.config(t, config.Test), files)
	})
}

func TestLateMigrationIsRefused(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		conf := k.config(t, config.Test)
		start(t, conf, k.migrations("0001_a.sql", "-- +goose Up\n", "0003_c.sql", "-- +goose Up\n"))
		err := db.New(conf, k.migrations("0001_a.sql", "-- +goose Up\n", "0002_b.sql", "-- +goose Up\n", "0003_c.sql", "-- +goose Up\n")).Migrate(t.Context())
		says(t, err, "migrations/0002_b.sql comes too late", "version 3", "rename")
	})
}

func TestStartRefusesASchemaThatIsBehind(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		conf := k.config(t, config.Production)
		says(t, db.New(conf, k.board()).Start(t.Context()), "version 0", "migrations/0001_board.sql", "run "+config.Program()+" migrate up")
		if _, err := os.Stat(conf.Path("data")); err == nil {
			t.Error("a database was made all the same")
		}
		start(t, conf, k.board())
		says(t, db.New(conf, k.and(k.board(), "0002_views.sql", addColumn)).Start(t.Context()),
			"version 1", "migrations/0002_views.sql", "run "+config.Program()+" migrate up")
	})
}

func TestStartServesASchemaThatIsAhead(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		conf := k.config(t, config.Production)
		start(t, conf, k.and(k.board(), "0002_views.sql", addColumn))
		old := db.New(conf, k.board())
		log, said := capture()
		old.Log = log
		check(t, old.Start(t.Context()))
		defer old.Close(t.Context())
		if n := strings.Count(said.String(), "ahead of this build"); n != 1 {
			t.Errorf("%d lines say that the schema is ahead:\n%s", n, said)
		}
		check(t, old.Check(t.Context()))
	})
}

func TestMigrationStatus(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		conf := k.config(t, config.Test)
		two := k.and(k.board(), "0002_views.sql", addColumn)
		three := k.and(two, "0003_more.sql", "-- +goose Up\n")
		status := func(files fs.FS, want ...[]string) {
			t.Helper()
			got, err := db.New(conf, files).MigrationStatus(t.Context())
			check(t, err)
			if !slices.EqualFunc(got, want, slices.Equal) {
				t.Errorf("status is %q, expected %q", got, want)
			}
		}
		status(two, []string{"1", "pending", "migrations/0001_board.sql"}, []string{"2", "pending", "migrations/0002_views.sql"})
		if _, err := os.Stat(conf.Path("data")); err == nil {
			t.Error("asking for the status made a database")
		}
		check(t, db.New(conf, two).Migrate(t.Context()))
		status(three, []string{"1", "applied", "migrations/0001_board.sql"}, []string{"2", "applied", "migrations/0002_views.sql"},
			[]string{"3", "pending", "migrations/0003_more.sql"})
		status(k.board(), []string{"1", "applied", "migrations/0001_board.sql"}, []string{"2", "unknown", ""})
	})
}

// question is the struct of code that was built before the column views.
type question struct {
	ID      int64
	Subject string
}

func TestOldCodeAndANewColumn(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		for _, env := range []config.Env{config.Production, config.Test, config.Development} {
			t.Run(string(env), func(t *testing.T) {
				t.Parallel()
				conf := k.config(t, env)
				old := start(t, conf, k.board())
				check(t, insert(t.Context(), old, "why?"))
				all := func() ([]question, error) {
					return db.All[question](t.Context(), old, `SELECT * FROM question`)
				}
				_, err := all()
				check(t, err)

				check(t, db.New(conf, k.and(k.board(), "0002_views.sql",
					"-- +goose Up\nALTER TABLE question ADD COLUMN views INTEGER NOT NULL DEFAULT 0;\n")).Migrate(t.Context()))
				got, err := all()
				if env != config.Production {
					says(t, err, "views", "name the columns", "db/migrate_test.go")
					return
				}
				if err != nil || !slices.Equal(got, []question{{1, "why?"}}) {
					t.Errorf("the old code reads %v, %v", got, err)
				}
			})
		}
	})
}
