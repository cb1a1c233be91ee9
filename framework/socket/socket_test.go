package socket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/socket"
)

// lines is a log that can be read while it is written.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// echo answers every message, and some of them in a way of its own.
func echo(c *dram.Context, conn *websocket.Conn) error {
	for {
		kind, text, err := conn.Read(c)
		if err != nil {
			return fmt.Errorf("reading: %w", err)
		}
		switch string(text) {
		case "bye":
			return nil
		case "fail":
			return errors.New("the room is on fire")
		case "panic":
			panic("boom")
		}
		if err := conn.Write(c, kind, append([]byte(c.Param("room")+": "), text...)); err != nil {
			return err
		}
	}
}

func serve(t *testing.T, o socket.Options) (*dram.App, *httptest.Server, *lines) {
	t.Helper()
	conf := config.Default(t.TempDir())
	conf.Env = config.Test
	app := dram.New(conf, nil)
	log := &lines{}
	app.SetLog(slog.New(slog.NewTextHandler(log, nil)))
	app.Get("/chat/{room}", socket.Handler(echo, o))
	server := httptest.NewServer(app)
	t.Cleanup(server.Close)
	return app, server, log
}

func dial(t *testing.T, server *httptest.Server, header http.Header) *websocket.Conn {
	t.Helper()
	conn, response, err := websocket.Dial(t.Context(), server.URL+"/chat/bar", &websocket.DialOptions{
		HTTPHeader: header, Subprotocols: []string{"v2", "v1"},
	})
	if err != nil {
		t.Fatalf("dial: %v (%v)", err, response)
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	return conn
}

func ask(t *testing.T, conn *websocket.Conn, text string) (string, error) {
	t.Helper()
	if err := conn.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
		return "", err
	}
	_, answer, err := conn.Read(t.Context())
	return string(answer), err
}

func TestConversation(t *testing.T) {
	app, server, log := serve(t, socket.Options{Protocols: []string{"v1"}, MaxMessage: 100})
	for text, want := range map[string]websocket.StatusCode{
		"bye":                    websocket.StatusNormalClosure,
		"fail":                   websocket.StatusInternalError,
		strings.Repeat("x", 101): websocket.StatusMessageTooBig,
	} {
		conn := dial(t, server, nil)
		if conn.Subprotocol() != "v1" {
			t.Errorf("protocol %q", conn.Subprotocol())
		}
		if answer, err := ask(t, conn, "hello"); answer != "bar: hello" {
			t.Fatalf("%q, %v", answer, err)
		}
		if _, err := ask(t, conn, text); websocket.CloseStatus(err) != want {
			t.Errorf("%.10s: closed with %v, want %v", text, err, want)
		}
	}
	conn := dial(t, server, nil)
	if _, err := ask(t, conn, "panic"); err == nil {
		t.Error("the connection outlives a panic")
	}
	conn = dial(t, server, nil)
	if err := conn.CloseNow(); err != nil { // leaves without a word
		t.Fatal(err)
	}
	if err := app.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The server forgets connections that were taken over, so it is not known
	// when the last handler has logged.
	for deadline := time.Now().Add(10 * time.Second); strings.Count(log.String(), "status=101") < 5; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("five connections are not in the log:\n%s", log)
		}
	}
	for _, want := range []string{"the room is on fire", "panic: boom"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log misses %q:\n%s", want, log)
		}
	}
	if got := strings.Count(log.String(), "level=ERROR"); got != 2 {
		t.Errorf("%d errors in the log:\n%s", got, log)
	}
}

func TestWhoMayConnect(t *testing.T) {
	_, server, _ := serve(t, socket.Options{Origins: []string{"*.friend.example"}})
	own := strings.TrimPrefix(server.URL, "http://")
	for origin, want := range map[string]int{
		"http://" + own:              101,
		"https://www.friend.example": 101,
		"https://evil.example":       403,
		"null":                       403,
	} {
		_, response, err := websocket.Dial(t.Context(), server.URL+"/chat/bar", &websocket.DialOptions{
			HTTPHeader: http.Header{"Origin": {origin}},
		})
		if response == nil || response.StatusCode != want {
			t.Errorf("from %s: %v, %v", origin, response, err)
		}
	}
	response, err := http.Get(server.URL + "/chat/bar")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if response.StatusCode != 426 || response.Header.Get("Upgrade") != "websocket" || !strings.Contains(string(body), "does not contain Upgrade") || err != nil {
		t.Errorf("a plain request: %d %v\n%s%v", response.StatusCode, response.Header, body, err)
	}
}

func TestConnectionsEndWithTheProcess(t *testing.T) {
	app, server, log := serve(t, socket.Options{})
	conn := dial(t, server, nil)
	if _, err := ask(t, conn, "hello"); err != nil {
		t.Fatal(err)
	}
	closed := make(chan error, 1)
	go func() { closed <- app.Close(context.WithoutCancel(t.Context())) }()
	if _, _, err := conn.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("closed with %v", err)
	}
	if err := <-closed; err != nil {
		t.Errorf("Close: %v", err)
	}
	server.Close()
	if strings.Contains(log.String(), "ERROR") {
		t.Errorf("log\n%s", log)
	}
}

func TestCloseCutsWhoDoesNotListen(t *testing.T) {
	conf := config.Default(t.TempDir())
	conf.Env = config.Test
	app := dram.New(conf, nil)
	app.SetLog(slog.New(slog.DiscardHandler))
	serving := make(chan struct{})
	app.Get("/", socket.Handler(func(c *dram.Context, conn *websocket.Conn) error {
		close(serving)
		for {
			if _, _, err := conn.Read(context.Background()); err != nil {
				return err
			}
		}
	}, socket.Options{}))
	server := httptest.NewServer(app)
	defer server.Close()
	conn, _, err := websocket.Dial(t.Context(), server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	<-serving
	expired, cancel := context.WithDeadline(t.Context(), time.Now())
	defer cancel()
	if err := app.Close(expired); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Close: %v", err)
	}
	if _, _, err := conn.Read(t.Context()); err == nil {
		t.Error("the connection is still there")
	}
}
