package dram_test

import (
	"bytes"
	"encoding/json"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/config"
)

const secret = "0123456789abcdef0123456789abcdef"

// testConfig is a configuration in an environment.
func testConfig(t *testing.T, env config.Env) *dram.Config {
	t.Helper()
	conf := config.Default(t.TempDir())
	conf.Env, conf.Name, conf.Secret = env, "qna", secret
	return conf
}

// newApp returns an app and the lines that it logs.
func newApp(t *testing.T, env config.Env, files fs.FS) (*dram.App, *logLines) {
	t.Helper()
	app := dram.New(testConfig(t, env), files)
	lines := &logLines{}
	app.Log = slog.New(slog.NewJSONHandler(lines, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return app, lines
}

// folders makes the files of an app of pairs of path and content.
func folders(pairs ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		fsys[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return fsys
}

// get answers a GET of a browser.
func get(h http.Handler, path string) *httptest.ResponseRecorder {
	return do(h, browser("GET", path, nil))
}

func do(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func browser(method, path string, body io.Reader) *http.Request {
	r := httptest.NewRequest(method, path, body)
	r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	if body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return r
}

// logLines collects JSON log lines.
type logLines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// last returns the last line with this message.
func (l *logLines) last(t *testing.T, msg string) map[string]any {
	t.Helper()
	var found map[string]any
	for line := range strings.Lines(l.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("log line %q: %v", line, err)
		}
		if fields["msg"] == msg {
			found = fields
		}
	}
	if found == nil {
		t.Fatalf("no log line %q in\n%s", msg, l)
	}
	return found
}

func wantBody(t *testing.T, w *httptest.ResponseRecorder, status int, parts ...string) {
	t.Helper()
	if w.Code != status {
		t.Errorf("status %d, want %d\n%s", w.Code, status, w.Body)
	}
	for _, part := range parts {
		if !strings.Contains(w.Body.String(), part) {
			t.Errorf("missing %q in\n%s", part, w.Body)
		}
	}
}
