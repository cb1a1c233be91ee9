package front

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// exchange is one request and its response as an engine presents them. It is
// the seam between the front's rules and the code that speaks HTTP with
// clients: package h1, and net/http's server. The front pushes: it says what to send and
// when, so that nothing is buffered that need not be.
//
// Methods are called from one goroutine, except Inform, which may come from
// another until Start was called, and the body of Head.
type exchange interface {
	// Head is the request. Its context ends when the client goes away. The
	// first Read of its body sends 100 Continue if the client expects it. A
	// body over the limit fails with *http.MaxBytesError, one that pauses too
	// long with an error that is os.ErrDeadlineExceeded.
	Head() *http.Request
	// Inform sends an informational response, 102 to 199 but 101.
	Inform(status int, h http.Header)
	// Start sends the head of the response; Content-Length says how long the
	// body will be, if it is known. The engine may modify h.
	Start(status int, h http.Header)
	// Write and ReadFrom send body bytes.
	io.Writer
	io.ReaderFrom
	// Flush sends what was written so far.
	Flush() error
	// Trailer sends fields after the body.
	Trailer(h http.Header)
	// Upgrade sends a 101 response and returns the connection to the client.
	Upgrade(h http.Header) (stream, error)
	// Last makes this the last exchange on its connection, which Start tells
	// the client.
	Last()
	// Abort ends the connection such that the client knows that the response
	// is incomplete.
	Abort()
}

// requestBody is the body of a request that has one, as Head gives it.
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
	// serve accepts connections until the listener is closed.
	serve(net.Listener) error
	// changed is called when the live settings are others.
	changed()
	// goodbye makes each response from now on the last on its connection.
	goodbye()
	// farewell closes idle connections at once, gives requests that arrived in
	// the last moment their answer within patience, and closes everything.
	farewell(patience time.Duration)
}

// newEngine returns an engine that calls handle for each request. Requests
// still running when base ends are cancelled.
type newEngine func(base context.Context, l *live, log *slog.Logger, handle func(exchange)) engine

// stream is a connection on which HTTP has ended.
type stream interface {
	io.ReadWriteCloser
	CloseWrite() error
}
