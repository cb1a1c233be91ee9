package front

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
	"testing"

	h2 "golang.org/x/net/http2"
)

// TestTRACEReachesNobody: its answer would be the request, with what the front
// has put into it and with cookies that no script may read.
func TestTRACEReachesNobody(t *testing.T) {
	s := newHTTP2Site(t, nil)
	s.assets, _ = publish(t, t.TempDir(), "1", map[string]string{"site.css": "a{}"})
	s.table()
	s.add(func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("a worker got %s %s", r.Method, r.URL)
		r.Write(w)
	})
	for _, method := range []string{"TRACE", "trace", "Trace"} {
		for _, target := range []string{"/", "/static/site.css", "*"} {
			c := s.dial()
			fmt.Fprintf(c, "%s %s HTTP/1.1\r\nHost: example.org\r\nX-Forwarded-Proto: https\r\nCookie: key=secret\r\nMax-Forwards: 9\r\n\r\n", method, target)
			resp, err := http.ReadResponse(bufio.NewReader(c), nil)
			switch {
			case err != nil:
				t.Fatal(err)
			case target == "*" && resp.StatusCode == http.StatusBadRequest: // for OPTIONS alone
			case resp.StatusCode == http.StatusPermanentRedirect:
				t.Errorf("%s %s is sent elsewhere", method, target)
			case resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") == "" || strings.Contains(resp.Header.Get("Allow"), "TRACE"):
				t.Errorf("%s %s: %d, Allow %q", method, target, resp.StatusCode, resp.Header.Get("Allow"))
			}
		}
		f := s.frames()
		f.ask(1, true, method, "/")
		frame, err := f.next(func(frame h2.Frame) bool { return frame.Header().Type == h2.FrameHeaders })
		if err != nil {
			t.Fatal(err)
		}
		if status := frame.(*h2.MetaHeadersFrame).PseudoValue("status"); status != "405" {
			t.Errorf("%s over HTTP/2: %s", method, status)
		}
	}
}

// TestOtherMethodsAreTheAppsToJudge: they mean nothing to the front, in
// particular not what a known one in another case does: nothing is kept for
// them, no file is sent, nothing is repeated.
func TestOtherMethodsAreTheAppsToJudge(t *testing.T) {
	s := newSite(t, nil)
	s.assets, _ = publish(t, t.TempDir(), "1", map[string]string{"site.css": "a{}"})
	s.table()
	n := 0
	s.add(func(w http.ResponseWriter, r *http.Request) {
		n++
		w.Header().Set("Cache-Control", "public, max-age=60")
		fmt.Fprintf(w, "%s %d", r.Method, n)
	})
	for i, method := range []string{"get", "Head", "PROPFIND", "X!#$%&'*+-.^_`|~9", "get", strings.Repeat("LONG", 200), "TRAC", "TRACK"} {
		s.want(s.ask(method, "/page"), 200, fmt.Sprintf("%s %d", method, i+1))
		s.wantLog("/page", map[string]any{"method": method, "cache": nil})
	}
	s.want(s.get("/page"), 200, "GET 9")
	s.want(s.get("/page"), 200, "GET 9") // which is kept
	if r := s.ask("get", "/static/site.css"); strings.Contains(r.body, "a{}") {
		t.Errorf("a file for get: %q", r.body)
	}
	for _, method := range []string{"get", "Options", "PROPFIND"} {
		if repeatable(method, false) {
			t.Errorf("%s is repeated", method)
		}
	}
}
