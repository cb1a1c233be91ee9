package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dram-go/dram/runner/load"
)

func bench(t *testing.T, args ...string) (out, errOut string, code int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), append([]string{"bench", "load"}, args...), &stdout, &stderr)
	return stdout.String(), stderr.String(), code
}

func TestBenchLoad(t *testing.T) {
	ledger := &load.Ledger{Path: filepath.Join(t.TempDir(), "ledger")}
	mux := http.NewServeMux()
	mux.Handle("/count", ledger)
	mux.HandleFunc("/forget", func(http.ResponseWriter, *http.Request) {}) // confirms, counts nothing
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Header.Get("X-Who")) })
	s := httptest.NewServer(mux)
	defer s.Close()

	out, errOut, code := bench(t, s.URL, "-n", "500", "--post", "/count", "--ledger", "/count", "-H", "X-Who: me", "--contains", "me")
	if code != exitOK || errOut != "" || !strings.Contains(out, "0 lost, 0 duplicated, 0 wrong") {
		t.Errorf("exit code %d\n%s%s", code, out, errOut)
	}
	out, _, code = bench(t, s.URL, "-n", "10", "--post", "/forget", "--ledger", "/count", "--json")
	var r load.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != exitFault || r.Lost != 5 || r.Ledger.Missing != 5 {
		t.Errorf("exit code %d, %v\n%s", code, err, out)
	}
	if out, _, code = bench(t, s.URL, "-n", "10", "--contains", "you"); code != exitFault || !strings.Contains(out, "10 wrong") {
		t.Errorf("exit code %d\n%s", code, out)
	}
	if _, errOut, _ = bench(t, s.URL, "-c", "1", "-d", "1500ms", "--progress"); !strings.Contains(errOut, " answered ") {
		t.Errorf("progress: %q", errOut)
	}
}

func TestBenchLoadRefuses(t *testing.T) {
	for want, args := range map[string][]string{
		"load takes one URL":                {},
		"See: dram bench load --help":       {"a", "b"},
		"write http://HOST:PORT/PATH":       {"127.0.0.1:8000"},
		"allow-remote":                      {"http://192.0.2.1/"},
		`write "Name: value"`:               {"http://127.0.0.1:1/", "-H", "nonsense"},
		"rate and think exclude each other": {"http://127.0.0.1:1/", "--rate", "5", "--think", "1s"},
		`did you mean "--rate"`:             {"http://127.0.0.1:1/", "--rte", "5"},
		"no process 4194305 runs":           {"http://127.0.0.1:1/", "--pid", "4194305"},
		"--connections must not be 0":       {"http://127.0.0.1:1/", "-c", "0"},
	} {
		if out, errOut, code := bench(t, args...); code != exitFault || out != "" || !strings.Contains(errOut, want) {
			t.Errorf("%q: exit code %d, %q, want %q", args, code, errOut, want)
		}
	}
}
