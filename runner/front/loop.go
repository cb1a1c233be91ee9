package front

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/dram-go/dram/runner/front/h1"
)

// loop is package h1 as a source of exchanges.
type loop struct {
	server *h1.Server
	forget func() bool // that base may end
}

func newLoop(base context.Context, l limits, log *slog.Logger, handle func(exchange)) engine {
	server := h1.New(h1.Options{
		Head:      l.head,
		Body:      l.body,
		HeadTime:  l.headTime,
		KeepAlive: l.keepAlive,
		BodyPause: l.bodyPause, WritePause: l.writePause,
		Base: base, Log: log,
		Refused: func(remote string, why *h1.Refusal) { logRefusal(log, remote, why) },
	}, func(x *h1.Exchange) { handle(&loopExchange{Exchange: x}) })
	return &loop{server, context.AfterFunc(base, func() { server.Interrupt(context.Cause(base)) })}
}

func (e *loop) serve(l net.Listener) error { return e.server.Serve(l) }

func (e *loop) farewell(patience time.Duration) {
	e.server.Dismiss()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_ = e.server.Wait(ctx) // who is left is cut
	e.forget()
	e.server.Interrupt(errStopped)
	e.server.Close()
}

// loopExchange is an exchange of package h1.
type loopExchange struct {
	*h1.Exchange
	request *http.Request
}

func (x *loopExchange) Head() *http.Request {
	if x.request == nil {
		x.request = x.Exchange.Head()
		if body := x.Body(); body != nil {
			x.request.Body = loopBody{body}
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
