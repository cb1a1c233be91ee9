package db_test

import (
	"slices"
	"testing"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/db"
)

// Steps of a schema that gives up the column subject.
const (
	addTitle    = "-- +goose Up\nALTER TABLE question ADD COLUMN title TEXT NOT NULL DEFAULT '';\n"
	dropSubject = "-- +dram after\n-- +goose Up\nDROP TABLE vote;\n"
)

// states are the states of MigrationStatus, in order.
func states(t *testing.T, d *db.DB) []string {
	t.Helper()
	rows, err := d.MigrationStatus(t.Context())
	check(t, err)
	var states []string
	for _, row := range rows {
		states = append(states, row[1])
	}
	return states
}

func TestWhatTakesAwayRunsAfter(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		conf := k.config(t, config.Production)
		old := start(t, conf, k.board())
		files := k.and(k.board(), "0002_drop.sql", dropSubject, "0003_title.sql", addTitle)
		d := db.New(conf, files)
		if got := states(t, d); !slices.Equal(got, []string{"applied", "after", "pending"}) {
			t.Errorf("states are %q", got)
		}
		says(t, d.MigrateAfter(t.Context()), "migrations/0003_title.sql has not run", "migrate up")

		check(t, d.Migrate(t.Context()))
		if got := states(t, d); !slices.Equal(got, []string{"applied", "after", "applied"}) {
			t.Errorf("after Migrate, states are %q", got)
		}
		count(t, old, `SELECT count(*) FROM vote`) // the old build still has its table
		check(t, d.Start(t.Context()))             // and the new one serves
		check(t, d.Close(t.Context()))

		check(t, d.MigrateAfter(t.Context()))
		check(t, d.MigrateAfter(t.Context())) // nothing left to do
		if got := states(t, d); !slices.Equal(got, []string{"applied", "applied", "applied"}) {
			t.Errorf("after MigrateAfter, states are %q", got)
		}
		_, err := db.One[int](t.Context(), old, `SELECT count(*) FROM vote`)
		says(t, err, "vote")
	})
}

func TestNewDatabaseRunsEverythingInOrder(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		d := start(t, k.config(t, config.Production), k.and(k.board(), "0002_drop.sql", dropSubject, "0003_vote.sql",
			"-- +goose Up\nCREATE TABLE vote (id INTEGER PRIMARY KEY);\n"))
		if got := states(t, d); !slices.Equal(got, []string{"applied", "applied", "applied"}) {
			t.Errorf("states are %q", got)
		}
	})
}

func TestDevelopmentRunsEverything(t *testing.T) {
	t.Parallel()
	conf := sqlite.config(t, config.Development)
	files := and(board(), "0003_title.sql", addTitle)
	d := start(t, conf, files)
	check(t, db.New(conf, and(files, "0002_drop.sql", dropSubject)).Migrate(t.Context()))
	_, err := db.One[int](t.Context(), d, `SELECT count(*) FROM vote`)
	says(t, err, "vote")
}

func TestUnknownDirectivesAreFaults(t *testing.T) {
	t.Parallel()
	err := db.New(sqlite.config(t, config.Test), migrations(
		"0001_a.sql", "-- +goose Up\n-- +dram afterwards\nSELECT 1;\n",
		"0002_b.sql", "-- +dram after\n-- +dram expand\n-- +goose Up\nSELECT 1;\n",
		"0003_c.sql", "-- +dram\n-- +goose Up\nSELECT 1;\n")).Migrate(t.Context())
	says(t, err, "migrations/0001_a.sql:2: expected -- +dram after or -- +dram expand, this is -- +dram afterwards",
		"migrations/0002_b.sql says both", "migrations/0003_c.sql:1: expected")
}

func TestPendingDestructionIsReported(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		conf := k.config(t, config.Production)
		const drop = "-- +goose Up\nDROP TABLE vote;\n"
		early := k.and(k.board(), "0002_drop.sql", drop)
		check(t, db.New(conf, early).Check(t.Context())) // nobody serves a new database
		start(t, conf, k.board())
		says(t, db.New(conf, early).Check(t.Context()), "migrations/0002_drop.sql:2: it drops the table vote", "-- +dram after")
		check(t, db.New(conf, k.and(k.board(), "0002_drop.sql", "-- +dram after\n"+drop)).Check(t.Context()))
		check(t, db.New(conf, early).Migrate(t.Context()))
		check(t, db.New(conf, early).Check(t.Context())) // what is done is done
	})
}
