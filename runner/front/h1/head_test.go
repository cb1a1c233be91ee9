package h1

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/http/httpguts"

	"github.com/dram-go/dram/runner/front/strict"
)

func defaults() *Options {
	o := Options{}.withDefaults()
	return &o
}

// parseAll parses bytes that came at once.
func parseAll(b []byte) (*head, int, error) {
	h := new(head)
	n, err := h.parse(b, defaults())
	return h, n, err
}

func TestAcceptedHeads(t *testing.T) {
	for name, c := range map[string]struct {
		text                 string
		host                 string
		length               int64
		closing, keep, waits bool
	}{
		"the least":                    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "a", 0, false, false, false},
		"HTTP/1.0 without Host":        {"GET / HTTP/1.0\r\n\r\n", "", 0, true, false, false},
		"HTTP/1.0 that stays":          {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "", 0, false, true, false},
		"HTTP/1.0 that stays and goes": {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", "", 0, true, false, false},
		"close among options":          {"GET / HTTP/1.1\r\nHost: a\r\nConnection: foo ,\tClose\r\n\r\n", "a", 0, true, false, false},
		"close in a second field":      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: foo\r\nConnection: close\r\n\r\n", "a", 0, true, false, false},
		"no close in a longer word":    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n", "a", 0, false, false, false},
		"a length":                     {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n", "a", 12, false, false, false},
		"a length of nothing":          {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "a", 0, false, false, false},
		"a length with zeros":          {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 007\r\n\r\n", "a", 7, false, false, false},
		"the longest length":           {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999999999999\r\n\r\n", "a", 999999999999999999, false, false, false},
		"chunks":                       {"POST / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: Chunked\r\n\r\n", "a", -1, false, false, false},
		"names in any case":            {"POST / HTTP/1.1\r\nhOST: a\r\ncontent-LENGTH: 3\r\n\r\n", "a", 3, false, false, false},
		"no space after the colon":     {"GET / HTTP/1.1\r\nHost:a\r\n\r\n", "a", 0, false, false, false},
		"space around a value":         {"GET / HTTP/1.1\r\nHost: \t a \t \r\n\r\n", "a", 0, false, false, false},
		"an empty value":               {"GET / HTTP/1.1\r\nHost: a\r\nX:\r\n\r\n", "a", 0, false, false, false},
		"octets beyond ASCII":          {"GET /\xed\x95\x9c HTTP/1.1\r\nHost: a\r\nX: \xff\r\n\r\n", "a", 0, false, false, false},
		"an expectation":               {"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n", "a", 1, false, false, true},
		"an expectation of no body":    {"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n", "a", 0, false, false, false},
		"an expectation in HTTP/1.0":   {"PUT / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n", "", 1, true, false, false},
		"a port":                       {"GET / HTTP/1.1\r\nHost: a-b.c_d:8080\r\n\r\n", "a-b.c_d:8080", 0, false, false, false},
		"IPv6":                         {"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "[::1]:80", 0, false, false, false},
		"IPv4 in IPv6":                 {"GET / HTTP/1.1\r\nHost: [::ffff:1.2.3.4]\r\n\r\n", "[::ffff:1.2.3.4]", 0, false, false, false},
		"an absolute target":           {"GET HTTP://a/b?c HTTP/1.1\r\nHost: A\r\n\r\n", "A", 0, false, false, false},
		"an absolute target, no path":  {"GET https://a?b HTTP/1.1\r\nHost: a\r\n\r\n", "a", 0, false, false, false},
		"an absolute target in 1.0":    {"GET http://a/ HTTP/1.0\r\n\r\n", "a", 0, true, false, false},
		"the server as a whole":        {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "a", 0, false, false, false},
		"any method":                   {"m-SEARCH!~ / HTTP/1.1\r\nHost: a\r\n\r\n", "a", 0, false, false, false},
		"what browsers do not escape":  {"GET /a|b{c}^`d?e\\f\"<g>%zz HTTP/1.1\r\nHost: a\r\n\r\n", "a", 0, false, false, false},
		"two slashes":                  {"GET //evil.example/ HTTP/1.1\r\nHost: a\r\n\r\n", "a", 0, false, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			const next = "GET /next"
			h, n, err := parseAll([]byte(c.text + next))
			if err != nil || n != len(c.text) {
				t.Fatalf("%d of %d octets, %v", n, len(c.text), err)
			}
			if got := string(h.bytes(h.host)); got != c.host {
				t.Errorf("host %q, want %q", got, c.host)
			}
			if h.length != c.length || h.closing != c.closing || h.keep != c.keep || h.expects != c.waits {
				t.Errorf("length %d, closing %v, keep %v, expects %v", h.length, h.closing, h.keep, h.expects)
			}
			agree(t, []byte(c.text+next), h, n)
		})
	}
}

func TestRefusedHeads(t *testing.T) {
	host := "Host: a\r\n"
	for name, c := range map[string]struct {
		text   string
		status int
	}{
		"an empty line first":        {"\r\nGET / HTTP/1.1\r\n" + host + "\r\n", 400},
		"HTTP/0.9":                   {"GET /\r\n\r\n", 400},
		"no target":                  {"GET  HTTP/1.1\r\n" + host + "\r\n", 400},
		"two spaces":                 {"GET  / HTTP/1.1\r\n" + host + "\r\n", 400},
		"a space at the end":         {"GET / HTTP/1.1 \r\n" + host + "\r\n", 400},
		"a tab":                      {"GET\t/ HTTP/1.1\r\n" + host + "\r\n", 400},
		"a space in the target":      {"GET /a b HTTP/1.1\r\n" + host + "\r\n", 400},
		"NUL in the target":          {"GET /a\x00b HTTP/1.1\r\n" + host + "\r\n", 400},
		"DEL in the target":          {"GET /a\x7fb HTTP/1.1\r\n" + host + "\r\n", 400},
		"a method with a bracket":    {"GE(T / HTTP/1.1\r\n" + host + "\r\n", 400},
		"a fragment":                 {"GET /a#b HTTP/1.1\r\n" + host + "\r\n", 400},
		"a backslash":                {"GET /a\\..\\b HTTP/1.1\r\n" + host + "\r\n", 400},
		"half an escape":             {"GET /a%2 HTTP/1.1\r\n" + host + "\r\n", 400},
		"an escape of no digits":     {"GET /a%2x HTTP/1.1\r\n" + host + "\r\n", 400},
		"a relative target":          {"GET a HTTP/1.1\r\n" + host + "\r\n", 400},
		"another scheme":             {"GET ftp://a/ HTTP/1.1\r\n" + host + "\r\n", 400},
		"a user":                     {"GET http://u@a/ HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
		"a star for GET":             {"GET * HTTP/1.1\r\n" + host + "\r\n", 400},
		"a tunnel":                   {"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 501},
		"HTTP/1.2":                   {"GET / HTTP/1.2\r\n" + host + "\r\n", 505},
		"HTTP/2.0":                   {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
		"http in lower case":         {"GET / http/1.1\r\n" + host + "\r\n", 400},
		"HTTP/1.10":                  {"GET / HTTP/1.10\r\n" + host + "\r\n", 400},
		"HTTP/11":                    {"GET / HTTP/11\r\n" + host + "\r\n", 400},
		"LF alone":                   {"GET / HTTP/1.1\n" + host + "\r\n", 400},
		"LF alone after a field":     {"GET / HTTP/1.1\r\nHost: a\n\r\n", 400},
		"LF alone at the end":        {"GET / HTTP/1.1\r\n" + host + "\n", 400},
		"CR alone":                   {"GET / HTTP/1.1\rHost: a\r\n\r\n", 400},
		"CR in a value":              {"GET / HTTP/1.1\r\n" + host + "X: a\rb\r\n\r\n", 400},
		"two CR":                     {"GET / HTTP/1.1\r\n" + host + "X: a\r\r\n\r\n", 400},
		"NUL in a value":             {"GET / HTTP/1.1\r\n" + host + "X: a\x00\r\n\r\n", 400},
		"DEL in a value":             {"GET / HTTP/1.1\r\n" + host + "X: a\x7f\r\n\r\n", 400},
		"a fold":                     {"GET / HTTP/1.1\r\n" + host + "X: a\r\n b\r\n\r\n", 400},
		"a fold first":               {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
		"a folded coding":            {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding:\r\n chunked\r\n\r\n", 501},
		"space before the colon":     {"GET / HTTP/1.1\r\n" + host + "X : a\r\n\r\n", 400},
		"space in a name":            {"GET / HTTP/1.1\r\n" + host + "X Y: a\r\n\r\n", 400},
		"no name":                    {"GET / HTTP/1.1\r\n" + host + ": a\r\n\r\n", 400},
		"no colon":                   {"GET / HTTP/1.1\r\n" + host + "X\r\n\r\n", 400},
		"beyond ASCII in a name":     {"GET / HTTP/1.1\r\n" + host + "X\xc3: a\r\n\r\n", 400},
		"no Host":                    {"GET / HTTP/1.1\r\n\r\n", 400},
		"an empty Host":              {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
		"two Hosts":                  {"GET / HTTP/1.1\r\n" + host + host + "\r\n", 400},
		"two Hosts in 1.0":           {"GET / HTTP/1.0\r\n" + host + host + "\r\n", 400},
		"a list of Hosts":            {"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
		"a Host with a path":         {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
		"a Host with a word as port": {"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", 400},
		"a Host with a long port":    {"GET / HTTP/1.1\r\nHost: a:655350\r\n\r\n", 400},
		"a Host with two ports":      {"GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n", 400},
		"a port alone":               {"GET / HTTP/1.1\r\nHost: :80\r\n\r\n", 400},
		"an open bracket":            {"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400},
		"IPv4 in brackets":           {"GET / HTTP/1.1\r\nHost: [1.2.3.4]\r\n\r\n", 400},
		"a zone":                     {"GET / HTTP/1.1\r\nHost: [fe80::1%25eth0]\r\n\r\n", 400},
		"another Host":               {"GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", 400},
		"two lengths":                {"POST / HTTP/1.1\r\n" + host + "Content-Length: 3\r\nContent-Length: 4\r\n\r\n", 400},
		"two equal lengths":          {"POST / HTTP/1.1\r\n" + host + "Content-Length: 3\r\nContent-Length: 3\r\n\r\n", 400},
		"a list of lengths":          {"POST / HTTP/1.1\r\n" + host + "Content-Length: 3, 3\r\n\r\n", 400},
		"a signed length":            {"POST / HTTP/1.1\r\n" + host + "Content-Length: +3\r\n\r\n", 400},
		"a negative length":          {"POST / HTTP/1.1\r\n" + host + "Content-Length: -3\r\n\r\n", 400},
		"an empty length":            {"POST / HTTP/1.1\r\n" + host + "Content-Length:\r\n\r\n", 400},
		"a hexadecimal length":       {"POST / HTTP/1.1\r\n" + host + "Content-Length: 0x3\r\n\r\n", 400},
		"a length out of bounds":     {"POST / HTTP/1.1\r\n" + host + "Content-Length: 9223372036854775808\r\n\r\n", 400},
		"length and coding":          {"POST / HTTP/1.1\r\n" + host + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
		"coding and length":          {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n", 400},
		"two codings":                {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
		"a coding in 1.0":            {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
		"gzip":                       {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
		"identity":                   {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: identity\r\n\r\n", 501},
		"chunked with a parameter":   {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked;q=1\r\n\r\n", 501},
		"chunked with a tab inside":  {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chun\tked\r\n\r\n", 501},
		"no coding":                  {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding:\r\n\r\n", 501},
		"another expectation":        {"PUT / HTTP/1.1\r\n" + host + "Expect: 200-ok\r\n\r\n", 417},
		"a length as a trailer":      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nTrailer: a, Content-Length\r\n\r\n", 400},
		"a long request line":        {"GET /" + strings.Repeat("a", 8<<10) + " HTTP/1.1\r\n" + host + "\r\n", 414},
		"a line that goes on":        {"GET /" + strings.Repeat("a", 8<<10), 414},
		"long fields":                {"GET / HTTP/1.1\r\n" + host + "X: " + strings.Repeat("a", 16<<10) + "\r\n\r\n", 431},
		"a field that goes on":       {"GET / HTTP/1.1\r\n" + host + "X: " + strings.Repeat("a", 16<<10), 431},
		"many fields":                {"GET / HTTP/1.1\r\n" + host + strings.Repeat("X: a\r\n", 100) + "\r\n", 431},
		"many hidden fields":         {"GET / HTTP/1.1\r\n" + host + strings.Repeat("X_Y: a\r\n", 100) + "\r\n", 431},
		"control in a hidden field":  {"GET / HTTP/1.1\r\n" + host + "X_Y: \x01\r\n\r\n", 400},
	} {
		t.Run(name, func(t *testing.T) {
			_, n, err := parseAll([]byte(c.text))
			var why *strict.Refusal
			if !errors.As(err, &why) || why.Status != c.status {
				t.Errorf("%d, %v; want %d", n, err, c.status)
			}
		})
	}
}

func TestAHeadAtItsBoundsIsAccepted(t *testing.T) {
	line := "GET /" + strings.Repeat("a", 8<<10-len("GET / HTTP/1.1")) + " HTTP/1.1\r\n"
	fields := "Host: a\r\n" + strings.Repeat("X: a\r\n", 98)
	fields += "Y: " + strings.Repeat("a", 16<<10-len(fields)-len("Y: \r\n\r\n")) + "\r\n\r\n"
	for _, size := range []int{1, 7, 4096, 1 << 20} { // what arrives at once
		h, got := new(head), 0
		for b := []byte(line + fields); got == 0; {
			part := b[:min(len(b), h.state.seen+size)]
			var err error
			if got, err = h.parse(part, defaults()); err != nil || got == 0 && len(part) == len(b) {
				t.Fatalf("%d at once: %d, %v", size, got, err)
			}
		}
		if got != len(line)+len(fields) || len(h.fields) != 100 {
			t.Errorf("%d octets, %d fields", got, len(h.fields))
		}
	}
}

func TestFieldsThatLookLikeOthersAreForgotten(t *testing.T) {
	h, _, err := parseAll([]byte("POST / HTTP/1.1\r\nHost: a\r\nContent_Length: 5\r\nTransfer.Encoding: x\r\nX-Real_Ip: 1\r\nX-Ok: 1\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	r := h.request(context.Background())
	if h.length != 0 || len(r.Header) != 1 || r.Header.Get("X-Ok") != "1" {
		t.Errorf("length %d, %v", h.length, r.Header)
	}
}

// agree wants net/http to see the same request, ending at the same octet.
func agree(t *testing.T, b []byte, h *head, n int) {
	t.Helper()
	in := bufio.NewReaderSize(bytes.NewReader(b), 64<<10)
	theirs, err := http.ReadRequest(in)
	if err != nil {
		t.Fatalf("net/http refuses %q: %v", b, err)
	}
	rest, _ := io.ReadAll(in)
	if theirs.ContentLength < 0 { // chunks: nothing was read of them
		if !bytes.Equal(rest, b[n:]) {
			t.Fatalf("%q: net/http's head ends at %d, not at %d", b, len(b)-len(rest), n)
		}
	} else if !bytes.Equal(rest, b[n:]) {
		t.Fatalf("%q: net/http's head ends at %d, not at %d", b, len(b)-len(rest), n)
	}
	ours := h.request(context.Background())
	if host := theirs.Host; !httpguts.ValidHostHeader(host) || !strings.EqualFold(ours.Host, host) {
		t.Errorf("%q: host %q, net/http's is %q", b, ours.Host, host)
	}
	if ours.Method != theirs.Method || ours.RequestURI != theirs.RequestURI || *ours.URL != *theirs.URL ||
		ours.Proto != theirs.Proto || ours.ContentLength != theirs.ContentLength || ours.Close != theirs.Close ||
		!slices.Equal(ours.TransferEncoding, theirs.TransferEncoding) {
		t.Errorf("%q:\nours    %+v\ntheirs  %+v", b, ours, theirs)
	}
	maps.DeleteFunc(theirs.Header, func(name string, _ []string) bool { return strings.ContainsAny(name, "_.") })
	if !maps.EqualFunc(ours.Header, theirs.Header, slices.Equal) {
		t.Errorf("%q:\nours    %q\ntheirs  %q", b, ours.Header, theirs.Header)
	}
	if !maps.EqualFunc(ours.Trailer, theirs.Trailer, slices.Equal) {
		t.Errorf("%q: trailers %q, net/http's are %q", b, ours.Trailer, theirs.Trailer)
	}
}

// FuzzHead holds that net/http accepts whatever is accepted here, and sees the
// same, however the octets arrive.
func FuzzHead(f *testing.F) {
	for _, seed := range []string{
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST /a%20b?c=d HTTP/1.1\r\nHost: [::1]:80\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n0\r\n\r\n",
		"PUT http://a:1/ HTTP/1.0\r\nHost: A:1\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc",
		"OPTIONS * HTTP/1.1\r\nHost: a_b.c\r\nX_Y: 1\r\nPragma: no-cache\r\nExpect: 100-continue\r\n\r\n",
		"GET //a HTTP/1.1\r\nhost:\ta \r\nconnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n",
	} {
		f.Add([]byte(seed), 3)
	}
	f.Fuzz(func(t *testing.T, b []byte, step int) {
		h, n, err := parseAll(b)
		parts := new(head)
		m, partErr := 0, error(nil)
		step = max(1, step)
		for end := min(step, len(b)); m == 0 && partErr == nil && end <= len(b); end += min(step, max(1, len(b)-end)) {
			m, partErr = parts.parse(b[:end], defaults())
		}
		if m != n || (err == nil) != (partErr == nil) {
			t.Fatalf("%q: %d %v at once, %d %v in steps of %d", b, n, err, m, partErr, step)
		}
		if n > 0 && err == nil {
			agree(t, b, h, n)
		}
	})
}

const browserHead = "GET /question/detail/42/?page=2 HTTP/1.1\r\n" +
	"Host: pybo.example.com\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n" +
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n" +
	"Accept-Language: ko-KR,ko;q=0.8,en-US;q=0.5,en;q=0.3\r\n" +
	"Accept-Encoding: gzip, deflate, br, zstd\r\n" +
	"Connection: keep-alive\r\n" +
	"Cookie: __Host-pybo=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n" +
	"Sec-Fetch-Dest: document\r\n\r\n"

func BenchmarkHead(b *testing.B) {
	raw, o, h := []byte(browserHead), defaults(), new(head)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		h.reset()
		if n, err := h.parse(raw, o); n != len(raw) || err != nil {
			b.Fatal(n, err)
		}
	}
}

func BenchmarkHeadNetHTTP(b *testing.B) {
	in, from := bufio.NewReader(nil), strings.NewReader(browserHead)
	b.SetBytes(int64(len(browserHead)))
	b.ReportAllocs()
	for b.Loop() {
		from.Reset(browserHead)
		in.Reset(from)
		if _, err := http.ReadRequest(in); err != nil {
			b.Fatal(err)
		}
	}
}
