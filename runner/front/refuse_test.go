package front

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/dram-go/dram/templates/pages"
)

// TestRequestsThatAreNone get the page of their status, and nothing of what
// they sent back; the log knows them by the id in it.
func TestRequestsThatAreNone(t *testing.T) {
	s := newSite(t, func(l *limits) { l.headTime = 100 * time.Millisecond })
	const marker = "echoed"
	sent := map[string]struct {
		text   string
		status int
	}{
		"no method":          {"<" + marker + "> / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
		"a bad field":        {"GET / HTTP/1.1\r\nHost: h\r\n" + marker + " : x\r\n\r\n", 400},
		"two hosts":          {"GET /" + marker + " HTTP/1.1\r\nHost: h\r\nHost: " + marker + "\r\n\r\n", 400},
		"length and chunks":  {"POST /" + marker + " HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
		"half a head":        {"GET /" + marker + " HTTP/1.1\r\nHost: h", 408},
		"a long line":        {"GET /" + strings.Repeat(marker, 3000) + " HTTP/1.1\r\nHost: h\r\n\r\n", 414},
		"a long head":        {"GET / HTTP/1.1\r\nHost: h\r\nX-A: " + strings.Repeat(marker, 6000) + "\r\n\r\n", 431},
		"many fields":        {"GET / HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("X-A: "+marker+"\r\n", 200) + "\r\n", 431},
		"another version":    {"GET /" + marker + " HTTP/3.0\r\nHost: h\r\n\r\n", 505},
		"another coding":     {"POST /" + marker + " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
		"another expectancy": {"POST /" + marker + " HTTP/1.1\r\nHost: h\r\nExpect: " + marker + "\r\nContent-Length: 1\r\n\r\nx", 417},
	}
	ask := func(t *testing.T, text string) (*http.Response, string) {
		t.Helper()
		c := s.dial()
		io.WriteString(c, text)
		in := bufio.NewReader(c)
		r, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || int64(len(body)) != r.ContentLength || !r.Close {
			t.Errorf("%d bytes of %d, %v; goodbye %v", len(body), r.ContentLength, err, r.Close)
		}
		if _, err := in.ReadByte(); err != io.EOF {
			t.Errorf("behind the answer: %v", err)
		}
		return r, string(body)
	}
	for name, c := range sent {
		t.Run(name, func(t *testing.T) {
			r, body := ask(t, c.text)
			id := r.Header.Get("X-Request-Id")
			if r.StatusCode != c.status || !strings.Contains(body, "<!doctype html>") || len(id) != 12 || !strings.Contains(body, id) {
				t.Errorf("%s, id %q: %s", r.Status, id, body)
			}
			if title, _ := pages.Text(c.status, "en"); !strings.Contains(body, title) {
				t.Errorf("no %q in %s", title, body)
			}
			if h := r.Header; h.Get("Content-Security-Policy") != pages.CSP || h.Get("Content-Type") != pages.ContentType || h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Date") == "" {
				t.Errorf("%v", h)
			}
			if strings.Contains(body+fmt.Sprint(r.Header), marker) {
				t.Errorf("the client finds its own words in %v %s", r.Header, body)
			}
			line := s.logWith("id", id)
			if line["status"] != float64(c.status) || line["reason"] == "" || line["bytes"] != float64(len(body)) || line["client"] != "127.0.0.1" {
				t.Errorf("log: %v", line)
			}
		})
	}

	s.assets, _ = publish(t, t.TempDir(), "1", map[string]string{"errors/414.html": "<p>{{status}} {{id}}: {{title}}", "errors/4xx.html": "no: {{status}}"})
	s.table()
	until(t, "the app's pages are there", func() bool {
		_, body := ask(t, sent["no method"].text)
		return body == "no: 400"
	})
	r, body := ask(t, sent["a long line"].text)
	if want := "<p>414 " + r.Header.Get("X-Request-Id") + ": Address too long"; body != want || r.Header.Get("Content-Security-Policy") != pageCSP {
		t.Errorf("%q, want %q; %v", body, want, r.Header)
	}
	if _, body := ask(t, sent["another version"].text); !strings.Contains(body, "<!doctype html>") {
		t.Errorf("without a page of the app: %s", body)
	}
}
