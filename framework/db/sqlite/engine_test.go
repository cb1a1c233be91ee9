package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/db"
)

func newEngine(t *testing.T) *engine {
	t.Helper()
	described, err := sqliteDriver{}.Engine(config.Default(t.TempDir()), "app.db")
	check(t, err)
	e := described.(*engine)
	check(t, e.Prepare(t.Context()))
	return e
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, e *engine, role db.Role) *sql.DB {
	t.Helper()
	pool := e.Open(role)
	t.Cleanup(func() { _ = pool.Close() })
	return pool
}

func TestConnectionsAreSetUpByRole(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	tests := map[string]map[db.Role]string{
		"journal_mode":       {db.Writer: "wal", db.Reader: "wal", db.Migrator: "wal"},
		"foreign_keys":       {db.Writer: "1", db.Migrator: "0"},
		"query_only":         {db.Writer: "0", db.Reader: "1"},
		"busy_timeout":       {db.Writer: "0", db.Reader: "5000"},
		"cache_size":         {db.Writer: "-2048", db.Reader: "-2048"},
		"mmap_size":          {db.Writer: "134217728", db.Reader: "134217728"},
		"journal_size_limit": {db.Writer: "67108864"},
		"synchronous":        {db.Writer: "1", db.Reader: "1", db.Migrator: "1"},
		"temp_store":         {db.Writer: "2", db.Reader: "2"},
	}
	for _, role := range []db.Role{db.Writer, db.Reader, db.Migrator} {
		pool := open(t, e, role)
		for pragma, want := range tests {
			if want[role] == "" {
				continue
			}
			var got string
			check(t, pool.QueryRow("PRAGMA "+pragma).Scan(&got))
			if got != want[role] {
				t.Errorf("role %d has %s %s, expected %s", role, pragma, got, want[role])
			}
		}
	}
}

func TestWriteLockIsTakenAtTheBeginning(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	e.busy = 1
	first, second := open(t, e, db.Writer), open(t, e, db.Writer)
	tx, err := first.Begin()
	check(t, err)
	defer tx.Rollback()
	var busy *db.BusyError
	if _, err := second.Begin(); !errors.As(err, &busy) {
		t.Errorf("a second writer began: %v", err)
	}
}

func TestWriterWaitsAsLongAsAMigrationRuns(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	e.busy = 1
	first, second := open(t, e, db.Writer), open(t, e, db.Writer)
	holder, err := first.Begin()
	check(t, err)
	asked := 0
	e.migrating = func() bool {
		if asked++; asked == 3 {
			check(t, holder.Rollback())
		}
		return true
	}
	tx, err := second.Begin()
	check(t, err)
	check(t, tx.Rollback())
	if asked < 3 {
		t.Errorf("the wait was prolonged %d times", asked)
	}
}

func TestWriterStopsWaitingWhenTheContextEnds(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	e.busy = 1
	first, second := open(t, e, db.Writer), open(t, e, db.Writer)
	holder, err := first.Begin()
	check(t, err)
	defer holder.Rollback()
	ctx, cancel := context.WithCancel(t.Context())
	asked := 0
	e.migrating = func() bool { // called while waiting
		cancel()
		if asked++; asked == 10 {
			check(t, holder.Rollback())
		}
		return true
	}
	if _, err := second.BeginTx(ctx, nil); !errors.Is(err, context.Canceled) || asked >= 10 {
		t.Errorf("BeginTx returned %v", err)
	}
}

func TestLockIsSeenByOthersUntilItEnds(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	other := &engine{path: e.path}
	if other.Migrating() {
		t.Error("somebody migrates a database that nobody has touched")
	}
	unlock, err := e.Lock(t.Context())
	check(t, err)
	if !other.Migrating() {
		t.Error("the lock is not seen")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := other.Lock(ctx); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "another process is migrating") {
		t.Errorf("a second lock: %v", err)
	}
	unlock()
	unlock, err = other.Lock(t.Context())
	check(t, err)
	unlock()
	if e.Migrating() {
		t.Error("the lock outlives its holder")
	}
}

func TestBackupNeedsSpace(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	e.freeSpace = func(string) (uint64, error) { return 1 << 20, nil }
	_, err := e.Backup(t.Context(), 3)
	if err == nil || !strings.Contains(err.Error(), "1 MiB are free") || !strings.Contains(err.Error(), "make room") {
		t.Errorf("Backup on a full disk: %v", err)
	}
	if left, _ := filepath.Glob(e.path + ".backup*"); len(left) != 0 {
		t.Errorf("it leaves %q", left)
	}
}

func TestBackupIsOfOneMomentAndBlocksNobody(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	pool := open(t, e, db.Writer)
	_, err := pool.Exec(`CREATE TABLE t (x); INSERT INTO t VALUES (1)`)
	check(t, err)
	tx, err := pool.Begin() // somebody is writing
	check(t, err)
	_, err = tx.Exec(`INSERT INTO t VALUES (2)`)
	check(t, err)
	to, err := e.Backup(t.Context(), 0)
	check(t, err)
	check(t, tx.Commit())

	copied := &engine{path: to, busy: time.Second}
	var n int
	check(t, open(t, copied, db.Reader).QueryRow(`SELECT count(*) FROM t`).Scan(&n))
	if n != 1 {
		t.Errorf("the copy has %d rows, expected what was committed", n)
	}
}

// stepContext runs a function between the steps of a backup.
type stepContext struct {
	context.Context
	step func()
}

func (c stepContext) Err() error {
	c.step()
	return c.Context.Err()
}

func TestBackupInManyStepsIsOfOneMoment(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	pool := open(t, e, db.Writer)
	_, err := pool.Exec(`CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(20000000))`)
	check(t, err)
	steps := 0
	ctx := stepContext{t.Context(), func() {
		steps++
		_, err := pool.Exec(`INSERT INTO t VALUES (1)`)
		check(t, err)
	}}
	to, err := e.Backup(ctx, 0)
	check(t, err)
	var n int
	check(t, open(t, &engine{path: to, busy: time.Second}, db.Reader).QueryRow(`SELECT count(*) FROM t`).Scan(&n))
	if n != 1 || steps == 0 {
		t.Errorf("after %d commits between its steps the copy has %d rows, expected 1", steps, n)
	}
}

func TestBackupThatIsInterruptedLeavesNothing(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	pool := open(t, e, db.Writer)
	_, err := pool.Exec(`CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(20000000))`)
	check(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Backup(ctx, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("Backup returned %v", err)
	}
	if left, _ := filepath.Glob(e.path + ".backup*"); len(left) != 0 {
		t.Errorf("it leaves %q", left)
	}
}

func TestConnectionStuckInATransactionLeavesThePool(t *testing.T) {
	t.Parallel()
	c := &conn{inTx: true}
	if c.ResetSession(t.Context()) == nil {
		t.Error("it would be used again")
	}
}

func TestUnwritableFileIsRefused(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	check(t, os.Chmod(e.path, 0o400))
	if err := asNobody(t, e.path, func() error { return e.Prepare(t.Context()) }); err == nil || !strings.Contains(err.Error(), "not writable") {
		t.Errorf("Prepare returned %v", err)
	}
}

// asNobody calls f such that access(2) answers for a user without rights who
// owns path; root would be allowed everything. Who is not root is that user.
func asNobody(t *testing.T, path string, f func() error) error {
	t.Helper()
	if os.Geteuid() != 0 {
		return f()
	}
	const nobody = 65534
	check(t, os.Chown(path, nobody, nobody))
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // for ever: the thread ends with this goroutine
		// The raw call is one thread's; access asks for the real user only.
		if _, _, errno := syscall.RawSyscall(syscall.SYS_SETREUID, nobody, ^uintptr(0), 0); errno != 0 {
			done <- errno
			return
		}
		done <- f()
	}()
	return <-done
}

func TestOldSQLiteIsRefused(t *testing.T) {
	t.Parallel()
	if err := errors.Join(CheckVersion(), checkVersion(minVersion)); err != nil || !strings.HasPrefix(Version(), "3.") {
		t.Errorf("SQLite %s is refused: %v", Version(), err)
	}
	if err := checkVersion(3_051_002); err == nil || !strings.Contains(err.Error(), "SQLite is 3.51.2, expected 3.51.3") {
		t.Errorf("the error says %v", err)
	}
}

func TestUniqueColumns(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		"UNIQUE constraint failed: user.email":                     "user.email",
		"UNIQUE constraint failed: vote.user_id, vote.question_id": "vote.user_id vote.question_id",
		"UNIQUE constraint failed: index 'user_email'":             "user_email",
	} {
		if got := strings.Join(uniqueColumns(message), " "); got != want {
			t.Errorf("%s: %q", message, got)
		}
	}
}

func TestFaultsOfTheFileSystem(t *testing.T) {
	t.Parallel()
	gone := &engine{path: filepath.Join(t.TempDir(), "gone", "app.db"), busy: time.Second, now: time.Now, freeSpace: freeSpace}
	if _, err := gone.Lock(t.Context()); err == nil {
		t.Error("a lock without a directory")
	}
	if _, err := gone.Backup(t.Context(), 1); err == nil {
		t.Error("a copy of nothing")
	}
	if err := gone.Check(t.Context(), open(t, gone, db.Reader)); err == nil {
		t.Error("a missing file answers")
	}
	if syncFile(gone.path) == nil {
		t.Error("a missing file was synced")
	}
	if _, err := (&connector{}).Driver().Open("file:/nonexistent/x?mode=ro"); err == nil {
		t.Error("a missing file was opened")
	}
}

func TestBackupRemovesWhatACrashLeft(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	open(t, e, db.Writer)
	partial := e.path + ".backup-1-20260101T000000.000Z.partial"
	left := []string{partial, partial + "-journal"}
	for n := range 5 { // of migrations that did not come to their end
		left = append(left, fmt.Sprintf("%s.backup-1-2026010%dT000000.000Z", e.path, n+1))
	}
	for _, path := range left {
		check(t, os.WriteFile(path, []byte("half"), 0o600))
	}
	to, err := e.Backup(t.Context(), 2)
	check(t, err)
	want := append(left[4:], to)
	if got, _ := filepath.Glob(e.path + ".backup*"); !slices.Equal(got, want) {
		t.Errorf("left are %q, expected %q", got, want)
	}
}

func TestDeniedSaysWhatToDo(t *testing.T) {
	err := denied("/srv/qna/data", &fs.PathError{Op: "mkdir", Path: "/srv/qna/data", Err: syscall.EACCES})
	want := fmt.Sprintf("mkdir /srv/qna/data: permission denied\nGive the directory to the user of this process: install -d -o %d /srv/qna/data", os.Geteuid())
	if err.Error() != want || !errors.Is(err, fs.ErrPermission) {
		t.Errorf("error %q, want %q", err, want)
	}
	if other := (&fs.PathError{Err: syscall.ENOSPC}); denied("/", other) != error(other) {
		t.Error("another error is changed")
	}
}
