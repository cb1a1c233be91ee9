package socket_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/socket"
)

// pipes is a listener whose connections stay in the bubble of a test.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	close(p.closed)
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// dial gives the other end of a new connection.
func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	p.conns <- server
	return client, nil
}

// connect opens a WebSocket to an app that reads from it. left gets what the
// handler ended with.
func connect(t *testing.T) (conn *websocket.Conn, left <-chan error) {
	t.Helper()
	ended := make(chan error, 1)
	app := dram.New(nil, nil)
	app.SetLog(slog.New(slog.DiscardHandler))
	app.Get("/", socket.Handler(func(c *dram.Context, conn *websocket.Conn) error {
		_, _, err := conn.Read(c)
		ended <- err
		return err
	}, socket.Options{}))
	listener := &pipes{make(chan net.Conn), make(chan struct{})}
	server := &http.Server{Handler: app}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}()
	transport := &http.Transport{DialContext: listener.dial}
	conn, _, err := websocket.Dial(t.Context(), "http://board.example/", &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.CloseNow()
		if err := errors.Join(server.Close(), app.Close(context.Background())); err != nil {
			t.Error(err)
		}
		transport.CloseIdleConnections()
	})
	return conn, ended
}

// TestSilentClientsAreCut has a client that is gone without a word: the time of
// the bubble goes on when everybody waits.
func TestSilentClientsAreCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, left := connect(t) // it reads nothing, so it answers no ping
		begin := time.Now()
		select {
		case err := <-left:
			if err == nil {
				t.Error("the handler got a message of nobody")
			}
		case <-time.After(time.Hour):
			t.Fatal("it is still there")
		}
		if after := time.Since(begin); after < 30*time.Second || after > time.Minute { // not asked, or asked for ever
			t.Errorf("cut after %v", after)
		}
	})
}

func TestClientsThatAnswerPingsStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn, left := connect(t)
		conn.CloseRead(t.Context())
		select {
		case err := <-left:
			t.Fatalf("cut: %v", err)
		case <-time.After(24 * time.Hour):
		}
		if err := conn.Write(t.Context(), websocket.MessageText, []byte("still here")); err != nil {
			t.Error(err)
		}
		if err := <-left; err != nil {
			t.Errorf("the handler read nothing: %v", err)
		}
	})
}
