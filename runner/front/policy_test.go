package front

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dram-go/dram/runner/wire"
)

func TestPick(t *testing.T) {
	for name, c := range map[string]struct {
		all  []candidate
		turn uint64
		want int
	}{
		"none":                    {nil, 0, -1},
		"one":                     {[]candidate{{5, 0}}, 3, 0},
		"least in flight":         {[]candidate{{2, 0}, {1, 0}, {3, 0}}, 0, 1},
		"tie, first turn":         {[]candidate{{1, 0}, {1, 0}}, 0, 0},
		"tie, second turn":        {[]candidate{{1, 0}, {1, 0}}, 1, 1},
		"rank before load":        {[]candidate{{0, 1}, {9, 0}}, 0, 1},
		"only high ranks":         {[]candidate{{4, 2}, {3, 1}, {1, 1}}, 0, 2},
		"turn beyond all numbers": {[]candidate{{1, 0}, {0, 0}, {1, 0}}, 1 << 63, 1},
	} {
		if got := pick(c.all, c.turn); got != c.want {
			t.Errorf("%s: pick %d, want %d", name, got, c.want)
		}
	}
}

func TestPickTakesTurnsAmongEquals(t *testing.T) {
	all := []candidate{{0, 0}, {0, 0}, {0, 0}}
	var got [3]int
	for turn := range uint64(30) {
		got[pick(all, turn)]++
	}
	if got != [3]int{10, 10, 10} {
		t.Errorf("30 picks went %v, want 10 each", got)
	}
}

func TestPickAmongManySpreadsAndAvoidsTheLoaded(t *testing.T) {
	all := make([]candidate, 40)
	for i := range all {
		all[i].load = 1
	}
	all[7].load, all[8].rank = 100, 1
	got := make([]int, len(all))
	for turn := range uint64(4000) {
		got[pick(all, turn)]++
	}
	for i, n := range got {
		switch {
		case i == 8 && n != 0:
			t.Errorf("the suspect was picked %d times", n)
		case i == 7 && n > 10: // only when both dice fall on it: 1 in 1,521
			t.Errorf("the loaded one was picked %d times of 4,000", n)
		case i != 7 && i != 8 && n < 40:
			t.Errorf("candidate %d was picked %d times of 4,000", i, n)
		}
	}
}

func TestDecide(t *testing.T) {
	get := attempts{repeatable: true, whole: true, tries: 1, limit: 5}
	post := attempts{whole: true, tries: 1, limit: 5}
	upload := attempts{tries: 1, limit: 5}
	after := func(a attempts, ends, tries int) attempts {
		a.ends, a.tries = ends, tries
		return a
	}
	guilty := after(get, 1, 1)
	guilty.guilty = true
	for name, c := range map[string]struct {
		f    failure
		a    attempts
		want int // status, 0 for again
	}{
		"GET unreachable":                 {unreachable, get, 0},
		"POST unreachable":                {unreachable, post, 0},
		"upload unreachable":              {unreachable, upload, 0},
		"unreachable too often":           {unreachable, after(post, 0, 5), 503},
		"GET unsent":                      {unsent, get, 0},
		"POST unsent":                     {unsent, post, 0},
		"upload unsent":                   {unsent, upload, 502},
		"unsent too often":                {unsent, after(get, 0, 5), 502},
		"GET lost":                        {lost, after(get, 1, 1), 0},
		"GET lost twice":                  {lost, after(get, 2, 2), 502},
		"GET lost after many unreachable": {lost, after(get, 1, 5), 502},
		"GET lost that killed before":     {lost, guilty, 502},
		"GET garbled":                     {garbled, after(get, 1, 1), 0},
		"GET garbled, then lost":          {lost, after(get, 2, 2), 502},
		"POST garbled":                    {garbled, after(post, 1, 1), 502},
		"POST lost":                       {lost, after(post, 1, 1), 502},
		"upload lost":                     {lost, after(upload, 1, 1), 502},
		"GET late":                        {late, get, 504},
		"POST late":                       {late, post, 504},
	} {
		v := decide(c.f, c.a)
		if v.again != (c.want == 0) || !v.again && v.status != c.want {
			t.Errorf("%s: %+v, want %d (0: again)", name, v, c.want)
		}
		if !v.again && v.reason == "" {
			t.Errorf("%s: no reason for the log", name)
		}
	}
}

func TestRepeatable(t *testing.T) {
	for method, want := range map[string]bool{
		"GET": true, "HEAD": true, "OPTIONS": true, "TRACE": true,
		"POST": false, "PUT": false, "DELETE": false, "PATCH": false, "get": false, "QUERY": false,
	} {
		if repeatable(method, false) != want {
			t.Errorf("%s without body: %v", method, !want)
		}
		if repeatable(method, true) {
			t.Errorf("%s with a body is repeatable", method)
		}
	}
}

// readRequest parses a request as the engine does.
func readRequest(t *testing.T, head string) *http.Request {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	r.RemoteAddr = "192.0.2.7:5555"
	return r
}

// requestHeader is what a worker gets for r.
func requestHeader(r *http.Request, id string) http.Header {
	t := newTurn(&httpExchange{r: r}, time.Time{}, new(settings))
	t.id = id
	return wire.Fields(wire.AppendEnd(appendRequestFields(nil, t, t.upgrade()))).Header()
}

func TestRequestHeader(t *testing.T) {
	r := readRequest(t, `GET / HTTP/1.1
Host: board.example
Accept: text/html
Cookie: a=b
Connection: keep-alive, X-Once, X-Forwarded-For
Keep-Alive: 5
X-Once: 1
TE: trailers, gzip
Upgrade: h2c
Proxy: evil
X-Forwarded-For: 203.0.113.1
X-Forwarded-Port: 1
X-Real-IP: 203.0.113.1
X-Request-ID: theirs
Forwarded: for=203.0.113.1
X-Forwarded: 203.0.113.1
X-Host: evil.example
X-Original-Host: evil.example
X-Original-URL: /admin
X-Rewrite-URL: /admin
X-Script-Name: /admin
X-Scheme: https
Front-End-Https: on
HTTP2-Settings: AAMAAABk
Client_Ip: 203.0.113.1
X_Forwarded_For: 203.0.113.1
Some.Thing: x`)
	got := requestHeader(r, "ours")
	want := http.Header{
		"Accept":            {"text/html"},
		"Cookie":            {"a=b"},
		"Te":                {"trailers"},
		"X-Forwarded-For":   {"192.0.2.7"},
		"X-Real-Ip":         {"192.0.2.7"},
		"X-Forwarded-Proto": {"http"},
		"X-Forwarded-Host":  {"board.example"},
		"X-Request-Id":      {"ours"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestARequestWithoutHostClaimsNone(t *testing.T) {
	h := requestHeader(readRequest(t, "GET / HTTP/1.0\nX-Forwarded-Host: evil.example"), "id")
	if v, ok := h["X-Forwarded-Host"]; ok {
		t.Errorf("X-Forwarded-Host %q", v)
	}
}

func TestTheLogHasNoQuery(t *testing.T) {
	for target, want := range map[string]string{
		"GET /a%2Fb?secret=1":          "/a%2Fb",
		"GET http://h?secret=1":        "/",
		"GET http://u:secret@h?secret": "/",
		"GET http://u:secret@h/p?x":    "/p",
		"GET foo:bar?secret=1":         "foo:bar",
		"OPTIONS *":                    "*",
		"CONNECT example.com:443":      "example.com:443",
		"CONNECT /rpc?secret":          "/rpc",
		"GET //h/p?secret":             "//h/p",
		"GET /p?secret#secret":         "/p",
		"GET http:secret?secret=1":     "http:secret",
	} {
		x := &httpExchange{r: readRequest(t, target+" HTTP/1.1\nHost: h")}
		if got := newTurn(x, time.Time{}, new(settings)).logPath(); got != want {
			t.Errorf("%s: the log says %q, want %q", target, got, want)
		}
	}
}

func TestRequestHeaderOfAnUpgrade(t *testing.T) {
	r := readRequest(t, "GET /chat HTTP/1.1\nHost: h\nConnection: keep-alive, upgrade\nUpgrade: websocket\nSec-WebSocket-Key: k")
	upgrade := newTurn(&httpExchange{r: r}, time.Time{}, new(settings)).upgrade()
	h := requestHeader(r, "id")
	if upgrade != "websocket" || h.Get("Connection") != "Upgrade" || h.Get("Upgrade") != "websocket" || h.Get("Sec-Websocket-Key") != "k" {
		t.Errorf("upgrade %q with %v", upgrade, h)
	}
}

func TestResponseHeader(t *testing.T) {
	h := http.Header{
		"Connection": {"close, X-Inner"}, "X-Inner": {"1"}, "Keep-Alive": {"5"}, "Transfer-Encoding": {"chunked"},
		"Set-Cookie": {"a=b", "c=d"}, "Server": {"app"},
	}
	responseHeader(h)
	if d := cmp.Diff(http.Header{"Set-Cookie": {"a=b", "c=d"}, "Server": {"app"}}, h); d != "" {
		t.Error(d)
	}
}

func TestLocaleAndFormOfErrors(t *testing.T) {
	for accept, want := range map[string]string{
		"text/html,application/xhtml+xml": "text/html; charset=utf-8",
		"application/json":                "application/problem+json",
		"*/*":                             "text/plain; charset=utf-8",
		"":                                "text/plain; charset=utf-8",
	} {
		h := http.Header{}
		body := string(errorBody(h, decline{status: 503}, errorFor{accept: accept, languages: "ko", locale: "en", id: "abc123"}))
		if h.Get("Content-Type") != want {
			t.Errorf("Accept %q: %s, want %s", accept, h.Get("Content-Type"), want)
		}
		if !strings.Contains(body, "abc123") || !strings.Contains(body, "잠시만 기다려 주세요") {
			t.Errorf("Accept %q: body %q", accept, body)
		}
		if (h.Get("Content-Security-Policy") != "") != strings.HasPrefix(want, "text/html") {
			t.Errorf("Accept %q: CSP %q", accept, h.Get("Content-Security-Policy"))
		}
	}
}
