package socket

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	dram "github.com/dram-go/dram/framework"
)

const (
	// pingEvery is how often a silent connection is asked whether it is there.
	pingEvery = 30 * time.Second
	// pingWithin is how long it may take to say so.
	pingWithin = 30 * time.Second
	// defaultMaxMessage is the largest message where Options say nothing.
	defaultMaxMessage = 32 << 10
)

// Options describe who may connect and what they may send.
type Options struct {
	// Origins are other sites whose pages may connect, as host patterns of
	// package path: "app.example.com", "*.example.com". Pages of the host of
	// the request always may, and clients that are no browsers.
	Origins []string
	// Protocols are the subprotocols that are spoken here, the best first.
	Protocols []string
	// MaxMessage bounds a message of the client, in bytes; a larger one ends
	// the connection with status 1009. 0 means 32 KiB.
	MaxMessage int64
}

// Handler makes a handler of one that speaks over a WebSocket. What is no
// handshake is answered with 426, a foreign page with 403.
//
// The connection lasts as long as serve, which must read from it, or call
// conn.CloseRead if it expects nothing, so that pings are answered. When it
// returns nil the connection is closed with status 1000, after an error with
// 1011, and the error is logged; that the client has left is none. Do not wait
// for c.Done, which knows nothing of the connection.
//
// When the process is about to end the connection is closed with status 1001,
// and reading returns an error; serve should then return.
func Handler(serve func(c *dram.Context, conn *websocket.Conn) error, o Options) dram.Handler {
	return func(c *dram.Context) error {
		refused := &refusal{ResponseWriter: c.Writer}
		conn, err := websocket.Accept(refused, c.Request, &websocket.AcceptOptions{
			OriginPatterns: o.Origins,
			Subprotocols:   o.Protocols,
		})
		if err != nil {
			return refused.answer(err)
		}
		defer conn.CloseNow()
		conn.SetReadLimit(defaultMaxMessage)
		if o.MaxMessage > 0 {
			conn.SetReadLimit(o.MaxMessage)
		}
		stop := keep(c, conn)
		defer stop()
		return finish(conn, serve(c, conn))
	}
}

// keep pings the connection and closes it when the process ends, until stop is
// called.
func keep(c *dram.Context, conn *websocket.Conn) (stop func()) {
	ctx, cancel := context.WithCancel(c)
	ended := make(chan struct{})
	// The server has forgotten a connection that was taken over. The app has
	// not: its Close waits for this.
	c.Go(func(lasting context.Context) error {
		select {
		case <-ended:
		case <-lasting.Done():
			return conn.CloseNow()
		}
		return nil
	})
	var watch sync.WaitGroup
	draining := c.Draining()
	watch.Go(func() { watchOver(ctx, conn, draining) })
	return func() {
		cancel()
		watch.Wait()
		close(ended)
	}
}

func watchOver(ctx context.Context, conn *websocket.Conn, draining <-chan struct{}) {
	ticker := time.NewTicker(pingEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-draining:
			_ = conn.Close(websocket.StatusGoingAway, "the server restarts") // gone is gone
			return
		case <-ticker.C:
			if ping(ctx, conn) != nil {
				_ = conn.CloseNow()
				return
			}
		}
	}
}

func ping(ctx context.Context, conn *websocket.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, pingWithin)
	defer cancel()
	return conn.Ping(ctx)
}

// finish closes the connection and returns what is worth a line in the log.
func finish(conn *websocket.Conn, err error) error {
	switch {
	case err == nil:
		_ = conn.Close(websocket.StatusNormalClosure, "") // gone is gone
		return nil
	case isEnd(err):
		return nil
	}
	_ = conn.Close(websocket.StatusInternalError, "")
	return err
}

// isEnd reports whether an error only says that the connection has ended, by
// the client's will or its fault.
func isEnd(err error) bool {
	if websocket.CloseStatus(err) != -1 {
		return true
	}
	for _, end := range []error{io.EOF, net.ErrClosed, context.Canceled, websocket.ErrMessageTooBig} {
		if errors.Is(err, end) {
			return true
		}
	}
	return false
}

// refusal catches the answer to what is no handshake: the framework answers
// better.
type refusal struct {
	http.ResponseWriter
	status int
	text   strings.Builder
}

// Unwrap is for who takes the connection over.
func (r *refusal) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// WriteHeader lets everything through but errors.
func (r *refusal) WriteHeader(status int) {
	if status >= 400 {
		r.status = status
		return
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write keeps what is said about an error.
func (r *refusal) Write(p []byte) (int, error) { return r.text.Write(p) }

// answer is the error for the framework.
func (r *refusal) answer(err error) error {
	if r.status == 0 {
		return err
	}
	return (&dram.HTTPError{Status: r.status}).Wrap(err)
}
