package dram_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/config"
)

func TestStreamSendsEachPieceAtOnce(t *testing.T) {
	app, log := newApp(t, config.Production, nil)
	next := make(chan struct{})
	broken := errors.New("the source broke")
	app.Get("/count", func(c *dram.Context) error {
		return c.Status(202).Stream("text/csv", func(w io.Writer) error {
			for i := range 3 {
				<-next
				if _, err := fmt.Fprintf(w, "%d\n", i); err != nil {
					return err
				}
			}
			return nil
		})
	})
	app.Get("/empty", func(c *dram.Context) error {
		return c.Stream("text/csv", func(io.Writer) error { return nil })
	})
	app.Get("/early", func(c *dram.Context) error {
		return c.Stream("text/csv", func(io.Writer) error { return dram.NotFound("nothing there") })
	})
	app.Get("/late", func(c *dram.Context) error {
		return c.Stream("text/csv", func(w io.Writer) error {
			_, _ = io.WriteString(w, "begun\n")
			return broken
		})
	})
	server := httptest.NewServer(app)
	defer server.Close()
	ask := func(method, path string) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { response.Body.Close() })
		return response
	}

	go func() { next <- struct{}{} }()
	response := ask("GET", "/count")
	lines := bufio.NewReader(response.Body)
	if line, err := lines.ReadString('\n'); line != "0\n" || response.StatusCode != 202 || response.Header.Get("Content-Type") != "text/csv" {
		t.Fatalf("first piece %q, %v, status %d", line, err, response.StatusCode)
	}
	close(next) // only now the rest may come
	if rest, err := io.ReadAll(lines); string(rest) != "1\n2\n" || err != nil {
		t.Errorf("rest %q, %v", rest, err)
	}
	if response := ask("HEAD", "/count"); response.StatusCode != 202 || response.Header.Get("Content-Type") != "text/csv" {
		t.Errorf("HEAD: %d %v", response.StatusCode, response.Header)
	}
	if body, err := io.ReadAll(ask("GET", "/empty").Body); len(body) != 0 || err != nil {
		t.Errorf("empty: %q, %v", body, err)
	}
	if response := ask("GET", "/early"); response.StatusCode != 404 || !strings.HasPrefix(response.Header.Get("Content-Type"), "text/plain") {
		t.Errorf("an error before the first piece: %d, %s", response.StatusCode, response.Header.Get("Content-Type"))
	}
	if body, err := io.ReadAll(ask("GET", "/late").Body); err == nil || string(body) != "begun\n" {
		t.Errorf("an error in the midst looks like the end: %q, %v", body, err)
	}
	if line := log.last(t, "request"); line["err"] != broken.Error() || line["status"] != float64(200) {
		t.Errorf("log %v", line)
	}
}

func TestEventFormat(t *testing.T) {
	for _, tt := range []struct {
		event dram.Event
		want  string
	}{
		{dram.Event{Data: "a"}, "data: a\n\n"},
		{dram.Event{Data: "a\r\nb\rc\nd"}, "data: a\ndata: b\ndata: c\ndata: d\n\n"},
		{dram.Event{Name: "changed"}, "event: changed\ndata: \n\n"},
		{dram.Event{ID: "7", Name: "n", Data: "x", Retry: 1500 * time.Millisecond}, "retry: 1500\nid: 7\nevent: n\ndata: x\n\n"},
		{dram.Event{ID: "7"}, "id: 7\n\n"},
		{dram.Event{}, ":\n\n"},
		{dram.Event{Name: "a\nb"}, ""},
		{dram.Event{ID: "a\rb"}, ""},
		{dram.Event{ID: "a\x00b"}, ""},
	} {
		got, err := dram.EncodeEvent(tt.event)
		if got != tt.want || (err != nil) != (tt.want == "") {
			t.Errorf("%+v: %q, %v", tt.event, got, err)
		}
	}
}

// lockedRecorder may be read while it is written.
type lockedRecorder struct {
	*httptest.ResponseRecorder
	mu      sync.Mutex
	flushed int
}

func (w *lockedRecorder) Flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flushed++
}

func (w *lockedRecorder) flushes() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.flushed
}

func (w *lockedRecorder) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ResponseRecorder.Write(p)
}

func (w *lockedRecorder) body() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.Body.String()
}

func TestEventsBeatUntilTheClientLeaves(t *testing.T) {
	app, log := newApp(t, config.Production, nil)
	app.Get("/events", func(c *dram.Context) error {
		return c.Events(func(e *dram.Events) error {
			if err := e.Send(dram.Event{Data: "after " + e.LastID()}); err != nil {
				return err
			}
			<-e.Done()
			if err := e.Send(dram.Event{Data: "late"}); err == nil {
				t.Error("sent to nobody")
			}
			return fmt.Errorf("waiting: %w", e.Err())
		})
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, leave := context.WithCancel(context.Background())
		r := httptest.NewRequest("GET", "/events", nil).WithContext(ctx)
		r.Header.Set("Last-Event-ID", "41")
		w := &lockedRecorder{ResponseRecorder: httptest.NewRecorder()}
		ended := make(chan struct{})
		go func() { app.ServeHTTP(w, r); close(ended) }()
		synctest.Wait()
		if got := w.body(); got != "data: after 41\n\n" || w.flushes() == 0 {
			t.Errorf("at first %q, %d flushes", got, w.flushes())
		}
		time.Sleep(31 * time.Second) // the clock of the bubble
		synctest.Wait()
		if got := strings.Count(w.body(), ":\n\n"); got != 2 {
			t.Errorf("%d heartbeats in 31 seconds", got)
		}
		leave()
		<-ended
		for name, want := range map[string]string{"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %q", name, got)
			}
		}
	})
	if line := log.last(t, "request"); line["err"] != nil || line["status"] != float64(200) {
		t.Errorf("log %v", line)
	}
	w := do(app, httptest.NewRequest("HEAD", "/events", nil))
	if w.Code != 200 || w.Header().Get("Content-Type") != "text/event-stream" {
		t.Errorf("HEAD %d %v", w.Code, w.Header())
	}
}

func TestEventsOfABrokenSource(t *testing.T) {
	app, log := newApp(t, config.Production, nil)
	app.Get("/", func(c *dram.Context) error {
		return c.Events(func(*dram.Events) error { return errors.New("the bus is gone") })
	})
	func() {
		defer func() {
			if v := recover(); v != http.ErrAbortHandler {
				t.Errorf("panic %v", v)
			}
		}()
		get(app, "/")
	}()
	if line := log.last(t, "request"); line["err"] != "the bus is gone" {
		t.Errorf("log %v", line)
	}
}

func TestStreamsEndWhenTheServerShutsDown(t *testing.T) {
	app, _ := newApp(t, config.Production, nil)
	app.Get("/events", func(c *dram.Context) error {
		return c.Events(func(e *dram.Events) error {
			<-e.Done()
			return nil
		})
	})
	app.Get("/stream", func(c *dram.Context) error {
		return c.Stream("text/plain", func(w io.Writer) error {
			if _, err := io.WriteString(w, "begun\n"); err != nil {
				return err
			}
			<-c.Draining()
			return nil
		})
	})
	server := httptest.NewServer(app)
	defer server.Close()
	var open []*http.Response
	for _, path := range []string{"/events", "/stream"} {
		response, err := server.Client().Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		open = append(open, response)
	}
	down := make(chan error, 1)
	go func() { down <- server.Config.Shutdown(t.Context()) }()
	for _, response := range open {
		if _, err := io.ReadAll(response.Body); err != nil {
			t.Errorf("%s was cut: %v", response.Request.URL.Path, err)
		}
	}
	if err := <-down; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
}

func TestDrainAndCloseTellStreams(t *testing.T) {
	for name, end := range map[string]func(*dram.App){
		"Drain": (*dram.App).Drain,
		"Close": func(a *dram.App) { _ = a.Close(t.Context()) },
	} {
		app, _ := newApp(t, config.Test, nil)
		app.Get("/", func(c *dram.Context) error {
			select {
			case <-c.Draining():
				return c.Text("draining")
			default:
				return c.Text("serving")
			}
		})
		wantBody(t, get(app, "/"), 200, "serving")
		end(app)
		end(app)
		if got := get(app, "/").Body.String(); got != "draining" {
			t.Errorf("after %s: %s", name, got)
		}
	}
}

// deadlines notes the last write deadline.
type deadlines struct {
	*httptest.ResponseRecorder
	set  int
	last time.Time
}

func (d *deadlines) SetWriteDeadline(at time.Time) error {
	d.set++
	d.last = at
	return nil
}

func TestAnIdleStreamHasNoDeadline(t *testing.T) {
	app, _ := newApp(t, config.Test, nil)
	w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	app.Get("/", func(c *dram.Context) error {
		return c.Stream("text/csv", func(out io.Writer) error {
			_, err := io.WriteString(out, "a")
			if w.set < 2 || !w.last.IsZero() {
				t.Errorf("deadline %v between two pieces, set %d times", w.last, w.set)
			}
			return err
		})
	})
	app.ServeHTTP(w, browser("GET", "/", nil))
}
