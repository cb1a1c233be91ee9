package front

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/dram-go/dram/runner/front/strict"
)

// exchange is one request and its response as an engine presents them. It is
// the seam between the front's rules and the code that speaks HTTP with
// clients: packages h1 and h2. The front pushes: it says what to send and when, so
// that nothing is buffered that need not be.
//
// Methods are called from one goroutine, except Inform, which may come from
// another until Start was called, and the body of Head.
type exchange interface {
	asked
	// Head is the request as net/http has it, made when it is first asked for:
	// that costs more than all else that the front does with most requests, so
	// whoever sees every request asks for what it needs of asked. Its context
	// ends when the client goes away.
	Head() *http.Request
	// Inform sends an informational response, 102 to 199 but 101.
	Inform(status int, h http.Header)
	// Start sends the head of the response; Content-Length says how long the
	// body will be, if it is known. The engine may modify h.
	Start(status int, h http.Header)
	// Begin is Start for who has no http.Header: Add follows for each field,
	// whose name is canonical, Announce if the length of the body is known, and
	// Ready, with a Date of the engine's if dated.
	Begin(status int) bool
	Add(name, value string)
	Announce(length int64)
	Ready(dated bool)
	// Write and ReadFrom send body bytes.
	io.Writer
	io.ReaderFrom
	// Flush sends what was written so far.
	Flush() error
	// Trailer sends fields after the body.
	Trailer(h http.Header)
	// Upgrade sends a 101 response and returns the connection to the client,
	// which HTTP/2 cannot.
	Upgrade(h http.Header) (stream, error)
	// Last makes this the last exchange on its connection, which Start tells
	// the client; by HTTP/2 those that were begun before end, too.
	Last()
	// Abort ends the connection, or the stream of HTTP/2, such that the client
	// knows that the response is incomplete.
	Abort()
}

// asked is what the client asks for.
type asked interface {
	Method() string
	Target() string // as it was sent
	Host() string   // authority, "" when an HTTP/1.0 client named none
	Version() (major, minor int)
	Length() int64 // of the body: 0 when there is none, -1 when it is not known
	Remote() string
	Local() string // ADDRESS:PORT at which the client reached us
	TLS() *tls.ConnectionState

	// Field is one of Fields fields, its name as it was sent or canonical, Host
	// among them or not. Lookup returns the first value of a canonical name, ""
	// when there is none.
	Fields() int
	Field(i int) (name, value string)
	Lookup(name string) string

	// Content is the body, nil when there is none. Its first Read sends 100
	// Continue if the client expects it. One over the limit fails with
	// *http.MaxBytesError, one that pauses too long with an error that is
	// os.ErrDeadlineExceeded.
	Content() requestBody

	// Watch calls f in a goroutine of its own when the client goes away before
	// Unwatch, which reports whether it did not: context.AfterFunc without a
	// context. Gone is why the context of Head has ended, or would have.
	Watch(f func())
	Unwatch() bool
	Gone() error
}

// field is a field of a request.
type field struct{ name, value string }

// requestBody is the body of a request that has one.
type requestBody interface {
	io.ReadCloser
	// interrupt makes a Read that waits for the client return, because nobody
	// wants its bytes any more.
	interrupt()
	// interrupted reports that the body was not read to its end because of
	// interrupt.
	interrupted() bool
	// failure is the error that ended the body: io.EOF after the whole, nil
	// while it goes on and when it was interrupted.
	failure() error
}

// engine accepts clients and presents what they ask for.
type engine interface {
	// serve accepts connections, secure ones begin with a TLS handshake, until
	// the listener is closed.
	serve(l net.Listener, secure bool) error
	// changed is called when the live settings are others.
	changed()
	// goodbye makes each response from now on the last on its connection.
	goodbye()
	// farewell closes idle connections at once, gives requests that arrived in
	// the last moment their answer within patience, and closes everything.
	farewell(patience time.Duration)
}

// newEngine returns an engine that calls handle for each request, and refused
// for what is none. Requests still running when base ends are cancelled.
type newEngine func(base context.Context, l *live, log *slog.Logger, handle func(exchange), refused refuser) engine

// refuser takes note of a request that is none, and returns the answer to it.
type refuser func(by strict.Client, why *strict.Refusal) (http.Header, []byte)

// stream is a connection on which HTTP has ended.
type stream interface {
	io.ReadWriteCloser
	CloseWrite() error
}

// halfCloser is a connection of which one direction can be ended.
type halfCloser interface {
	net.Conn
	CloseWrite() error
}
