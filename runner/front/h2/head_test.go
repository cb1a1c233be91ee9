package h2

import (
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/http2"

	"github.com/dram-go/dram/runner/front/strict"
)

// TestMalformedRequests are answered by RST_STREAM, and the connection goes on
// (RFC 9113, section 8.1.1).
func TestMalformedRequests(t *testing.T) {
	told := make(chan *strict.Refusal, 100)
	s := newSite(t, Options{Refused: func(_ strict.Client, why *strict.Refusal) (http.Header, []byte) { told <- why; return nil, nil }}, text("page"))
	get := func(list ...string) []string {
		return append([]string{":method", "GET", ":scheme", "https", ":authority", "a.example", ":path", "/"}, list...)
	}
	p := s.peer()
	stream := uint32(1)
	for name, list := range map[string][]string{
		"name in upper case":        get("X-Upper", "1"),
		"name with a space":         get("x y", "1"),
		"name with a colon":         get("x:y", "1"),
		"empty name":                get("", "1"),
		"line break in a value":     get("x", "a\r\nb: c"),
		"NUL in a value":            get("x", "a\x00"),
		"space before a value":      get("x", " a"),
		"tab behind a value":        get("x", "a\t"),
		"connection":                get("connection", "close"),
		"proxy-connection":          get("proxy-connection", "close"),
		"keep-alive":                get("keep-alive", "1"),
		"transfer-encoding":         get("transfer-encoding", "chunked"),
		"upgrade":                   get("upgrade", "websocket"),
		"te of more":                get("te", "trailers, deflate"),
		"pseudo-field at the end":   get("x", "1", ":path", "/"),
		"pseudo-field twice":        get(":method", "GET"),
		"unknown pseudo-field":      get(":protocol", "websocket"),
		"pseudo-field of responses": get(":status", "200"),
		"no method":                 {":scheme", "https", ":authority", "a", ":path", "/"},
		"method that is none":       {":method", "G T", ":scheme", "https", ":authority", "a", ":path", "/"},
		"no scheme":                 {":method", "GET", ":authority", "a", ":path", "/"},
		"other scheme":              {":method", "GET", ":scheme", "ftp", ":authority", "a", ":path", "/"},
		"no path":                   {":method", "GET", ":scheme", "https", ":authority", "a"},
		"empty path":                {":method", "GET", ":scheme", "https", ":authority", "a", ":path", ""},
		"path without slash":        {":method", "GET", ":scheme", "https", ":authority", "a", ":path", "x"},
		"absolute path":             {":method", "GET", ":scheme", "https", ":authority", "a", ":path", "http://b/"},
		"asterisk of GET":           {":method", "GET", ":scheme", "https", ":authority", "a", ":path", "*"},
		"CONNECT with a path":       {":method", "CONNECT", ":scheme", "https", ":authority", "a:1", ":path", "/"},
		"other Host":                get("host", "b.example"),
		"Host twice":                get("host", "a.example", "host", "a.example"),
		"length twice":              get("content-length", "0", "content-length", "0"),
		"length with a sign":        get("content-length", "+1"),
		"length without a body":     get("content-length", "4"),
	} {
		p.send(stream, true, list...)
		if f := p.next(http2.FrameRSTStream, stream).(*http2.RSTStreamFrame); f.ErrCode != http2.ErrCodeProtocol {
			t.Errorf("%s: %v", name, f.ErrCode)
		}
		if why := await(t, "word about it", told); why.Status != 400 || why.Reason == "" {
			t.Errorf("%s: %v", name, why)
		}
		stream += 2
	}
	p.ask(stream, true, "GET", "/")
	p.want(stream, "200", "page")
}

// TestRefusedRequests get the answer that they would get by HTTP/1.1.
func TestRefusedRequests(t *testing.T) {
	told := make(chan *strict.Refusal, 100)
	s := newSite(t, Options{
		Line: 100, Head: 1000, Fields: 5, Refused: func(_ strict.Client, why *strict.Refusal) (http.Header, []byte) { told <- why; return nil, nil },
	}, text("page"))
	get := func(path string, list ...string) []string {
		return append([]string{":method", "GET", ":scheme", "https", ":authority", "a.example", ":path", path}, list...)
	}
	p := s.peer()
	stream := uint32(1)
	for name, c := range map[string]struct {
		status int
		list   []string
	}{
		"no host":             {400, []string{":method", "GET", ":scheme", "https", ":path", "/"}},
		"malformed authority": {400, []string{":method", "GET", ":scheme", "https", ":authority", "a b", ":path", "/"}},
		"user in authority":   {400, []string{":method", "GET", ":scheme", "https", ":authority", "u@a", ":path", "/"}},
		"malformed Host":      {400, []string{":method", "GET", ":scheme", "https", ":path", "/", "host", "a/b"}},
		"fragment":            {400, get("/a#b")},
		"space in the path":   {400, get("/a b")},
		"backslash":           {400, get(`/a\b`)},
		"bad escape":          {400, get("/%zz")},
		"long path":           {414, get("/" + strings.Repeat("a", 100))},
		"long field":          {431, get("/", "x", strings.Repeat("a", 1000))},
		"many fields":         {431, get("/", "a", "", "b", "", "c", "", "d", "", "e", "", "f", "")},
		"other expectation":   {417, append(get("/"), "expect", "miracles")},
		"tunnel":              {501, []string{":method", "CONNECT", ":authority", "a.example:443"}},
	} {
		bare := name != "other expectation"
		p.send(stream, bare, c.list...)
		head := p.next(http2.FrameHeaders, stream).(*http2.MetaHeadersFrame)
		if got := head.PseudoValue("status"); got != itoa(c.status) {
			t.Errorf("%s: %s, want %d", name, got, c.status)
		}
		if why := await(t, "word about it", told); why.Status != c.status {
			t.Errorf("%s: %v, want %d", name, why, c.status)
		}
		if !bare {
			p.wantReset(stream, http2.ErrCodeNo)
		}
		stream += 2
	}
	p.ask(stream, true, "GET", "/")
	p.want(stream, "200", "page")
}

func itoa(n int) string {
	return string([]byte{byte('0' + n/100), byte('0' + n/10%10), byte('0' + n%10)})
}

// TestWhatAHandlerSees of a request.
func TestWhatAHandlerSees(t *testing.T) {
	s := newSite(t, Options{}, func(x *Exchange) {
		r := x.Head()
		if r.Method != x.Method() || r.RequestURI != x.Target() || r.Host != x.Host() || r.URL.Path != "/a b" || r.URL.RawQuery != "q=1" || r.ProtoMajor != 2 || r.TLS == nil {
			t.Errorf("%+v", r)
		}
		if x.Lookup("Cookie") != "a=1; b=2; c=3" || r.Header.Get("Cookie") != "a=1; b=2; c=3" {
			t.Errorf("cookies %q", x.Lookup("Cookie"))
		}
		if r.Header["X-Many"][1] != "2" || r.Header.Get("Cache-Control") != "no-cache" || r.Header["Te"][0] != "trailers" {
			t.Errorf("fields %v", r.Header)
		}
		for i := range x.Fields() {
			if name, _ := x.Field(i); strings.ContainsAny(name, "_.") || name == "Host" {
				t.Errorf("field %s", name)
			}
		}
		if x.Body() != nil || x.Length() != 0 || r.ContentLength != 0 || r.Body != http.NoBody {
			t.Error("a body where there is none")
		}
		if major, minor := x.Version(); major != 2 || minor != 0 {
			t.Error(major, minor)
		}
		io := x.Remote() + x.Local()
		if !strings.HasPrefix(io, "127.0.0.1:") || x.TLS().NegotiatedProtocol != "h2" {
			t.Error(io)
		}
	})
	p := s.peer()
	p.ask(1, true, "GET", "/a%20b?q=1", "cookie", "a=1", "x-many", "1", "cookie", "b=2; c=3", "x-many", "2", "pragma", "no-cache", "te", "trailers", "x_y", "1", "x.y", "2", "host", "Example.ORG")
	p.want(1, "200", "")
	p.send(3, true, ":method", "GET", ":scheme", "https", ":path", "/a%20b?q=1", "host", "example.org", "cookie", "a=1; b=2; c=3", "x-many", "1", "x-many", "2", "pragma", "no-cache", "te", "trailers")
	p.want(3, "200", "")
}
