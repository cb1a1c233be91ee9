package chaos

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/socket"
)

// newLive is the part of the app that lasts: WebSockets and event streams as
// the framework makes them.
func newLive(version string) *dram.App {
	a := dram.New(nil, nil)
	a.SetLog(slog.New(slog.DiscardHandler))
	a.Get("/live/chat", socket.Handler(func(c *dram.Context, conn *websocket.Conn) error {
		for {
			kind, text, err := conn.Read(c)
			if err != nil {
				return err
			}
			if err := conn.Write(c, kind, fmt.Append([]byte(version+" "), string(text))); err != nil {
				return err
			}
		}
	}, socket.Options{}))
	a.Get("/live/events", func(c *dram.Context) error {
		return c.Events(func(e *dram.Events) error {
			clock := time.NewTicker(5 * time.Millisecond)
			defer clock.Stop()
			for {
				if err := e.Send(dram.Event{Data: version}); err != nil {
					return err
				}
				select {
				case <-clock.C:
				case <-e.Done():
					return nil
				}
			}
		})
	})
	return a
}

// listener is a client that stays connected, and connects again when it is
// told to.
type listener struct {
	what    string
	version atomic.Value // heard last
	heard   atomic.Int64 // messages
	told    atomic.Int64 // ends in good order
}

func (l *listener) hears(version string) {
	l.version.Store(version)
	l.heard.Add(1)
}

// listeners are clients of all kinds, n of each, for so many connections or
// until end is called. Each end of their connections must be in good order:
// status 1001 of a WebSocket, the whole of a stream.
func (r *tree) listeners(n, connections int) (all []*listener, end func()) {
	ctx, cancel := context.WithCancel(r.t.Context())
	var clients sync.WaitGroup
	secure := r.secure()
	kinds := []struct {
		what string
		do   func(context.Context, *listener) error
	}{
		{"WebSocket", func(ctx context.Context, l *listener) error { return chat(ctx, r.url, l) }},
		{"stream", func(ctx context.Context, l *listener) error { return follow(ctx, r.url, false, l) }},
		{"WebSocket over https", func(ctx context.Context, l *listener) error { return chat(ctx, secure, l) }},
		{"stream over https", func(ctx context.Context, l *listener) error { return follow(ctx, secure, false, l) }},
		{"stream over HTTP/2", func(ctx context.Context, l *listener) error { return follow(ctx, secure, true, l) }},
	}
	for i := range n * len(kinds) {
		kind := kinds[i%len(kinds)]
		l := &listener{what: kind.what}
		l.version.Store("")
		all = append(all, l)
		clients.Go(func() {
			for l.told.Load() < int64(connections) && ctx.Err() == nil {
				if err := kind.do(ctx, l); err != nil && ctx.Err() == nil {
					r.t.Errorf("%s: %v", kind.what, err)
					return
				}
				l.told.Add(1)
			}
		})
	}
	return all, func() {
		cancel()
		clients.Wait()
	}
}

// trusting is a client that takes any certificate, and connects anew each time.
func trusting(http2 bool) *http.Client {
	t := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, Protocols: new(http.Protocols)}
	t.Protocols.SetHTTP1(!http2)
	t.Protocols.SetHTTP2(http2)
	return &http.Client{Transport: t}
}

// chat talks over a WebSocket until the app ends it.
func chat(ctx context.Context, url string, l *listener) error {
	conn, _, err := websocket.Dial(ctx, url+"/live/chat", &websocket.DialOptions{HTTPClient: trusting(false)})
	if err != nil {
		return err
	}
	defer conn.CloseNow()
	for i := 0; ; i++ {
		text := fmt.Sprint("hello ", i)
		_ = conn.Write(ctx, websocket.MessageText, []byte(text)) // reading says why it fails
		_, answer, err := conn.Read(ctx)
		if websocket.CloseStatus(err) == websocket.StatusGoingAway {
			return nil
		}
		if err != nil {
			return fmt.Errorf("after %d messages: %w", i, err)
		}
		version, rest, _ := strings.Cut(string(answer), " ")
		if rest != text {
			return fmt.Errorf("%q came back as %q", text, answer)
		}
		l.hears(version)
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// follow reads an event stream until the app ends it.
func follow(ctx context.Context, url string, http2 bool, l *listener) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/live/events", nil)
	if err != nil {
		return err
	}
	c := trusting(http2)
	defer c.CloseIdleConnections()
	resp, err := c.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || (resp.ProtoMajor == 2) != http2 {
		return fmt.Errorf("%s %s", resp.Proto, resp.Status)
	}
	for lines := bufio.NewReader(resp.Body); ; {
		line, err := lines.ReadString('\n')
		if version, ok := strings.CutPrefix(strings.TrimSpace(line), "data: "); ok {
			l.hears(version)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Scenario 18, as the framework does it: whoever is connected for long, in clear
// or over https, is told in good order when its worker ends, and finds the next
// version at once.
func TestLiveClients(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=0")
	s.encrypt("")
	r := s.serve()
	b := r.begin(r.plan(8, 5*time.Millisecond))
	all, end := r.listeners(4, math.MaxInt)
	arrive := func(version string) {
		t.Helper()
		s.await("all hear version "+version, func() bool {
			for _, l := range all {
				if l.version.Load() != version {
					return t.Failed()
				}
			}
			return true
		})
	}
	arrive("0")
	for i := range times(2, 20) {
		for j, verb := range []string{"reload", "upgrade"} {
			b.flows(20)
			version := fmt.Sprint(2*i + j + 1)
			s.install("version=" + version)
			r.must(verb)
			arrive(version)
		}
	}
	// One worker is replaced: some are told, all go on.
	told := func() (n int64) {
		for _, l := range all {
			n += l.told.Load()
		}
		return n
	}
	before := told()
	r.must("worker", "restart", fmt.Sprint(r.settled(2).Workers[0].ID))
	s.await("some are told", func() bool { return told() > before || t.Failed() })
	r.settled(2)
	heard := make([]int64, len(all))
	for i, l := range all {
		heard[i] = l.heard.Load()
	}
	s.await("they go on", func() bool {
		for i, l := range all {
			if l.heard.Load() <= heard[i] {
				return t.Failed()
			}
		}
		return true
	})
	b.flows(20)
	b.finish(budget{})
	end()
	// A stop does not wait for them, nor do they wait for its end.
	all, end = r.listeners(2, 1)
	arrive(fmt.Sprint(2 * times(2, 20)))
	r.stop()
	s.await("all are told", func() bool {
		for _, l := range all {
			if l.told.Load() == 0 {
				return t.Failed()
			}
		}
		return true
	})
	end()
}
