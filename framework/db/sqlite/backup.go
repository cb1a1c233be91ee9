package sqlite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mattn/go-sqlite3"
	"golang.org/x/sys/unix"
)

const (
	keptBackups = 3
	backupTime  = "20060102T150405.000Z" // UTC, sorts by name
	backupStep  = 2048                   // pages between two looks at the context
	spareSpace  = 16 << 20               // bytes that must stay free after a backup
)

// Backup copies the database page by page to a file beside it, in the state of
// one moment, while others go on reading and writing.
func (e *engine) Backup(ctx context.Context, version int64) (string, error) {
	to := fmt.Sprintf("%s.backup-%d-%s", e.path, version, e.now().UTC().Format(backupTime))
	if err := errors.Join(e.removePartial(), e.pruneBackups()); err != nil {
		return "", err
	}
	if err := e.checkSpace(); err != nil {
		return "", err
	}
	partial := to + ".partial"
	if err := errors.Join(e.copyTo(ctx, partial), syncFile(partial)); err != nil {
		removeDatabase(partial)
		return "", err
	}
	if err := os.Rename(partial, to); err != nil {
		removeDatabase(partial)
		return "", err
	}
	return to, syncFile(filepath.Dir(to))
}

// EndBackup keeps a migration that fails again and again from driving out, by
// copies that are all the same, the older ones.
func (e *engine) EndBackup(to string, changed bool) error {
	if changed {
		return e.pruneBackups()
	}
	return os.Remove(to)
}

// removePartial removes what a process left that died while it copied. Only one
// at a time does: it holds the lock of migrations.
func (e *engine) removePartial() error {
	found, err := filepath.Glob(globEscape(e.path) + ".backup-*.partial*")
	for _, path := range found {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

// checkSpace refuses a copy that would fill the disk under the live database.
func (e *engine) checkSpace() error {
	var need uint64 = spareSpace
	for _, path := range []string{e.path, e.path + "-wal"} {
		if info, err := os.Stat(path); err == nil {
			need += uint64(info.Size())
		}
	}
	free, err := e.freeSpace(filepath.Dir(e.path))
	if err != nil {
		return err
	}
	if free < need {
		return fmt.Errorf("%d MiB are free in %s, the copy needs %d MiB: make room, for example by moving old %s.backup-* files away",
			free>>20, filepath.Dir(e.path), need>>20, filepath.Base(e.path))
	}
	return nil
}

func freeSpace(dir string) (uint64, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil {
		return 0, fmt.Errorf("free space of %s: %w", dir, err)
	}
	return stat.Bavail * uint64(stat.Bsize), nil
}

// copyTo writes the copy.
func (e *engine) copyTo(ctx context.Context, path string) (err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	from, err := e.connect(settings{mode: "ro", sql: []string{"BEGIN", "SELECT count(*) FROM sqlite_schema"}})
	if err != nil {
		return err
	}
	defer from.Close()
	copied := &engine{path: path, shown: path, busy: e.busy}
	into, err := copied.connect(settings{mode: "rw"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, into.Close()) }()
	return copyPages(ctx, into, from)
}

// copyPages copies in steps. The transaction that from is in keeps the pages
// of one moment, so a commit by another process does not start it all over.
func copyPages(ctx context.Context, into, from *sqlite3.SQLiteConn) (err error) {
	backup, err := into.Backup("main", from, "main")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, backup.Close()) }()
	for {
		done, err := backup.Step(backupStep)
		if err != nil || done {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// syncFile makes a file or directory survive a loss of power.
func syncFile(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// removeDatabase removes a copy that failed, with what SQLite left beside it.
func removeDatabase(path string) {
	for _, suffix := range []string{"", "-journal", "-wal", "-shm"} {
		_ = os.Remove(path + suffix)
	}
}

// pruneBackups removes all but the newest copies.
func (e *engine) pruneBackups() error {
	found, err := filepath.Glob(globEscape(e.path) + ".backup-*-*Z")
	if err != nil {
		return err
	}
	slices.SortFunc(found, func(a, b string) int { return cmp.Compare(backupStamp(b), backupStamp(a)) })
	for len(found) > keptBackups {
		last := len(found) - 1
		if err := os.Remove(found[last]); err != nil {
			return err
		}
		found = found[:last]
	}
	return nil
}

func backupStamp(path string) string { return path[strings.LastIndexByte(path, '-')+1:] }

// globEscape lets a path stand for itself in a pattern.
func globEscape(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
