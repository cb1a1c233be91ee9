package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/version"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"github.com/dram-go/dram/framework/config"
)

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

func restLines(text string) []string {
	_, rest, found := strings.Cut(text, "\n")
	if !found {
		return nil
	}
	return strings.Split(rest, "\n")
}

// leastGo is the Go that Dram is written for.
const leastGo = "go1.26"

// checkGo asks for the version that the go command uses in dir, which may be
// another than its own.
func checkGo(ctx context.Context, dir string) finding {
	cmd := exec.CommandContext(ctx, "go", "env", "GOVERSION")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return finding{"go", broken, "there is no go command that runs: " + err.Error(), "install Go from https://go.dev/dl"}
	}
	return judgeGo(strings.TrimSpace(string(out)))
}

func judgeGo(found string) finding {
	// A development version is newer than every release.
	if version.IsValid(found) && version.Compare(found, leastGo) < 0 {
		return finding{"go", broken, found + " is older than " + leastGo, "install a newer Go from https://go.dev/dl"}
	}
	return fine("go", "%s", found)
}

// inotify is where Linux tells its limits for watching files.
const inotify = "/proc/sys/fs/inotify/"

// checkWatches compares the directories below dir with what may be watched.
func checkWatches(dir string) finding {
	watches, err := readLimit(inotify + "max_user_watches")
	if err != nil {
		return fine("watching files", "this system sets no limits that are known")
	}
	instances, err := readLimit(inotify + "max_user_instances")
	if err != nil {
		return fine("watching files", "%d directories", watches)
	}
	return judgeWatches(countDirs(dir), watches, instances)
}

// judgeWatches leaves room for editors and other servers: an eighth is ours.
func judgeWatches(dirs, watches, instances int) finding {
	switch {
	case dirs > watches/8:
		return finding{"watching files", weak, fmt.Sprintf("%d directories are below this one, and one user may watch %d in all", dirs, watches),
			"as root: sysctl fs.inotify.max_user_watches=524288"}
	case instances < 64:
		return finding{"watching files", weak, fmt.Sprintf("one user may have %d watchers in all", instances),
			"as root: sysctl fs.inotify.max_user_instances=512"}
	}
	return fine("watching files", "%d directories of %d, %d watchers", dirs, watches, instances)
}

func readLimit(file string) (int, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}

// countDirs counts the directories that a watcher of dir would watch.
func countDirs(dir string) int {
	n := 0
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil // what cannot be read is not watched either
		case !d.IsDir():
			return nil
		case path != dir && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		}
		n++
		return nil
	})
	return n
}

// checkAir looks where the dev server does: in the tools.mod of the app, of its
// module and of Dram, then in PATH.
func checkAir(ctx context.Context, a *app) finding {
	const name = "air"
	dirs := []string{a.dir}
	for _, module := range [][]string{nil, {dramModule}} {
		dir, err := a.goOutput(ctx, append([]string{"list", "-m", "-f", "{{.Dir}}"}, module...)...)
		if err == nil {
			dirs = append(dirs, dir)
		}
	}
	for _, dir := range dirs {
		tools, err := os.ReadFile(filepath.Join(dir, "tools.mod"))
		if err != nil || !bytes.Contains(tools, []byte("github.com/air-verse/air")) {
			continue
		}
		if _, err = (&app{dir}).goOutput(ctx, "tool", "-n", "-modfile=tools.mod", "air"); err == nil {
			return fine(name, "of %s", relative(filepath.Join(dir, "tools.mod")))
		}
	}
	if path, err := exec.LookPath("air"); err == nil {
		return fine(name, "%s", path)
	}
	return finding{name, weak, "is neither in tools.mod nor in PATH: dram dev looks for changes itself, a little later",
		"in the app: go get -tool -modfile=tools.mod github.com/air-verse/air@latest"}
}

const compilerName = "C compiler"

// checkSQLite examines the C compiler and the version of SQLite that an app
// would be built with; an app without SQLite needs neither.
func checkSQLite(ctx context.Context, a *app) []finding {
	header, err := a.goOutput(ctx, "list", "-e", "-deps", "-f",
		`{{if eq .ImportPath "`+sqlitePackage+`"}}{{.Dir}}{{end}}`, ".")
	if err != nil || header == "" {
		return []finding{fine("SQLite", "is not used")}
	}
	compiler := fine(compilerName, "%s", "found, cgo is on")
	if err := a.checkCompiler(ctx, io.Discard); err != nil {
		text, mend, _ := strings.Cut(err.Error(), "\n")
		compiler = finding{compilerName, broken, text, mend}
	}
	source, err := os.ReadFile(filepath.Join(header, "sqlite3-binding.h"))
	if err != nil {
		return []finding{compiler, {"SQLite", broken, err.Error(), "run go mod download in the app"}}
	}
	flags, err := a.goOutput(ctx, "env", "GOFLAGS")
	return []finding{compiler, judgeSQLite(source, err == nil && strings.Contains(flags, "libsqlite3"))}
}

// leastSQLite is the first version whose write-ahead log survives several
// writers: 3.51.3 as SQLITE_VERSION_NUMBER writes it.
const leastSQLite = 3_051_003

var sqliteVersion = regexp.MustCompile(`(?m)^#define SQLITE_VERSION_NUMBER\s+(\d+)`)

// judgeSQLite reads the version off SQLite's header. With the tag libsqlite3
// the system's is linked, whatever the header says.
func judgeSQLite(header []byte, systems bool) finding {
	const name = "SQLite"
	m := sqliteVersion.FindSubmatch(header)
	if systems || m == nil {
		return finding{name, weak, "is that of the system, whose version is not known here",
			"build without the tag libsqlite3; the app refuses a version before 3.51.3 when it starts"}
	}
	n, err := strconv.Atoi(string(m[1]))
	text := fmt.Sprintf("%d.%d.%d", n/1_000_000, n/1000%1000, n%1000)
	if err != nil || n < leastSQLite {
		return finding{name, broken, text + " can corrupt a database that several processes write to; 3.51.3 cannot",
			"in the app: go get " + sqlitePackage + "@latest"}
	}
	return fine(name, "%s", text)
}

// checkSecret asks for what sessions are sealed with. That a file with it is
// private is checked where it is read.
func checkSecret(conf *config.Config) finding {
	const name = "secret"
	for _, s := range conf.Settings() {
		if s.Key == name && conf.Secret != "" {
			return fine(name, "%s", s.Origin)
		}
	}
	return finding{name, weak, "there is none: dram dev and dram serve make one, a server refuses to start without",
		"on a server: ./APP secret, or set SECRET_KEY"}
}

// checkPort tries to listen where the app would.
func checkPort(address string) finding {
	const name = "port"
	l, err := net.Listen("tcp", address)
	switch {
	case err == nil:
		_ = l.Close()
		return fine(name, "%s is free", address)
	case errors.Is(err, syscall.EADDRINUSE):
		return finding{name, weak, address + " is in use, perhaps by this app", "choose another with --listen, or stop what listens there"}
	case errors.Is(err, syscall.EACCES):
		return finding{name, broken, address + " is reserved for root", "listen above 1023, or allow it: setcap cap_net_bind_service=+ep APP"}
	}
	return finding{name, broken, err.Error(), "set server.listen to HOST:PORT of this machine"}
}

// checkMigrations builds the app and asks it for the state of its database.
func checkMigrations(ctx context.Context, a *app) []finding {
	var log strings.Builder
	if err := a.build(ctx, &log); err != nil {
		text, mend, _ := strings.Cut(err.Error(), "\n")
		return []finding{{"build", broken, text + "\n" + mend, "mend the lines that the compiler names"}}
	}
	built := fine("build", "%s", relative(a.binary()))
	cmd := exec.CommandContext(ctx, a.binary(), "migrate", "status", "--json")
	cmd.Dir = a.dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		if strings.Contains(stderr.String(), "has no migrations") {
			return []finding{built, fine("migrations", "the app has none")}
		}
		return []finding{built, {"migrations", broken, strings.TrimSpace(stderr.String()), "mend what the app says"}}
	}
	return []finding{built, judgeMigrations(out)}
}

// judgeMigrations reads what `migrate status --json` printed.
func judgeMigrations(listed []byte) finding {
	const name = "migrations"
	var rows []struct{ State, File string }
	if err := json.Unmarshal(listed, &rows); err != nil {
		return finding{name, broken, "migrate status --json: " + err.Error(), "build the app again"}
	}
	count := map[string]int{}
	for _, r := range rows {
		count[r.State]++
	}
	switch {
	case count["pending"] > 0:
		return finding{name, weak, fmt.Sprintf("%d of %d have not run", count["pending"], len(rows)), "dram migrate"}
	case count["changed"] > 0:
		return finding{name, weak, fmt.Sprintf("%d of %d were changed after they had run: new databases will differ from this one", count["changed"], len(rows)),
			"put the files back as they were, and the changes into new files (dram migrate status names them)"}
	case count["unknown"] > 0:
		return finding{name, weak, fmt.Sprintf("%d have run that this build does not know: the database is ahead", count["unknown"]),
			"build the newest version of the app"}
	case count["after"] > 0:
		return fine(name, "%d have run, %d wait for the end of a reload", count["applied"], count["after"])
	}
	return fine(name, "%d have run", count["applied"])
}
