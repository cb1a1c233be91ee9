package devserver

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A browser that connects is told everything, and then every change.
func TestEvents(t *testing.T) {
	b := newBoard(view{state: state{Version: "r-1", Phase: phaseBuilding}})
	server := httptest.NewServer(devParts(b))
	defer server.Close()
	resp, err := http.Get(server.URL + devPrefix + "events")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	next := func() (s state) {
		t.Helper()
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				if err := json.Unmarshal([]byte(data), &s); err != nil {
					t.Fatal(err)
				}
				return s
			}
		}
		t.Fatal("the stream ended")
		return s
	}
	if s := next(); s.Version != "r-1" || s.Phase != phaseBuilding {
		t.Errorf("at the connect: %+v", s)
	}
	b.publish(view{state: state{Version: "r-2", Phase: phaseFailed, Problem: &problem{Message: "two\nlines"}}})
	if s := next(); s.Version != "r-2" || s.Problem == nil || s.Problem.Message != "two\nlines" {
		t.Errorf("after a change: %+v", s)
	}
	if resp.Header.Get("Content-Type") != "text/event-stream" || resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("header %v", resp.Header)
	}
}

// A stream with nothing to say shows that it is alive.
func TestEventsBeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newPipeListener()
		server := newServer(devParts(newBoard(view{})))
		go server.Serve(l)
		transport := &http.Transport{DialContext: l.dial}
		resp, err := (&http.Client{Transport: transport}).Get("http://localhost" + devPrefix + "events")
		if err != nil {
			t.Fatal(err)
		}
		began, lines := time.Now(), bufio.NewScanner(resp.Body)
		for lines.Scan() && lines.Text() != ": beat" {
		}
		if since := time.Since(began); since != heartbeat {
			t.Errorf("first beat after %v", since)
		}
		resp.Body.Close()
		transport.CloseIdleConnections()
		server.Close()
	})
}

func TestDevParts(t *testing.T) {
	h := devParts(newBoard(view{state: state{Phase: phaseOK}}))
	tests := []struct {
		method, path string
		status       int
		kind, text   string
	}{
		{"GET", clientPath, 200, "text/javascript", "EventSource"},
		{"GET", devPrefix + "state", 200, "application/json", `"phase":"ok"`},
		{"POST", devPrefix + "state", 405, "", ""},
		{"GET", devPrefix + "nothing", 404, "", ""},
	}
	for _, test := range tests {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(test.method, test.path, nil))
		if w.Code != test.status || !strings.HasPrefix(w.Header().Get("Content-Type"), test.kind) || !strings.Contains(w.Body.String(), test.text) {
			t.Errorf("%s %s: %d %s %.60s", test.method, test.path, w.Code, w.Header().Get("Content-Type"), w.Body)
		}
		for name := range w.Header() {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s %s sends %s", test.method, test.path, name)
			}
		}
	}
}
