package devserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// airDelay is how long air waits for more events before it pokes, in
// milliseconds. Zero would mean a second to air.
const airDelay = 30

// airExts are the endings that air watches. What is missing here is found by
// the slower look of the poller.
var airExts = []string{
	"go", "mod", "sum", "work", "c", "h", "s", "toml", "env", "sql",
	"html", "htm", "tmpl", "gohtml", "txt", "md", "xml", "css", "js", "mjs", "json",
	"svg", "png", "jpg", "jpeg", "gif", "webp", "avif", "ico", "woff", "woff2",
}

// air watches by running air, unmodified, as a process of its own: its build
// command is a poke, and the program that it runs after that does nothing.
type air struct {
	dir      string // the app
	work     string // where its configuration, its tmp_dir and the socket go
	explicit string // Options.Air
	off      bool
	poke     []string // Options.PokeCommand
	modules  []string // directories that may have a tools.mod
	guard    *guard
}

// watch implements watcher.
func (a *air) watch(ctx context.Context, poke func()) error {
	if a.off || len(a.poke) == 0 {
		return errUnused
	}
	path, err := a.find(ctx)
	if err != nil {
		return err
	}
	socket, remove, err := pokeSocket(a.work)
	if err != nil {
		return err
	}
	defer remove()
	config, err := a.writeConfig(socket.Addr().String())
	if err != nil {
		return err
	}
	output := newTailWriter(io.Discard, outputLimit)
	cmd := exec.Command(path, "-c", config)
	cmd.Dir = a.dir
	cmd.Env = slices.DeleteFunc(os.Environ(), func(pair string) bool {
		return strings.HasPrefix(pair, "air_wd=") // would move it to another directory
	})
	cmd.Stdout, cmd.Stderr = output, output
	proc, err := startProcess(cmd, a.guard, false)
	if err != nil {
		return err
	}
	go servePokes(socket, poke)
	select {
	case <-proc.done:
		return fmt.Errorf("air ended: %s", lastLine(output.Tail(), proc.err))
	case <-ctx.Done():
		proc.kill() // asked politely it takes two seconds
		return nil
	}
}

// find returns the path of air. The go command builds it at first, which takes
// some seconds; meanwhile the poller watches.
func (a *air) find(ctx context.Context) (string, error) {
	for _, given := range []string{a.explicit, os.Getenv("AIR")} {
		if given != "" {
			return exec.LookPath(given)
		}
	}
	var failed error
	for _, dir := range a.modules {
		tools, err := os.ReadFile(filepath.Join(dir, "tools.mod"))
		if err != nil || !bytes.Contains(tools, []byte("github.com/air-verse/air")) {
			continue
		}
		path, err := a.goTool(ctx, dir)
		if err == nil {
			return path, nil
		}
		failed = err
	}
	if path, err := exec.LookPath("air"); err == nil {
		return path, nil
	}
	if failed == nil {
		failed = errors.New("there is none in tools.mod or PATH")
	}
	return "", failed
}

// goTool has the go command build the air that dir/tools.mod pins, and returns
// where it lies in the build cache.
func (a *air) goTool(ctx context.Context, dir string) (string, error) {
	var out, complaint bytes.Buffer
	cmd := exec.Command("go", "tool", "-n", "-modfile=tools.mod", "air")
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &complaint
	if err := runGroup(ctx, cmd, a.guard); err != nil {
		return "", fmt.Errorf("go tool -modfile=%s air: %s", filepath.Join(dir, "tools.mod"), lastLine(complaint.String(), err))
	}
	return strings.TrimSpace(out.String()), nil
}

// airConfig is the part of air's configuration that is set here: everything
// that runs is ours, everything that is watched may be the app's.
type airConfig struct {
	Root   string   `toml:"root"`
	TmpDir string   `toml:"tmp_dir"`
	Build  airBuild `toml:"build"`
	Log    airLog   `toml:"log"`
	Misc   airMisc  `toml:"misc"`
}

type airBuild struct {
	Cmd        string   `toml:"cmd"`
	Entrypoint []string `toml:"entrypoint"`
	airWatch
}

// airWatch are air's settings for watching.
type airWatch struct {
	IncludeExt       []string `toml:"include_ext,omitempty"`
	IncludeDir       []string `toml:"include_dir,omitempty"`
	IncludeFile      []string `toml:"include_file,omitempty"`
	ExcludeDir       []string `toml:"exclude_dir,omitempty"`
	ExcludeFile      []string `toml:"exclude_file,omitempty"`
	ExcludeRegex     []string `toml:"exclude_regex,omitempty"`
	ExcludeUnchanged bool     `toml:"exclude_unchanged,omitempty"`
	FollowSymlink    bool     `toml:"follow_symlink,omitempty"`
	Poll             bool     `toml:"poll,omitempty"`
	PollInterval     int      `toml:"poll_interval,omitempty"`
	Delay            int      `toml:"delay,omitempty"`
}

type airLog struct {
	Silent bool `toml:"silent"`
}

type airMisc struct {
	Banner string `toml:"startup_banner"`
}

// writeConfig writes the configuration for air and returns its path. Flags
// would not do: air ignores a flag that says what is air's default anyway, so
// a proxy or a command in the app's own .air.toml could not be turned off.
func (a *air) writeConfig(socket string) (string, error) {
	watch, err := a.watchSettings()
	if err != nil {
		return "", err
	}
	c := airConfig{
		Root:   ".",
		TmpDir: filepath.Join(a.work, "air"),
		Build: airBuild{
			Cmd:        shellQuote(append(slices.Clone(a.poke), socket)),
			Entrypoint: []string{"true"},
			airWatch:   watch,
		},
		Log: airLog{Silent: true},
	}
	text, err := toml.Marshal(c)
	if err != nil {
		return "", err
	}
	name := filepath.Join(a.work, "air.toml")
	return name, os.WriteFile(name, text, 0o600)
}

// watchSettings are those of the app's .air.toml, if it has one, else ours.
func (a *air) watchSettings() (airWatch, error) {
	text, err := os.ReadFile(filepath.Join(a.dir, ".air.toml"))
	if err != nil {
		return airWatch{
			IncludeExt:   airExts,
			ExcludeDir:   skippedDirs(a.dir),
			ExcludeRegex: []string{`_test\.go$`},
			Delay:        airDelay,
		}, nil
	}
	var own struct {
		TmpDir string   `toml:"tmp_dir"`
		Build  airWatch `toml:"build"`
	}
	if err := toml.Unmarshal(text, &own); err != nil {
		return airWatch{}, fmt.Errorf(".air.toml: %w", err)
	}
	if own.TmpDir != "" {
		own.Build.ExcludeDir = append(own.Build.ExcludeDir, own.TmpDir)
	}
	return own.Build, nil
}

// shellQuote writes an argument list as a command of sh(1).
func shellQuote(args []string) string {
	quoted := make([]string, len(args))
	for i, arg := range args {
		quoted[i] = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
	}
	return strings.Join(quoted, " ")
}

// lastLine is the last thing that a program said, or else how it ended.
func lastLine(output string, err error) string {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	if last := lines[len(lines)-1]; last != "" {
		return strings.TrimSpace(last)
	}
	if err == nil {
		return "without a word"
	}
	return err.Error()
}
