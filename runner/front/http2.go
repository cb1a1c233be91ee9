package front

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/http"
	"time"

	"github.com/dram-go/dram/runner/front/h2"
)

// http2 is package h2 as a source of exchanges. It has no listener: loop makes
// the handshakes and hands over the connections that chose HTTP/2.
type http2 struct {
	server  *h2.Server
	live    *live
	log     *slog.Logger
	base    context.Context
	refused refuser
	forget  func() bool // that base may end
}

// maxStreams is how many requests a client may have under way at once. Those
// that it resets count until their handlers have ended, which bounds the work
// that a flood of resets makes (CVE-2023-44487).
const maxStreams = 128

func newHTTP2(base context.Context, l *live, log *slog.Logger, handle func(exchange), refused refuser) *http2 {
	e := &http2{live: l, log: log, base: base, refused: refused}
	e.server = h2.New(e.options(), func(x *h2.Exchange) { handle(&streamExchange{Exchange: x}) })
	e.forget = context.AfterFunc(base, func() { e.server.Interrupt(context.Cause(base)) })
	return e
}

// options are what the live settings mean to package h2.
func (e *http2) options() h2.Options {
	s := e.live.Load()
	return h2.Options{
		Line:      s.line,
		Head:      s.head,
		Fields:    s.fields,
		Body:      s.largest,
		Streams:   maxStreams,
		HeadTime:  s.headTime,
		KeepAlive: s.keepAlive,
		BodyPause: s.bodyPause, WritePause: s.writePause,
		Rate: s.rate,
		Base: e.base, Log: e.log,
		Refused: e.refused,
	}
}

// take serves a connection after its handshake, and calls closed in the end.
func (e *http2) take(conn *tls.Conn, closed func()) { e.server.Take(conn, closed) }

func (e *http2) changed() { e.server.Change(e.options()) }

func (e *http2) goodbye() { e.server.Drain() }

// farewell is that of an engine.
func (e *http2) farewell(patience time.Duration) { farewell(e.server, e.forget, patience) }

// streamExchange is an exchange of package h2.
type streamExchange struct {
	*h2.Exchange
	request *http.Request
}

func (x *streamExchange) Content() requestBody {
	if body := x.Body(); body != nil {
		return streamBody{body}
	}
	return nil
}

func (x *streamExchange) Head() *http.Request {
	if x.request == nil {
		x.request = x.Exchange.Head()
		if body := x.Content(); body != nil {
			x.request.Body = body
		}
	}
	return x.request
}

func (x *streamExchange) Upgrade(h http.Header) (stream, error) { return nil, x.Exchange.Upgrade(h) }

// streamBody is a body of package h2.
type streamBody struct{ *h2.Body }

func (b streamBody) interrupt()        { b.Interrupt() }
func (b streamBody) interrupted() bool { return b.Interrupted() }
func (b streamBody) failure() error    { return b.Failure() }
