package sqlite

import (
	"fmt"

	"github.com/mattn/go-sqlite3"
)

// minVersion is the first SQLite whose write-ahead log survives several
// writers (the reset race, fixed in 3.51.3).
const minVersion = 3_051_003

// Version returns the version of the SQLite in this program, such as "3.51.3".
func Version() string {
	version, _, _ := sqlite3.Version()
	return version
}

// CheckVersion fails if the SQLite in this program is older than 3.51.3 and
// could corrupt a database. Opening one checks it too.
func CheckVersion() error {
	_, number, _ := sqlite3.Version()
	return checkVersion(number)
}

func checkVersion(number int) error {
	if number >= minVersion {
		return nil
	}
	return fmt.Errorf("SQLite is %d.%d.%d, expected 3.51.3 or newer: earlier ones can corrupt a database that several processes write to; "+
		"build with github.com/mattn/go-sqlite3 v1.14.49 or newer and without the tag libsqlite3",
		number/1_000_000, number/1000%1000, number%1000)
}
