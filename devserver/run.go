package devserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// headTimeout bounds the time for the head of a request. Nothing else is
// bounded: streams may be endless, and a debugger may hold a page for an hour.
const headTimeout = 10 * time.Second

// Run serves the app in opts.Dir until ctx ends, then stops every process it
// started and returns nil. It fails at once when there is no Go module, when
// another dev server works in the directory, or when the address is taken; a
// build that fails is no error, the browser shows it.
func Run(ctx context.Context, opts Options) error {
	if opts.Stdout == nil {
		opts.Stdout = os.Stdout
	}
	if opts.Stderr == nil {
		opts.Stderr = os.Stderr
	}
	place, err := findPlace(opts.Dir)
	if err != nil {
		return err
	}
	unlock, err := place.lock()
	if err != nil {
		return err
	}
	defer unlock.Close()
	listeners, url, skipped, err := listen(opts.Listen)
	if err != nil {
		return err
	}
	place.announce(unlock, url)
	files, err := takeSnapshot(place.dir, nil)
	if err != nil {
		return fmt.Errorf("the app cannot be read: %w", err)
	}
	log := newConsole(opts.Stderr)
	if newHosts(opts.Listen).wildcard {
		log.say(toneBad, "warning", "the app, and source code in its error pages, can be seen by everybody who reaches this machine")
	}
	if skipped {
		log.say(toneBusy, "port", fmt.Sprintf("%d is in use by another program, taking the next free one", defaultPort))
	}
	g := startGuard()
	defer g.close()
	s := newSite(place, opts, log, g, files)
	fmt.Fprintf(opts.Stdout, "listening on %s\n", url)
	return s.serve(ctx, listeners)
}

// site is a dev server that is put together and not yet at work.
type site struct {
	loop    *loop
	watcher watcher
	handler http.Handler
	place   place
	log     *console
}

// newSite puts the parts together.
func newSite(p place, opts Options, log *console, g *guard, files snapshot) *site {
	src := sources{dir: p.dir, roots: p.roots}
	b := &builder{dir: p.dir, out: p.work, guard: g, src: src}
	st := &starter{dir: p.dir, out: log, guard: g, src: src,
		note: func(text string) { log.say(toneBusy, "env", text) }}
	l := newLoop(tools{
		scan:  func(old snapshot) (snapshot, error) { return takeSnapshot(p.dir, old) },
		build: b.build,
		start: st.start,
		clean: b.clean,
	}, log, files)
	b.slow = l.remark
	gate := &gate{board: l.board, look: l.look, limit: holdLimit}
	return &site{
		loop: l,
		watcher: &air{dir: p.dir, work: p.work, explicit: opts.Air, off: opts.NoAir,
			poke: opts.PokeCommand, modules: p.modules, guard: g},
		handler: guardHosts(newHosts(opts.Listen), devParts(l.board), newProxy(gate)),
		place:   p,
		log:     log,
	}
}

// serve works until ctx ends and returns when nothing is left running.
func (s *site) serve(ctx context.Context, listeners []net.Listener) error {
	server := newServer(s.handler)
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	var running sync.WaitGroup
	running.Go(func() { s.loop.work(work) })
	running.Go(func() { watchFiles(work, s.watcher, s.loop.poke, s.log) })
	failed := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() { failed <- server.Serve(l) }()
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	// The browsers go first: an app that drains waits for their requests.
	server.Close()
	stopWork()
	running.Wait()
	s.place.clean()
	return err
}

// newServer is the HTTP server that browsers talk to.
func newServer(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: headTimeout}
}

// place is where an app lies and what belongs to it.
type place struct {
	dir     string   // the main package
	work    string   // .dram/dev below it: binaries, socket, air's things
	roots   []string // what code frames may show besides dir
	modules []string // directories that may have a tools.mod
}

// findPlace asks the go command about dir and makes its work directory.
func findPlace(dir string) (place, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return place{}, err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return place{}, fmt.Errorf("no app: %w", err)
	}
	var env struct{ GOMOD, GOROOT, GOMODCACHE string }
	cmd := exec.Command("go", "env", "-json", "GOMOD", "GOROOT", "GOMODCACHE")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return place{}, fmt.Errorf("the go command is needed to build the app: %w", err)
	}
	if err := json.Unmarshal(out, &env); err != nil {
		return place{}, fmt.Errorf("go env: %w", err)
	}
	if env.GOMOD == "" || env.GOMOD == os.DevNull {
		return place{}, fmt.Errorf("no go.mod in %s or above it: go to the directory of an app, or make one with `dram new NAME`", dir)
	}
	p := place{dir: dir, work: filepath.Join(dir, ".dram", "dev")}
	module := filepath.Dir(env.GOMOD)
	p.roots = []string{module, env.GOROOT, env.GOMODCACHE}
	p.modules = []string{dir, module}
	if dram := dramModule(dir); dram != "" {
		p.roots = append(p.roots, dram)
		p.modules = append(p.modules, dram)
	}
	if err := os.MkdirAll(p.work, 0o700); err != nil {
		return place{}, fmt.Errorf("no room for the build: %w", err)
	}
	// What is made here must never be committed, whatever .gitignore says.
	return p, os.WriteFile(filepath.Join(p.work, ".gitignore"), []byte("*\n"), 0o600)
}

// dramModule is where the Dram that the app uses lies: a checkout or the
// module cache; "" if the app uses none.
func dramModule(dir string) string {
	cmd := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/dram-go/dram")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return ""
	}
	return string(bytes.TrimSpace(out))
}

// lock makes sure that there is one dev server for an app: two would build
// over each other. The kernel takes the lock back when the process ends.
func (p place) lock() (*os.File, error) {
	name := filepath.Join(p.work, "lock")
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		defer f.Close()
		who, _ := io.ReadAll(io.LimitReader(f, 200))
		return nil, fmt.Errorf("a dev server already works in %s: %s", p.dir, bytes.TrimSpace(who))
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return f, nil
}

// announce writes into the lock who holds it.
func (p place) announce(lock *os.File, url string) {
	_ = lock.Truncate(0)
	_, _ = lock.WriteAt(fmt.Appendf(nil, "process %d, %s\n", os.Getpid(), url), 0)
}

// clean removes what only a running dev server needs.
func (p place) clean() {
	old, _ := filepath.Glob(filepath.Join(p.work, "app-*"))
	for _, name := range old {
		os.RemoveAll(name)
	}
}
