package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"

	"github.com/dram-go/dram/runner/wire"
)

// outcome is what an exchange makes of its connection.
type outcome int

const (
	reusable outcome = iota
	broken
	hijacked
)

// exchange is one request and its response. Handlers may keep parts of it, so
// it is never used again.
type exchange struct {
	conn     *conn
	scope    scope
	request  *http.Request
	body     body
	response response
	url      url.URL
}

// exchange serves the request in c.head.
func (c *conn) exchange(ended bool) outcome {
	c.server.inFlight.Add(1)
	defer c.server.leave()
	x := &exchange{conn: c, scope: scope{server: c.server, local: c.head.Facts.Local}}
	x.body.init(x, ended)
	if err := x.body.readWhole(); err != nil {
		c.complain(err)
		return broken
	}
	x.response.init(x)
	ctx, cancel := context.WithCancelCause(&x.scope)
	defer cancel(context.Canceled)
	c.begin(cancel, c.head.Facts.Remaining)
	defer c.rest()
	handler := c.server.handler
	if err := x.makeRequest(ctx); err != nil {
		handler = http.HandlerFunc(badTarget)
	} else if x.request.RequestURI == "*" && x.request.Method == http.MethodOptions {
		handler = http.HandlerFunc(options)
	}
	aborted := x.handle(handler)
	if x.response.isHijacked() {
		return hijacked
	}
	whole := x.response.finish(aborted)
	if x.request.MultipartForm != nil {
		_ = x.request.MultipartForm.RemoveAll() // temporary files
	}
	if !whole || !x.body.finish() {
		return broken
	}
	if x.response.deadlines.Load() && x.response.resetDeadlines() != nil {
		return broken
	}
	return reusable
}

// badTarget answers a request whose target is no URL.
func badTarget(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "400 Bad Request: malformed target", http.StatusBadRequest)
}

// options answers OPTIONS * as net/http's server does.
func options(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "0") }

// makeRequest makes the request as net/http's server would have read it.
func (x *exchange) makeRequest(ctx context.Context) error {
	h := &x.conn.head
	err := x.parseTarget(h.Target)
	r := http.Request{
		Method: h.Method, URL: &x.url, RequestURI: h.Target, Host: h.Host,
		Proto: proto(h.Major, h.Minor), ProtoMajor: int(h.Major), ProtoMinor: int(h.Minor),
		Header: h.Header, Body: http.NoBody, ContentLength: h.Length,
		RemoteAddr: h.Facts.Client, TLS: connectionState(h.Facts.TLS, h.Facts.Scheme == "https"),
	}
	if h.Facts.Mount != "" {
		h.Header["X-Forwarded-Prefix"] = []string{h.Facts.Mount}
	}
	if !x.body.none {
		r.Body = &x.body
		r.Trailer = announced(h.Header)
		if h.Length < 0 && h.Major == 1 {
			r.TransferEncoding = []string{"chunked"}
		}
	} else if h.Length < 0 {
		r.ContentLength = 0
	}
	x.request = r.WithContext(ctx)
	return err
}

// parseTarget parses the target of a request; the usual ones without effort.
func (x *exchange) parseTarget(target string) error {
	path, query, asked := strings.Cut(target, "?")
	if simple(path) && (!asked || query != "") && !strings.HasPrefix(target, "//") {
		x.url = url.URL{Path: path, RawQuery: query}
		return visible(query)
	}
	u, err := url.ParseRequestURI(target)
	if err != nil {
		x.url = url.URL{Path: "/"}
		return err
	}
	x.url = *u
	return nil
}

// simple reports a path that means what it says: no escapes, nothing to check.
func simple(path string) bool {
	if path == "" || path[0] != '/' {
		return false
	}
	for i := range len(path) {
		switch c := path[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
			c == '/', c == '-', c == '_', c == '.', c == '~':
		default:
			return false
		}
	}
	return true
}

// visible wants a query without control characters, as url.Parse does.
func visible(query string) error {
	for i := range len(query) {
		if query[i] < ' ' || query[i] == 0x7f || query[i] == '#' {
			return errors.New("gateway: control character in the query")
		}
	}
	return nil
}

func proto(major, minor byte) string {
	switch {
	case major == 1 && minor == 1:
		return "HTTP/1.1"
	case major == 1 && minor == 0:
		return "HTTP/1.0"
	case major == 2:
		return "HTTP/2.0"
	}
	return "HTTP/" + string('0'+rune(major)) + "." + string('0'+rune(minor))
}

// connectionState is what is known of the client's TLS; nil without.
func connectionState(t *wire.TLS, secure bool) *tls.ConnectionState {
	switch {
	case t != nil:
		return &tls.ConnectionState{
			HandshakeComplete: true, Version: t.Version, CipherSuite: t.Cipher,
			NegotiatedProtocol: t.Protocol, ServerName: t.Server,
		}
	case secure: // something before the front ends TLS
		return &tls.ConnectionState{HandshakeComplete: true}
	}
	return nil
}

// announced takes the Trailer field out of h and returns the names in it.
func announced(h http.Header) http.Header {
	list := h["Trailer"]
	if list == nil {
		return nil
	}
	delete(h, "Trailer")
	trailer := make(http.Header)
	for _, line := range list {
		for name := range strings.SplitSeq(line, ",") {
			if name = http.CanonicalHeaderKey(strings.TrimSpace(name)); name != "" {
				trailer[name] = nil
			}
		}
	}
	return trailer
}

// handle calls the handler. A panic is answered 500, or cuts the response when
// that has begun, and is logged with its stack, except for the one by which a
// handler asks for the cut. aborted is the reason, "" without.
func (x *exchange) handle(h http.Handler) (aborted string) {
	returned := false
	defer func() {
		if returned {
			return
		}
		fault := recover()
		if fault == nil { // runtime.Goexit: this goroutine ends
			x.response.finish("the handler called runtime.Goexit")
			return
		}
		if err, ok := fault.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			aborted = err.Error()
			return
		}
		x.conn.server.log.Error("the app panicked", "panic", fault, "method", x.request.Method, "path", x.request.URL.EscapedPath(),
			"id", x.conn.head.Facts.ID, "stack", string(debug.Stack()))
		if !x.response.restart() {
			aborted = "the app panicked"
			return
		}
		http.Error(&x.response, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
	}()
	h.ServeHTTP(&x.response, x.request)
	returned = true
	return ""
}

// errEnded is what a handler gets that goes on after it has returned.
var errEnded = errors.New("gateway: the handler has returned")
