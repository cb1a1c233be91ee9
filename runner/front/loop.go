package front

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/dram-go/dram/runner/front/h1"
)

// loop is package h1 as a source of exchanges.
type loop struct {
	server *h1.Server
	live   *live
	log    *slog.Logger
	base   context.Context
	http2  *http2
	forget func() bool // that base may end

	refused refuser
}

func newLoop(base context.Context, l *live, log *slog.Logger, handle func(exchange), refused refuser) engine {
	e := &loop{live: l, log: log, base: base, refused: refused, http2: newHTTP2(base, l, log, handle, refused)}
	e.server = h1.New(e.options(), func(x *h1.Exchange) { handle(&loopExchange{Exchange: x}) })
	e.forget = context.AfterFunc(base, func() { e.server.Interrupt(context.Cause(base)) })
	return e
}

// options are what the live settings mean to package h1.
func (e *loop) options() h1.Options {
	s := e.live.Load()
	return h1.Options{
		Line:      s.line,
		Head:      s.head,
		Fields:    s.fields,
		Body:      s.largest,
		HeadTime:  s.headTime,
		KeepAlive: s.keepAlive,
		BodyPause: s.bodyPause, WritePause: s.writePause,
		TLS: s.tls, H2: e.http2.take, HandshakeTime: s.handshakeTime,
		Rate: s.rate,
		Base: e.base, Log: e.log,
		Refused: e.refused,
	}
}

func (e *loop) changed() {
	e.server.Change(e.options())
	e.http2.changed()
}

func (e *loop) serve(l net.Listener, secure bool) error {
	if secure {
		return e.server.ServeTLS(l)
	}
	return e.server.Serve(l)
}

// relieve makes room by the end of connections that are idle.
func (e *loop) relieve(least time.Duration) {
	e.server.Relieve(least)
	e.http2.server.Relieve(least)
}

func (e *loop) goodbye() {
	e.server.Drain()
	e.http2.goodbye()
}

func (e *loop) farewell(patience time.Duration) {
	var second sync.WaitGroup
	second.Go(func() { e.http2.farewell(patience) })
	defer second.Wait()
	farewell(e.server, e.forget, patience)
}

// leaving is the end of a server of package h1 or h2.
type leaving interface {
	Dismiss()
	Wait(context.Context) error
	Interrupt(cause error)
	Close()
}

// farewell ends a server, after which the end of the base means nothing to it.
func farewell(s leaving, forget func() bool, patience time.Duration) {
	s.Dismiss()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_ = s.Wait(ctx) // who is left is cut
	forget()
	s.Interrupt(errStopped)
	s.Close()
}

// loopExchange is an exchange of package h1.
type loopExchange struct {
	*h1.Exchange
	request *http.Request
}

func (x *loopExchange) Content() requestBody {
	if body := x.Body(); body != nil {
		return loopBody{body}
	}
	return nil
}

func (x *loopExchange) Head() *http.Request {
	if x.request == nil {
		x.request = x.Exchange.Head()
		if body := x.Content(); body != nil {
			x.request.Body = body
		}
	}
	return x.request
}

func (x *loopExchange) Upgrade(h http.Header) (stream, error) {
	s, err := x.Exchange.Upgrade(h)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// loopBody is a body of package h1.
type loopBody struct{ *h1.Body }

func (b loopBody) interrupt()        { b.Interrupt() }
func (b loopBody) interrupted() bool { return b.Interrupted() }
func (b loopBody) failure() error    { return b.Failure() }
