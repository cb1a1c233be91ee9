package db

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// migrationsDir is where the migrations lie in the app's files.
const migrationsDir = "migrations"

// migration is one numbered file.
type migration struct {
	version int64
	name    string // base name
	after   bool   // it says -- +dram after: it runs once no earlier build serves
	expand  bool   // it says -- +dram expand: no earlier build minds it

	checksum string
}

// path is how messages name the file.
func (m migration) path() string { return path.Join(migrationsDir, m.name) }

// migrationFiles lists the migrations in files by number. Goose ignores a file
// whose name it does not understand; here that is an error, because a
// migration that never runs is found in production.
func migrationFiles(files fs.FS) ([]migration, error) {
	if files == nil {
		return nil, nil
	}
	entries, err := fs.ReadDir(files, migrationsDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	var found []migration
	var faults []error
	for _, entry := range entries {
		if isNoMigration(entry) {
			continue
		}
		m, err := parseMigrationName(entry)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		if err := m.read(files); err != nil {
			faults = append(faults, err)
		}
		found = append(found, m)
	}
	slices.SortStableFunc(found, func(a, b migration) int { return cmp.Compare(a.version, b.version) })
	for i := 1; i < len(found); i++ {
		if a, b := found[i-1], found[i]; a.version == b.version {
			faults = append(faults, fmt.Errorf("%s and %s both have number %d: give the newer one a number of its own",
				a.path(), b.path(), a.version))
		}
	}
	return found, errors.Join(faults...)
}

// isNoMigration tells what may lie beside migrations: notes and dotfiles.
func isNoMigration(entry fs.DirEntry) bool {
	name := entry.Name()
	return strings.HasPrefix(name, ".") || !entry.IsDir() && path.Ext(name) == ".md"
}

func parseMigrationName(entry fs.DirEntry) (migration, error) {
	name := entry.Name()
	m := migration{name: name}
	if entry.IsDir() {
		return m, fmt.Errorf("%s is a directory: migrations lie in %s itself", m.path(), migrationsDir)
	}
	if path.Ext(name) != ".sql" {
		return m, fmt.Errorf("%s is no .sql file and would never run: rename or remove it", m.path())
	}
	digits, _, underscore := strings.Cut(name, "_")
	version, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || version < 1 || !underscore {
		return m, fmt.Errorf("%s has no number and would never run: name it like 0001_%s", m.path(), strings.TrimLeft(name, "0_"))
	}
	m.version = version
	return m, nil
}

// read takes from the file what there is to know before it runs.
func (m *migration) read(files fs.FS) error {
	text, err := fs.ReadFile(files, path.Join(migrationsDir, m.name))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	m.checksum = checksum(string(text))
	return m.readDirectives(string(text))
}

// readDirectives reads the lines of a file that begin with "-- +dram".
func (m *migration) readDirectives(text string) error {
	number := 0
	for line := range strings.Lines(text) {
		number++
		if !strings.Contains(line, "+dram") {
			continue
		}
		switch what := annotation(line, "+dram"); what {
		case "after":
			m.after = true
		case "expand":
			m.expand = true
		default:
			return fmt.Errorf("%s:%d: expected -- +dram after or -- +dram expand, this is %s", m.path(), number, strings.TrimSpace(line))
		}
	}
	if m.after && m.expand {
		return fmt.Errorf("%s says both -- +dram after and -- +dram expand: it runs either after the earlier build is gone or before", m.path())
	}
	return nil
}

// plan is what the files and the database say together.
type plan struct {
	files   []migration
	applied map[int64]bool
	pending []migration // in order, to be run before this build serves
	after   []migration // in order, to be run after no earlier build serves
	version int64       // highest applied, 0 if none
	ahead   []int64     // applied, but unknown to this build, in order

	changed  []migration // applied, when they said something else
	unsummed []migration // applied, nobody knows with what text
}

// makePlan compares. Where alone is set, and in a database that has nothing
// yet, no earlier build can be serving, and everything is pending.
func makePlan(files []migration, applied []int64, alone bool) plan {
	p := plan{files: files, applied: map[int64]bool{}}
	alone = alone || len(applied) == 0
	known := map[int64]bool{}
	for _, m := range files {
		known[m.version] = true
	}
	for _, version := range applied {
		p.applied[version] = true
		p.version = max(p.version, version)
		if !known[version] {
			p.ahead = append(p.ahead, version)
		}
	}
	slices.Sort(p.ahead)
	for _, m := range files {
		switch {
		case p.applied[m.version]:
		case m.after && !alone:
			p.after = append(p.after, m)
		default:
			p.pending = append(p.pending, m)
		}
	}
	return p
}

// late returns the pending migrations that come before one that was applied:
// running them now gives this database another history than a new one gets.
func (p plan) late() error {
	var faults []error
	for _, m := range p.pending {
		if m.version < p.version && !m.after {
			faults = append(faults, fmt.Errorf("%s comes too late, the schema is already at version %d: rename it to a number above",
				m.path(), p.version))
		}
	}
	return errors.Join(faults...)
}
