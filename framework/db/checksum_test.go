package db_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/db"
)

const (
	oneColumn  = "-- +goose Up\nCREATE TABLE tag (name TEXT, note TEXT DEFAULT 'a  b\nc');\n-- +goose Down\nDROP TABLE tag;\n"
	twoColumns = "-- +goose Up\nCREATE TABLE tag (name TEXT, note TEXT DEFAULT 'a  b\nc', color TEXT);\n"
)

// migrated migrates and returns what the log says.
func migrated(t *testing.T, conf *config.Config, files ...string) (said string, states []string) {
	t.Helper()
	d := db.New(conf, migrations(files...))
	log, b := capture()
	d.Log = log
	check(t, d.Migrate(t.Context()))
	rows, err := d.MigrationStatus(t.Context())
	check(t, err)
	for _, row := range rows {
		states = append(states, row[1])
	}
	return b.String(), states
}

func TestChangedMigrationIsTold(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		removal := map[string]string{"sqlite": "rm -f data/app.db data/app.db-*", "postgres": "dropdb test_"}[k.name]
		for env, want := range map[config.Env][]string{
			config.Production:  {"level=WARN", "and the change into a new file\"\n"},
			config.Development: {"level=ERROR", "; or begin again with an empty database: stop the app, " + removal},
		} {
			t.Run(string(env), func(t *testing.T) {
				t.Parallel()
				conf := k.config(t, env)
				if said, _ := migrated(t, conf, "0001_tag.sql", oneColumn); strings.Contains(said, "changed") {
					t.Fatalf("a new database: %s", said)
				}
				said, states := migrated(t, conf, "0001_tag.sql", twoColumns, "0002_more.sql", "-- +goose Up\n")
				for _, word := range append(want, "migrations/0001_tag.sql was changed after it ran", "put the file back as it was") {
					if !strings.Contains(said, word) {
						t.Errorf("the log does not say %q:\n%s", word, said)
					}
				}
				if !slices.Equal(states, []string{"changed", "applied"}) {
					t.Errorf("states are %q", states)
				}
				// It is told until it is mended, and served all the while.
				if again, _ := migrated(t, conf, "0001_tag.sql", twoColumns); !strings.Contains(again, "was changed after it ran") {
					t.Errorf("told once only: %s", again)
				}
				start(t, conf, migrations("0001_tag.sql", twoColumns))
				if said, states := migrated(t, conf, "0001_tag.sql", oneColumn); strings.Contains(said, "changed") || states[0] != "applied" {
					t.Errorf("put back as it was: %q, %s", states, said)
				}
			})
		}
	})
}

func TestChangesThatDoNothingAreNotTold(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"comment":       strings.Replace(oneColumn, "TABLE", "/* why */ TABLE", 1),
		"blanks":        strings.Replace(oneColumn, "TABLE tag (", "TABLE\n\ttag(", 1),
		"Windows":       strings.ReplaceAll(oneColumn, "\n", "\r\n"),
		"the Down part": strings.Replace(oneColumn, "DROP TABLE tag", "DROP TABLE IF EXISTS tag", 1),
	} {
		conf := newConfig(t.TempDir(), config.Development)
		migrated(t, conf, "0001_tag.sql", oneColumn)
		if said, states := migrated(t, conf, "0001_tag.sql", file); strings.Contains(said, "changed") || states[0] != "applied" {
			t.Errorf("%s: %q, %s", name, states, said)
		}
	}
	conf := newConfig(t.TempDir(), config.Development)
	migrated(t, conf, "0001_tag.sql", oneColumn)
	if _, states := migrated(t, conf, "0001_tag.sql", strings.Replace(oneColumn, "a  b", "a b", 1)); states[0] != "changed" {
		t.Error("a blank in a string is not seen")
	}
}

// TestDatabaseFromBeforeChecksums has a database whose migrations left none: it
// takes the files for what ran, and sees what changes from then on.
func TestDatabaseFromBeforeChecksums(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		conf := k.config(t, config.Production)
		d := start(t, conf, migrations("0001_tag.sql", oneColumn))
		_, err := d.Exec(t.Context(), `DROP TABLE dram_migration`)
		check(t, err)
		if said, states := migrated(t, conf, "0001_tag.sql", twoColumns); strings.Contains(said, "changed") || strings.Contains(said, "backed up") || states[0] != "applied" {
			t.Errorf("the first time: %q, %s", states, said)
		}
		if _, states := migrated(t, conf, "0001_tag.sql", oneColumn); states[0] != "changed" {
			t.Errorf("the second time: %q", states)
		}
		// The way to accept a file as it is now.
		_, err = d.Exec(t.Context(), `DELETE FROM dram_migration WHERE version = 1`)
		check(t, err)
		if said, states := migrated(t, conf, "0001_tag.sql", oneColumn); strings.Contains(said, "changed") || states[0] != "applied" {
			t.Errorf("accepted: %q, %s", states, said)
		}
	})
}

// TestMigrationThatWasTakenBackByHand runs again, as it says now.
func TestMigrationThatWasTakenBackByHand(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		conf := k.config(t, config.Development)
		d := start(t, conf, migrations("0001_tag.sql", oneColumn))
		for _, back := range []string{`DROP TABLE tag`, `DELETE FROM goose_db_version WHERE version_id = 1`} {
			_, err := d.Exec(t.Context(), back)
			check(t, err)
		}
		if said, states := migrated(t, conf, "0001_tag.sql", twoColumns); strings.Contains(said, "changed") || states[0] != "applied" {
			t.Errorf("states are %q: %s", states, said)
		}
	})
}
