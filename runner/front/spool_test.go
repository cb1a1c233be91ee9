package front

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/dram-go/dram/framework/config"
)

// uploads are requests whose bodies come in two parts.
var uploads = map[string]struct {
	fields       string
	begin, rest  string
	length       int
	seen         string // of the body's framing
	responsesSay string
}{
	"small, of unknown length": {"Transfer-Encoding: chunked", "5\r\nhello\r\n", "5\r\nworld\r\n0\r\n\r\n", 10, "10 []", ""},
	"large":                    {"Content-Length: 200000", strings.Repeat("x", 100_000), strings.Repeat("y", 100_000), 200_000, "200000 []", ""},
	"large, of unknown length": {"Transfer-Encoding: chunked", "186a0\r\n" + strings.Repeat("x", 100_000) + "\r\n", "186a0\r\n" + strings.Repeat("y", 100_000) + "\r\n0\r\n\r\n", 200_000, "200000 []", ""},
	"with a trailer":           {"Trailer: X-Sum\r\nTransfer-Encoding: chunked", "5\r\nhello\r\n", "0\r\nX-Sum: 5\r\n\r\n", 5, "-1 [5]", ""},
	"without its trailer":      {"Trailer: X-Sum\r\nTransfer-Encoding: chunked", "5\r\nhello\r\n", "0\r\n\r\n", 5, "5 []", ""},
	"expected":                 {"Expect: 100-continue\r\nContent-Length: 200000", strings.Repeat("x", 100_000), strings.Repeat("y", 100_000), 200_000, "200000 []", "100"},
	"empty":                    {"Transfer-Encoding: chunked", "0\r\n", "\r\n", 0, "0 []", ""},
}

// TestASlowClientKeepsNoUpstreamBusy: it is asked when the body is whole.
func TestASlowClientKeepsNoUpstreamBusy(t *testing.T) {
	for name, c := range uploads {
		t.Run(name, func(t *testing.T) {
			posted := make(chan string, 1)
			url := newOther(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == "POST" {
					posted <- "begun"
					body, err := io.ReadAll(r.Body)
					fmt.Fprintf(w, "%d bytes, %d %v %v %q", len(body), r.ContentLength, r.Trailer["X-Sum"], err, r.Header["Expect"])
				}
			}))
			s := newSiteOf(t, mountedAt(t, "/", url), nil)
			conn := s.dial()
			fmt.Fprintf(conn, "POST /post HTTP/1.1\r\nHost: h\r\n%s\r\n\r\n%s", c.fields, c.begin)
			in := bufio.NewReader(conn)
			if c.responsesSay != "" {
				if resp, err := http.ReadResponse(in, nil); err != nil || resp.StatusCode != 100 {
					t.Fatal(resp, err)
				}
			}
			s.want(s.get("/page"), 200, "")
			if len(posted) > 0 {
				t.Error("the upstream is asked before the body is there")
			}
			io.WriteString(conn, c.rest)
			resp, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			if want := fmt.Sprintf("%d bytes, %s <nil> []", c.length, c.seen); string(body) != want || err != nil {
				t.Errorf("%d %q, %v; want %q", resp.StatusCode, body, err, want)
			}
			until(t, "no room taken", func() bool { return s.spooled() == 0 })
		})
	}
}

// spooled is what the bodies in files of the mount take.
func (s *site) spooled() int64 {
	for _, a := range s.front.apps {
		return a.foreign.spooled.Load()
	}
	return -1
}

// TestBodiesWithoutRoomPassAsTheyCome, and so do all of a mount that wants it.
func TestBodiesWithoutRoomPassAsTheyCome(t *testing.T) {
	for name, change := range map[string]struct {
		mount  func(*config.Mount)
		limits func(*limits)
	}{
		"no room":         {func(*config.Mount) {}, func(l *limits) { l.spool = 80_000 }},
		"no directory":    {func(*config.Mount) {}, nil},
		"not to be whole": {func(m *config.Mount) { m.WholeBodies = false }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "no directory" {
				t.Setenv("TMPDIR", t.TempDir()+"/missing")
			}
			begun := make(chan bool, 1)
			url := newOther(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				begun <- true
				body, err := io.ReadAll(r.Body)
				fmt.Fprint(w, len(body), strings.Count(string(body), "x"), err)
			}))
			s := newSiteOf(t, other(mountedAt(t, "/", url), change.mount), change.limits)
			conn := s.dial()
			fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n%s", strings.Repeat("x", 150_000))
			await(t, "request", begun)
			io.WriteString(conn, strings.Repeat("y", 50_000))
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			if body, err := io.ReadAll(resp.Body); string(body) != "200000 150000 <nil>" || err != nil {
				t.Errorf("%q, %v", body, err)
			}
			until(t, "no room taken", func() bool { return s.spooled() == 0 })
			if name != "not to be whole" {
				s.logLine("request bodies are passed on as they come")
			}
		})
	}
}
