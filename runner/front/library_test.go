package front

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/dram-go/dram/runner/front/strict"
)

// library is net/http's server as a source of exchanges: a second opinion on
// what the front makes of them.
type library struct {
	server  *http.Server
	live    *live
	handle  func(exchange)
	refused refuser
}

func newLibrary(base context.Context, live *live, log *slog.Logger, handle func(exchange), refused refuser) engine {
	e, l := &library{live: live, handle: handle, refused: refused}, live.Load()
	e.server = &http.Server{
		Handler:                      e,
		ReadHeaderTimeout:            l.headTime,
		IdleTimeout:                  l.keepAlive,
		MaxHeaderBytes:               l.head,
		DisableGeneralOptionsHandler: true, // OPTIONS * is the app's to answer
		BaseContext:                  func(net.Listener) context.Context { return base },
		ErrorLog:                     slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	return e
}

func (e *library) serve(l net.Listener, secure bool) error {
	if secure {
		l = tls.NewListener(l, &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return e.live.Load().tls, nil
		}})
	}
	err := e.server.Serve(l)
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return fmt.Errorf("front: accept on %s: %w", l.Addr(), err)
}

// changed need not do anything: each exchange looks at the live settings. The
// times of idle connections and of heads stay.
func (e *library) changed() {}

// goodbye leaves it to the exchanges: SetKeepAlivesEnabled would close idle
// connections.
func (e *library) goodbye() {}

func (e *library) farewell(patience time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if e.server.Shutdown(ctx) != nil {
		e.server.Close()
	}
}

func (e *library) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l := e.live.Load()
	if why := oversized(r, l); why != nil {
		e.refused(strict.Client{Remote: r.RemoteAddr}, why)
		http.Error(w, http.StatusText(why.Status)+": "+why.Reason, why.Status)
		return
	}
	x := &httpExchange{w: w, r: r, control: http.NewResponseController(w), limits: &l.limits}
	if r.Body != nil && r.ContentLength != 0 {
		x.body = &clientBody{
			raw:     r.Body,
			limited: http.MaxBytesReader(w, r.Body, l.largest),
			control: x.control,
			limits:  &l.limits,
			expects: r.Header.Get("Expect") != "",
		}
		r.Body = x.body
	}
	e.handle(x)
	x.finish()
	if x.aborted {
		panic(http.ErrAbortHandler)
	}
}

// oversized refuses a head that package h1 would not have read.
func oversized(r *http.Request, l *settings) *strict.Refusal {
	if len(r.Method)+len(r.RequestURI)+len("  HTTP/1.1") > l.line {
		return &strict.Refusal{Status: http.StatusRequestURITooLong, Reason: "request line too long"}
	}
	fields, size := 1, len("Host: ")+len(r.Host)
	for name, values := range r.Header {
		for _, value := range values {
			fields, size = fields+1, size+len(name)+len(value)+len(": \r\n")
		}
	}
	switch {
	case fields > l.fields:
		return &strict.Refusal{Status: http.StatusRequestHeaderFieldsTooLarge, Reason: "too many fields"}
	case size > l.head:
		return &strict.Refusal{Status: http.StatusRequestHeaderFieldsTooLarge, Reason: "fields too long"}
	}
	return nil
}

// httpExchange is an exchange of net/http's server.
type httpExchange struct {
	w       http.ResponseWriter
	r       *http.Request
	control *http.ResponseController
	body    *clientBody // nil when the request has none
	limits  *limits
	pace    strict.Pace // of the client taking the response
	aborted bool
	started bool
	last    bool // on its connection
	raw     bool // upgraded

	fields []field     // of the request, once somebody has asked
	status int         // of Begin
	header http.Header // of the response, from Begin to Ready
	stay   func() bool // ends a Watch
}

func (x *httpExchange) Head() *http.Request { return x.r }

func (x *httpExchange) Method() string              { return x.r.Method }
func (x *httpExchange) Target() string              { return x.r.RequestURI }
func (x *httpExchange) Host() string                { return x.r.Host }
func (x *httpExchange) Version() (major, minor int) { return x.r.ProtoMajor, x.r.ProtoMinor }
func (x *httpExchange) Length() int64               { return x.r.ContentLength }
func (x *httpExchange) Remote() string              { return x.r.RemoteAddr }
func (x *httpExchange) TLS() *tls.ConnectionState   { return x.r.TLS }
func (x *httpExchange) Lookup(name string) string   { return x.r.Header.Get(name) }

func (x *httpExchange) Local() string {
	if a, ok := x.r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		return a.String()
	}
	return "localhost"
}

func (x *httpExchange) Content() requestBody {
	if x.body != nil {
		return x.body
	}
	return nil
}

func (x *httpExchange) Fields() int {
	if x.fields == nil {
		x.fields = make([]field, 0, len(x.r.Header)+2)
		for name, values := range x.r.Header {
			for _, value := range values {
				x.fields = append(x.fields, field{name, value})
			}
		}
	}
	return len(x.fields)
}

func (x *httpExchange) Field(i int) (name, value string) { return x.fields[i].name, x.fields[i].value }

func (x *httpExchange) Watch(f func()) { x.stay = context.AfterFunc(x.r.Context(), f) }

func (x *httpExchange) Unwatch() bool {
	if x.stay == nil {
		return false
	}
	stay := x.stay
	x.stay = nil
	return stay()
}

func (x *httpExchange) Gone() error {
	if x.r.Context().Err() == nil {
		return nil
	}
	return context.Cause(x.r.Context())
}

func (x *httpExchange) Begin(status int) bool {
	x.status, x.header = status, make(http.Header)
	return !x.started
}

func (x *httpExchange) Add(name, value string) { x.header[name] = append(x.header[name], value) }

func (x *httpExchange) Announce(length int64) {
	x.header["Content-Length"] = []string{strconv.FormatInt(length, 10)}
}

func (x *httpExchange) Ready(dated bool) {
	if _, ok := x.header["Date"]; !ok && !dated {
		x.header["Date"] = nil // or net/http would add one
	}
	x.Start(x.status, x.header)
}

func (x *httpExchange) Inform(status int, h http.Header) {
	header := x.w.Header()
	maps.Copy(header, h)
	x.w.WriteHeader(status)
	clear(header) // the response has fields of its own
}

func (x *httpExchange) Start(status int, h http.Header) {
	x.started = true
	header := x.w.Header()
	maps.Copy(header, h)
	if _, ok := header["Content-Type"]; !ok {
		header["Content-Type"] = nil // net/http would guess one
	}
	if x.last || x.body != nil && !x.body.ended() {
		// What is left of a body would be taken for the next request. And if
		// the connection stayed open, net/http would read the rest before it
		// sends the response, for which the client may be waiting.
		header.Set("Connection", "close")
	}
	x.w.WriteHeader(status)
}

func (x *httpExchange) Write(b []byte) (int, error) {
	var n int
	err := x.wait(func() (int64, error) {
		var err error
		n, err = x.w.Write(b)
		return int64(n), err
	})
	return n, err
}

func (x *httpExchange) ReadFrom(r io.Reader) (int64, error) {
	from, ok := x.w.(io.ReaderFrom)
	if !ok {
		return io.Copy(struct{ io.Writer }{x}, r)
	}
	// One deadline for everything would cut a slow but live client: the file
	// goes out in pieces. The kernel sends them, but only of a file under one
	// LimitedReader, not under two.
	whole, ok := r.(*io.LimitedReader)
	if !ok {
		whole = &io.LimitedReader{R: r, N: math.MaxInt64}
	}
	var total int64
	for {
		want, n := min(whole.N, filePiece), int64(0)
		err := x.wait(func() (int64, error) {
			var err error
			n, err = from.ReadFrom(&io.LimitedReader{R: whole.R, N: want})
			return n, err
		})
		total += n
		whole.N -= n
		if err != nil || n < want || whole.N <= 0 {
			return total, err
		}
	}
}

// filePiece is what a client must take within one write pause.
const filePiece = 1 << 20

// wait sends something, for which the client has its time: one that takes too
// little would hold a worker.
func (x *httpExchange) wait(send func() (int64, error)) error {
	now := time.Now()
	patience := x.pace.Patience(x.limits.rate, strict.RateGrace, x.limits.writePause)
	if patience <= 0 {
		return os.ErrDeadlineExceeded
	}
	_ = x.control.SetWriteDeadline(now.Add(patience)) // unsupported: without
	n, err := send()
	x.pace.Add(int(n), time.Since(now))
	return err
}

func (x *httpExchange) Flush() error {
	return x.wait(func() (int64, error) { return 0, x.control.Flush() })
}

func (x *httpExchange) Trailer(h http.Header) {
	header := x.w.Header()
	for name, values := range h {
		header[http.TrailerPrefix+name] = values
	}
}

func (x *httpExchange) Upgrade(h http.Header) (stream, error) {
	conn, buffered, err := x.control.Hijack()
	if err != nil {
		return nil, err
	}
	x.raw = true
	half, ok := conn.(interface {
		net.Conn
		CloseWrite() error
	})
	if !ok {
		conn.Close()
		return nil, fmt.Errorf("front: a %T cannot be upgraded", conn)
	}
	_, err = fmt.Fprintf(buffered, "HTTP/1.1 101 Switching Protocols\r\n")
	if err == nil {
		err = h.Write(buffered)
	}
	if err == nil {
		_, err = buffered.WriteString("\r\n")
	}
	if err == nil {
		err = buffered.Flush()
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return &upgraded{halfCloser: half, early: buffered.Reader}, nil
}

func (x *httpExchange) Last() { x.last = true }

func (x *httpExchange) Abort() { x.aborted = true }

// finish sends what is still buffered under the write deadline, which must
// not reach into the next exchange of the connection.
func (x *httpExchange) finish() {
	whole := x.started && !x.raw && !x.aborted
	if whole {
		_ = x.Flush() // a client that is gone is found by net/http
		_ = x.control.SetWriteDeadline(time.Time{})
	}
	if x.body != nil {
		x.body.end(whole)
	}
}

// upgraded is a client connection whose first bytes may have been read
// together with the request.
type upgraded struct {
	halfCloser
	early *bufio.Reader
}

func (u *upgraded) Read(b []byte) (int, error) {
	if u.early != nil && u.early.Buffered() > 0 {
		return u.early.Read(b[:min(len(b), u.early.Buffered())])
	}
	u.early = nil
	return u.halfCloser.Read(b)
}
