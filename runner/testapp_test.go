package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing/fstest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/pubsub"
)

// testApp is an app without any framework.
type testApp struct {
	http.Handler
	version map[string]string // the settings behind the binary
	bus     *pubsub.Node
	heard   atomic.Int64 // messages
	pages   atomic.Int64 // start pages
}

func newTestApp(conf *config.Config) (*testApp, error) {
	settings, err := readTrailer()
	if err != nil {
		return nil, err
	}
	switch settings["new"] {
	case "fail":
		return nil, errors.New("page.html:3: function \"frobnicate\" not defined")
	case "hang":
		forever()
	}
	a := &testApp{version: settings, bus: pubsub.New(pubsub.Options{})}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) {
		if settings["page"] == "500" {
			w.WriteHeader(http.StatusInternalServerError)
		}
		a.pages.Add(1)
		fmt.Fprint(w, "version "+settings["version"])
	})
	mux.HandleFunc("POST /publish", func(w http.ResponseWriter, r *http.Request) {
		if err := a.bus.Publish(r.Context(), "news", []byte("hello")); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("POST /orphan", func(w http.ResponseWriter, _ *http.Request) {
		// A grandchild whose parent ends at once.
		if err := exec.Command("sh", "-c", "sleep 0.1 & exit 0").Run(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("GET /heard", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, a.heard.Load()) })
	mux.HandleFunc("GET /worker", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, os.Getenv("DRAM_WORKER")) })
	mux.HandleFunc("GET /settings", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, conf.Name, " ", conf.Root, " ", conf.Locale.Default)
	})
	kept := new(atomic.Int64)
	mux.HandleFunc("GET /kept", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=3600")
		fmt.Fprint(w, kept.Load())
	})
	mux.HandleFunc("POST /kept", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, kept.Add(1)) })
	mux.HandleFunc("GET /secret", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, len(conf.Secret)) })
	mux.HandleFunc("GET /asset", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, a.asset()) })
	mux.HandleFunc("GET /until/{file}", func(w http.ResponseWriter, r *http.Request) {
		os.WriteFile(r.PathValue("file")+".begun", nil, 0o600)
		poll(func() bool { _, err := os.Stat(r.PathValue("file")); return err == nil })
		fmt.Fprint(w, "done")
	})
	mux.HandleFunc("GET /stream", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "data ")
		_ = http.NewResponseController(w).Flush()
		os.WriteFile("stream.begun", nil, 0o600)
		<-Draining(r.Context())
		fmt.Fprint(w, "bye")
	})
	mux.HandleFunc("GET /deaf", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "data\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done() // nobody tells it that the worker drains
	})
	mux.HandleFunc("GET /client", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.RemoteAddr, " ", r.TLS != nil, " ", r.Host, " ", r.Header.Get("X-Forwarded-For"))
	})
	mux.HandleFunc("POST /garbage", func(http.ResponseWriter, *http.Request) {
		for fd := 3; fd < 100; fd++ { // the control connection is the first of its kind
			kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
			peer, _ := unix.Getpeername(fd)
			named, ok := peer.(*unix.SockaddrUnix)
			if err == nil && kind == unix.SOCK_STREAM && ok && named.Name == "@" { // without a name, in the words of package unix
				unix.Write(fd, []byte("GET / HTTP/1.1\r\n\r\n"))
				return
			}
		}
	})
	mux.HandleFunc("GET /panic", func(http.ResponseWriter, *http.Request) { go panic("the app's own goroutine") })
	mux.HandleFunc("POST /count", func(w http.ResponseWriter, r *http.Request) {
		id, err := io.ReadAll(r.Body)
		if err == nil {
			err = appendLine("ledger", string(id))
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	sender := newSender()
	mux.Handle("GET /send/", sender)
	mux.Handle("GET /name", sender)
	a.Handler = mux
	return a, nil
}

func (a *testApp) files() fstest.MapFS {
	files := fstest.MapFS{"site.css": {Data: []byte("/* " + a.version["version"] + " */")}}
	if name := a.version["page"]; name != "" {
		files[name] = &fstest.MapFile{Data: []byte("{{title}}")}
	}
	return files
}

func (a *testApp) Assets() fs.FS { return a.files() }

// asset is the published name of site.css in this version.
func (a *testApp) asset() string { return assetURL(a.files(), "site.css") }

func (a *testApp) Migrate(context.Context) error {
	switch a.version["migrate"] {
	case "fail":
		return errors.New("00002_votes.sql:4: near \"TABEL\": syntax error")
	case "hang":
		appendLine("migrating", fmt.Sprint(os.Getpid()))
		forever()
	}
	fmt.Println("nothing to migrate")
	return appendLine("migrated", a.version["version"])
}

func (a *testApp) MigrateAfter(context.Context) error {
	return appendLine("followed", a.version["version"])
}

func (a *testApp) MigrationStatus(context.Context) ([][]string, error) {
	return [][]string{{"1", "applied", "00001_init.sql"}}, nil
}

func (a *testApp) Start(ctx context.Context) error {
	if pause, err := time.ParseDuration(a.version["die"]); err == nil {
		time.AfterFunc(pause, func() { panic("an index out of range") })
	}
	go func() {
		for m := range a.bus.Subscribe(context.Background(), "news") {
			if !m.Gap {
				a.heard.Add(1)
			}
		}
	}()
	if err := a.bus.Start(ctx); err != nil {
		return err
	}
	switch a.version["start"] {
	case "fail":
		return errors.New("the database is behind: run migrate up")
	case "panic":
		panic("cannot start")
	case "hang":
		forever() // whatever the context says
	}
	return nil
}

func (a *testApp) Close(ctx context.Context) error {
	a.bus.Close(ctx)
	err := appendLine("closed", fmt.Sprint(os.Getpid()))
	if a.version["close"] == "hang" {
		forever()
	}
	return err
}

// forever hangs as broken code does: nothing but the end of the process ends it.
func forever() { select {} }

func (a *testApp) Check(context.Context) error {
	if a.version["check"] == "fail" {
		return errors.New("there is no secret to seal sessions with")
	}
	return nil
}

// Metrics are figures as an app writes them by hand.
func (a *testApp) Metrics(w io.Writer) error {
	if a.version["metrics"] == "bad" {
		fmt.Fprint(w, "nonsense")
		return nil
	}
	_, err := fmt.Fprintf(w, "# TYPE app_pages_total counter\napp_pages_total %d\n# TYPE app_version gauge\napp_version %s", a.pages.Load(), a.version["version"])
	return err
}

func (a *testApp) Templates() [][]string { return [][]string{{"home.html", "compiled", ""}} }

func (a *testApp) Routes() [][]string { return [][]string{{"GET", "/", "home", "home", "main.go:1"}} }

func (a *testApp) Commands() map[string]func(context.Context, []string) error {
	return map[string]func(context.Context, []string) error{
		"seed fill the ledger": func(_ context.Context, args []string) error {
			fmt.Println("seeded", strings.Join(args, " "))
			return nil
		},
		"report count what there is": func(context.Context, []string) error {
			fmt.Println("reported")
			return nil
		},
	}
}

// CommandNeeds says that seed needs nothing started; report needs it all.
func (a *testApp) CommandNeeds(name string) ([]any, bool) { return nil, name == "seed" }

func appendLine(name, line string) error {
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(line + "\n")
	return err
}

// readTrailer reads the settings behind this process's binary.
func readTrailer() (map[string]string, error) {
	exe, err := os.Open("/proc/self/exe")
	if err != nil {
		return nil, err
	}
	defer exe.Close()
	if _, err := exe.Seek(-256, io.SeekEnd); err != nil {
		return nil, err
	}
	end, err := io.ReadAll(exe)
	if err != nil {
		return nil, err
	}
	settings := map[string]string{}
	for _, pair := range strings.Fields(string(end)) {
		if name, value, ok := strings.Cut(pair, "="); ok {
			settings[name] = value
		}
	}
	return settings, nil
}
