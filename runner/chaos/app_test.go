package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing/fstest"
	"time"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/asset"
	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/db"
	_ "github.com/dram-go/dram/framework/db/sqlite"
	"github.com/dram-go/dram/runner/load"
)

// app is what the trees of the scenarios serve. Its settings stand behind its
// binary, so that each deployment can be another version with other faults.
type app struct {
	http.Handler
	settings map[string]string
	ledger   *load.Ledger
	db       *db.DB    // nil without db=yes
	live     *dram.App // what lasts

	mu     sync.Mutex
	leaked [][]byte
}

// pageSize is about that of a page of a real site.
const pageSize = 5 << 10

func newApp(conf *config.Config) (*app, error) {
	settings, err := readSettings()
	if err != nil {
		return nil, err
	}
	if settings["new"] == "fail" {
		return nil, errors.New("page.html:3: function \"frobnicate\" not defined")
	}
	a := &app{settings: settings, ledger: &load.Ledger{Path: "ledger"}}
	if settings["db"] != "" {
		a.db = db.New(conf, a.migrations())
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.page)
	mux.HandleFunc("GET /late", func(w http.ResponseWriter, r *http.Request) { time.Sleep(50 * time.Millisecond); a.page(w, r) })
	mux.HandleFunc("GET /style", a.style)
	mux.Handle("/count", a.ledger)
	mux.HandleFunc("POST /write", a.write)
	mux.HandleFunc("GET /until/{file}", a.until)
	mux.HandleFunc("GET /torn/{file}", a.torn)
	mux.HandleFunc("GET /big", bigPage)
	mux.HandleFunc("POST /crash/{how}", func(_ http.ResponseWriter, r *http.Request) { crash(r.PathValue("how")) })
	mux.HandleFunc("POST /hang/{how}", func(_ http.ResponseWriter, r *http.Request) { hang(r.PathValue("how")) })
	mux.HandleFunc("POST /leak", a.leak)
	mux.HandleFunc("POST /orphan", orphan)
	mux.HandleFunc("GET /events", a.events)
	mux.HandleFunc("GET /raw", a.raw)
	mux.HandleFunc("/watch/{file}", a.watch)
	a.live = newLive(settings["version"])
	mux.Handle("/live/", a.live)
	a.Handler = mux
	return a, nil
}

// readSettings reads the line behind this process's binary.
func readSettings() (map[string]string, error) {
	exe, err := os.Open("/proc/self/exe")
	if err != nil {
		return nil, err
	}
	defer exe.Close()
	if _, err := exe.Seek(-settingsSize, io.SeekEnd); err != nil {
		return nil, err
	}
	line, err := io.ReadAll(exe)
	if err != nil {
		return nil, err
	}
	settings := map[string]string{}
	for _, pair := range strings.Fields(string(line)) {
		if name, value, ok := strings.Cut(pair, "="); ok {
			settings[name] = value
		}
	}
	return settings, nil
}

// page is the dynamic page that loads fetch.
func (a *app) page(w http.ResponseWriter, r *http.Request) {
	mayBePoisoned()
	if a.settings["page"] == "fail" {
		http.Error(w, "this version is broken", http.StatusInternalServerError)
		return
	}
	w.Header().Set(load.IDField, r.Header.Get(load.IDField))
	// Of an answer whose length is known the front has all before it begins.
	w.Header().Set("Content-Length", strconv.Itoa(pageSize))
	text := "version " + a.settings["version"] + "\n"
	io.WriteString(w, text)
	w.Write(bytes.Repeat([]byte("x"), pageSize-len(text)))
}

// mayBePoisoned ends the process while there is a file with that name.
func mayBePoisoned() {
	if _, err := os.Stat("poison"); err == nil {
		os.Exit(1)
	}
}

// files are the app's static files: one, that every version changes.
func (a *app) files() fstest.MapFS {
	return fstest.MapFS{"site.css": {Data: []byte("/* " + a.settings["version"] + " */")}}
}

func (a *app) Assets() fs.FS { return a.files() }

// style names the stylesheet of this version, as a page's head does.
func (a *app) style(w http.ResponseWriter, _ *http.Request) {
	m, err := asset.Scan(a.files())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	published, _ := m.Asset("site.css")
	fmt.Fprint(w, a.settings["version"], " ", asset.Prefix+published)
}

// until answers when a file is there, however long that takes.
func (a *app) until(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	os.WriteFile(name+".begun", nil, 0o600)
	poll(func() bool { _, err := os.Stat(name); return err == nil })
	fmt.Fprint(w, "done")
}

// torn writes a page of unknown length in two parts. Between the two the first
// one to write it waits to be killed.
func (a *app) torn(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	w.Write(bytes.Repeat([]byte("x"), tornSize/2))
	if err == nil {
		fmt.Fprintln(f, os.Getpid())
		select {}
	}
	w.Write(bytes.Repeat([]byte("y"), tornSize/2))
}

// tornSize is more than a page that is collected before a response begins.
const tornSize = 48 << 10

// watch reads the body or writes without end, and notes how it ended.
func (a *app) watch(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	os.WriteFile(name+".begun", nil, 0o600)
	if r.Method == http.MethodPost {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			os.WriteFile(name, []byte("body"), 0o600)
		}
		return
	}
	clock := time.NewTicker(time.Millisecond)
	defer clock.Stop()
	for {
		select {
		case <-r.Context().Done():
			os.WriteFile(name, []byte("context"), 0o600)
			return
		case <-clock.C:
			w.Write(make([]byte, 1<<10))
		}
	}
}

// events is a stream that says which version sends it.
func (a *app) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	clock := time.NewTicker(20 * time.Millisecond)
	defer clock.Stop()
	for {
		fmt.Fprintf(w, "data: %s\n\n", a.settings["version"])
		http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
			return
		case <-clock.C:
		}
	}
}

// raw upgrades to a protocol that sends every line back, with the version.
func (a *app) raw(w http.ResponseWriter, _ *http.Request) {
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer conn.Close()
	io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: lines\r\n\r\n")
	for {
		line, err := rw.ReadString('\n')
		if err != nil {
			return
		}
		if _, err := fmt.Fprintf(conn, "%s %s", a.settings["version"], line); err != nil {
			return
		}
	}
}

// crash ends the process in a way that no handler can recover from.
func crash(how string) {
	switch how {
	case "panic":
		go func() { panic("in a goroutine of the app") }()
	case "nil":
		go func() { var p *int; *p = 1 }()
	case "map":
		// The runtime sees it only when two write at the same moment.
		runtime.GOMAXPROCS(4)
		m := map[int]int{}
		for range 8 {
			go func() {
				for i := 0; ; i++ {
					m[i%8] = i
				}
			}()
		}
	case "stack":
		debug.SetMaxStack(16 << 20)
		go overflow(0)
	case "segfault":
		syscall.Kill(os.Getpid(), syscall.SIGSEGV)
	case "exit3":
		os.Exit(3)
	case "exit4":
		os.Exit(4)
	}
	select {}
}

// orphanName is what the kernel calls the processes that handlers leave behind.
const orphanName = "chaos-orphan"

// orphan starts a process that starts another one and ends: process 1 gets
// that one, which ends a moment later.
func orphan(w http.ResponseWriter, _ *http.Request) {
	out, err := exec.Command("sh", "-c", "(printf "+orphanName+" >/proc/self/comm; sleep 0.05; exit 3) >/dev/null 2>&1 </dev/null &").CombinedOutput()
	if err != nil {
		http.Error(w, fmt.Sprintf("%v\n%s", err, out), http.StatusInternalServerError)
	}
}

// leak keeps 10 MiB for ever.
func (a *app) leak(http.ResponseWriter, *http.Request) {
	b := make([]byte, 10<<20)
	for i := range b {
		b[i] = 1
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.leaked = append(a.leaked, b)
}

func overflow(n int) int {
	if n < 0 {
		return 0 // never: the stack is full long before
	}
	return overflow(n+1) + 1
}

// write counts in the database, in the same table from all workers.
func (a *app) write(w http.ResponseWriter, r *http.Request) {
	id := r.PostFormValue("id")
	err := a.db.Write(r.Context(), func(ctx context.Context) error {
		_, err := a.db.Exec(ctx, "INSERT INTO post (id) VALUES (?)", id)
		return err
	})
	if err == nil {
		err = a.ledger.Count(id)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// migrations are those of this version: each adds a column.
func (a *app) migrations() fstest.MapFS {
	files := fstest.MapFS{"migrations/00001_init.sql": {Data: []byte(
		"-- +goose Up\nCREATE TABLE post (id TEXT PRIMARY KEY) STRICT;\n-- +goose Down\nDROP TABLE post;\n")}}
	var version int
	fmt.Sscan(a.settings["version"], &version)
	for n := 2; n <= version; n++ {
		files[fmt.Sprintf("migrations/%05d_column.sql", n)] = &fstest.MapFile{Data: fmt.Appendf(nil,
			"-- +goose Up\nALTER TABLE post ADD COLUMN c%d INTEGER;\n-- +goose Down\nALTER TABLE post DROP COLUMN c%d;\n", n, n)}
	}
	return files
}

func (a *app) Migrate(ctx context.Context) error {
	if a.db == nil {
		return nil
	}
	return a.db.Migrate(ctx)
}

func (a *app) MigrationStatus(ctx context.Context) ([][]string, error) {
	if a.db == nil {
		return nil, nil
	}
	return a.db.MigrationStatus(ctx)
}

func (a *app) Start(ctx context.Context) error {
	mayBePoisoned()
	switch a.settings["start"] {
	case "fail":
		return errors.New("the mail server is not there")
	case "hang":
		select {}
	case "panic":
		panic("cannot start")
	}
	if a.settings["soak"] == "crash" {
		time.AfterFunc(500*time.Millisecond, func() { panic("in the background") })
	}
	if a.db == nil {
		return nil
	}
	return a.db.Start(ctx)
}

func (a *app) Close(ctx context.Context) error {
	err := a.live.Close(ctx)
	if a.db != nil {
		err = errors.Join(err, a.db.Close(ctx))
	}
	return err
}
