package h1

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestConformance sends the same octets here and to net/http's server, with
// the same application, and compares what a client can tell: status, framing,
// body, and whether the connection is of further use. Where we are stricter,
// the table says what we answer and net/http's answer does not matter.
func TestConformance(t *testing.T) {
	theirs := httptest.NewUnstartedServer(http.HandlerFunc(app))
	theirs.Config.ErrorLog = log.New(io.Discard, "", 0)
	theirs.Config.DisableGeneralOptionsHandler = true
	theirs.Start()
	t.Cleanup(theirs.Close)
	ours := newSite(t, Options{}, handled(app))

	const host = "Host: a\r\n"
	for name, c := range map[string]struct {
		text     string
		stricter int // status
	}{
		"GET":                    {"GET / HTTP/1.1\r\n" + host + "\r\n", 0},
		"GET 1.0":                {"GET / HTTP/1.0\r\n\r\n", 0},
		"GET 1.0 keep-alive":     {"GET /length HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 0},
		"GET 1.0 stream":         {"GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 0},
		"GET 1.0 long":           {"GET /long HTTP/1.0\r\n\r\n", 0},
		"GET stream":             {"GET /stream HTTP/1.1\r\n" + host + "\r\n", 0},
		"GET long":               {"GET /long HTTP/1.1\r\n" + host + "\r\n", 0},
		"GET length":             {"GET /length HTTP/1.1\r\n" + host + "\r\n", 0},
		"GET nothing":            {"GET /nothing HTTP/1.1\r\n" + host + "\r\n", 0},
		"GET 204":                {"GET /204 HTTP/1.1\r\n" + host + "\r\n", 0},
		"GET 205":                {"GET /205 HTTP/1.1\r\n" + host + "\r\n", 0},
		"GET 304":                {"GET /304 HTTP/1.1\r\n" + host + "\r\n", 0},
		"GET trailer":            {"GET /trailer HTTP/1.1\r\n" + host + "\r\n", 0},
		"GET early":              {"GET /early HTTP/1.1\r\n" + host + "\r\n", 0},
		"GET close":              {"GET /close HTTP/1.1\r\n" + host + "\r\n", 0},
		"GET short":              {"GET /short HTTP/1.1\r\n" + host + "\r\n", 0},
		"GET abort":              {"GET /abort HTTP/1.1\r\n" + host + "\r\n", 0},
		"HEAD":                   {"HEAD /length HTTP/1.1\r\n" + host + "\r\n", 0},
		"HEAD stream":            {"HEAD /stream HTTP/1.1\r\n" + host + "\r\n", 0},
		"client closes":          {"GET / HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n", 0},
		"options before close":   {"GET / HTTP/1.1\r\n" + host + "Connection: a, close\r\n\r\n", 0},
		"absolute":               {"GET http://a/x HTTP/1.1\r\n" + host + "\r\n", 0},
		"OPTIONS *":              {"OPTIONS * HTTP/1.1\r\n" + host + "\r\n", 0},
		"odd method":             {"BREW / HTTP/1.1\r\n" + host + "\r\n", 0},
		"POST":                   {"POST /echo HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nhello", 0},
		"POST nothing":           {"POST /echo HTTP/1.1\r\n" + host + "Content-Length: 0\r\n\r\n", 0},
		"POST unknown":           {"POST /echo HTTP/1.1\r\n" + host + "\r\n", 0},
		"POST chunks":            {"POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 0},
		"POST chunks, trailer":   {"POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n", 0},
		"POST ignored":           {"POST /ignore HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nhello", 0},
		"POST 1.0":               {"POST /echo HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello", 0},
		"GET with a body":        {"GET /echo HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nhello", 0},
		"100-continue":           {"POST /echo HTTP/1.1\r\n" + host + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello", 0},
		"100-continue, ignored":  {"POST /ignore HTTP/1.1\r\n" + host + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n", 0},
		"empty line after POST":  {"POST /echo HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nhello\r\n", 0},
		"other expectation":      {"POST /echo HTTP/1.1\r\n" + host + "Expect: a\r\n\r\n", 0},
		"no Host":                {"GET / HTTP/1.1\r\n\r\n", 0},
		"two Hosts":              {"GET / HTTP/1.1\r\n" + host + host + "\r\n", 0},
		"bad Host":               {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 0},
		"bad method":             {"G(T / HTTP/1.1\r\n" + host + "\r\n", 0},
		"bad version":            {"GET / HTTP/x\r\n" + host + "\r\n", 0},
		"HTTP/3.0":               {"GET / HTTP/3.0\r\n" + host + "\r\n", 0},
		"bad escape":             {"GET /%zz HTTP/1.1\r\n" + host + "\r\n", 0},
		"bad name":               {"GET / HTTP/1.1\r\n" + host + "A\x01: b\r\n\r\n", 0},
		"no name":                {"GET / HTTP/1.1\r\n" + host + ": b\r\n\r\n", 0},
		"fold first":             {"GET / HTTP/1.1\r\n " + host + "\r\n", 0},
		"bad length":             {"POST /echo HTTP/1.1\r\n" + host + "Content-Length: x\r\n\r\n", 0},
		"two lengths":            {"POST /echo HTTP/1.1\r\n" + host + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 0},
		"other coding":           {"POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\n\r\n", 0},
		"bad chunk":              {"POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nx\r\n", 0},
		"large fields":           {"GET / HTTP/1.1\r\n" + host + "A: " + strings.Repeat("a", 2<<20) + "\r\n\r\n", 0},
		"LF alone":               {"GET / HTTP/1.1\n" + host + "\n", 400},
		"fold":                   {"GET / HTTP/1.1\r\n" + host + "A: b\r\n c\r\n\r\n", 400},
		"space before colon":     {"GET / HTTP/1.1\r\n" + host + "A : b\r\n\r\n", 400},
		"HTTP/1.2":               {"GET / HTTP/1.2\r\n" + host + "\r\n", 505},
		"equal lengths":          {"POST /echo HTTP/1.1\r\n" + host + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400},
		"length and coding":      {"POST /echo HTTP/1.1\r\n" + host + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
		"coding in 1.0":          {"POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
		"other Host":             {"GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", 400},
		"backslash":              {"GET /a\\b HTTP/1.1\r\n" + host + "\r\n", 400},
		"fragment":               {"GET /a#b HTTP/1.1\r\n" + host + "\r\n", 400},
		"tunnel":                 {"CONNECT a:1 HTTP/1.1\r\n" + host + "\r\n", 501},
		"space after chunk size": {"POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n", 400},
		"chunks ignored":         {"POST /ignore HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 401},
	} {
		t.Run(name, func(t *testing.T) {
			got := converse(t, ours.addr, c.text)
			if c.stricter > 0 {
				if got.status != c.stricter || got.again {
					t.Errorf("%+v, want %d and the end", got, c.stricter)
				}
				return
			}
			if want := converse(t, theirs.Listener.Addr().String(), c.text); got != want {
				t.Errorf("ours    %+v\ntheirs  %+v", got, want)
			}
		})
	}
}

// outcome is what a client can tell of an exchange.
type outcome struct {
	interim string // statuses of informational responses
	status  int
	framing string
	body    string
	trailer string
	again   bool // the connection served another request
}

func converse(t *testing.T, addr, text string) (o outcome) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	go io.WriteString(conn, text) // a server that refuses it may not read it all
	method, _, _ := strings.Cut(text, " ")
	in := bufio.NewReader(conn)
	var resp *http.Response
	for o.status < 200 {
		if resp, err = http.ReadResponse(in, &http.Request{Method: method}); err != nil {
			t.Fatalf("no response: %v", err)
		}
		if o.status = resp.StatusCode; o.status < 200 {
			o.interim += fmt.Sprint(o.status, " ")
		}
	}
	body, err := io.ReadAll(resp.Body)
	if o.body = string(body); err != nil {
		o.body += " and then " + err.Error()
	}
	if o.status >= 400 {
		o.body = "" // a matter of taste
	}
	switch {
	case len(resp.TransferEncoding) > 0:
		o.framing = resp.TransferEncoding[0]
	case resp.ContentLength >= 0:
		o.framing = "length"
	default:
		o.framing = "close"
	}
	if o.status >= 400 && o.framing == "close" {
		o.framing = "length" // net/http ends its refusals by closing
	}
	o.trailer = fmt.Sprint(resp.Trailer)
	if resp.Close {
		return o
	}
	io.WriteString(conn, getHello)
	next, err := http.ReadResponse(in, nil)
	o.again = err == nil && next.StatusCode == 200
	return o
}
