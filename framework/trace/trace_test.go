package trace

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// sink is a writer's other end in memory.
type sink struct {
	bytes.Buffer
	closed bool
}

func (s *sink) Close() error { s.closed = true; return nil }

func request(id string) Event { return Event{Request: &Request{ID: id, Status: 200}} }

func TestWriteAndRead(t *testing.T) {
	to := &sink{}
	w := NewWriter(to)
	want := []Event{
		{Request: &Request{
			ID: "a1", Method: "GET", Path: "/question/list/?q=<b>", Route: "question.list", Status: 500,
			Start: time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC), Duration: 1500 * time.Microsecond, Bytes: 5120, User: "7", Error: "no rows",
			Queries: []Query{{SQL: "SELECT 1\nFROM x", Args: []string{"'안녕'"}, Duration: time.Millisecond, Rows: -1, Caller: "store.go:12", Error: "locked"}},
			Renders: []Render{{Page: "question/list.html", Duration: 3}},
			Omitted: 2,
			Panic:   &Panic{Value: "boom", Frames: []Frame{{Func: "main.f", File: "/x/f.go", Line: 3}}},
		}},
		{Panic: &Panic{Value: "in the background", Frames: []Frame{{Func: "main.g", File: "/x/g.go", Line: 4}}}},
	}
	for _, e := range want {
		w.Send(e)
	}
	if err := w.Close(t.Context()); err != nil || !to.closed {
		t.Errorf("Close: %v, closed %v", err, to.closed)
	}
	if n := strings.Count(to.String(), "\n"); n != 2 {
		t.Errorf("%d lines:\n%s", n, to.String())
	}
	var got []Event
	for e, err := range Read(&to.Buffer) {
		if err != nil {
			t.Error(err)
		}
		got = append(got, e)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// TestGoldenLine: a dev server reads what an app of another build writes.
func TestGoldenLine(t *testing.T) {
	to := &sink{}
	w := NewWriter(to)
	w.Send(Event{Dropped: 3, Request: &Request{ID: "a", Method: "GET", Path: "/", Status: 200, Start: time.Unix(0, 0).UTC(), Duration: 5, Bytes: 6,
		Queries: []Query{{SQL: "SELECT 1", Duration: 7, Rows: 1}}}})
	if err := w.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := `{"dropped":3,"request":{"id":"a","method":"GET","path":"/","status":200,"start":"1970-01-01T00:00:00Z","duration":5,"bytes":6,"queries":[{"sql":"SELECT 1","duration":7,"rows":1}]}}` + "\n"
	if to.String() != want {
		t.Errorf("got  %s\nwant %s", to.String(), want)
	}
}

// TestSlowReader: the app never waits; what was dropped is counted in the next
// event that gets through.
func TestSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, to := io.Pipe()
		w := NewWriter(to)
		w.Send(request("first"))
		synctest.Wait() // it is in the middle of being written
		for i := range waiting + 5 {
			w.Send(request(fmt.Sprint(i)))
		}
		if got := w.Dropped(); got != 5 {
			t.Errorf("dropped %d, want 5", got)
		}
		var got []Event
		go func() {
			for e, err := range Read(r) {
				if err != nil {
					t.Error(err)
				}
				got = append(got, e)
			}
		}()
		synctest.Wait()
		w.Send(request("last"))
		if err := w.Close(t.Context()); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if len(got) != waiting+2 || got[0].Request.ID != "first" || got[waiting].Dropped != 0 ||
			got[waiting+1].Request.ID != "last" || got[waiting+1].Dropped != 5 || w.Dropped() != 0 {
			t.Errorf("%d events, the last %+v", len(got), got[len(got)-1])
		}
	})
}

func TestStuckReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, to := io.Pipe() // nobody reads
		w := NewWriter(to)
		w.Send(request("a"))
		w.Send(request("b"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := w.Close(ctx); err != nil {
			t.Error(err)
		}
		if got := w.Dropped(); got != 1 { // b; a was lost on the way
			t.Errorf("dropped %d", got)
		}
		w.Send(request("c")) // after Close: dropped
		if err := w.Close(t.Context()); err != nil || w.Dropped() != 2 {
			t.Errorf("after Close: %v, dropped %d", err, w.Dropped())
		}
	})
}

func TestReaderGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, to := io.Pipe()
		w := NewWriter(to)
		r.Close()
		for range 3 {
			w.Send(request("a"))
		}
		synctest.Wait()
		if got := w.Dropped(); got != 2 {
			t.Errorf("dropped %d", got)
		}
		if err := w.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestNilsTakeEverything(t *testing.T) {
	var w *Writer
	w.Send(request("a"))
	if err := w.Close(t.Context()); err != nil || w.Dropped() != 0 {
		t.Error("a nil Writer fails")
	}
	rec := FromContext(t.Context())
	rec.Query(Query{})
	rec.Render(Render{})
	var r Request
	rec.Fill(&r)
	if rec != nil || r.Queries != nil {
		t.Error("a nil Recorder keeps something")
	}
}

func TestReadSkipsStrangeLines(t *testing.T) {
	stream := "hello\n{}\n{\"request\":{\"id\":\"a\",\"news\":1}}\n"
	var got []string
	for e, err := range Read(io.MultiReader(strings.NewReader(stream), failing{})) {
		if err != nil {
			got = append(got, err.Error())
			continue
		}
		got = append(got, e.Request.ID)
	}
	want := []string{
		"trace: line 1: invalid character 'h' looking for beginning of value",
		"trace: line 2: neither a request nor a panic",
		"a",
		"trace: unplugged",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for range Read(strings.NewReader(stream)) {
		break
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("unplugged") }

func TestRecorder(t *testing.T) {
	rec := &Recorder{}
	ctx := NewContext(t.Context(), rec)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 150 {
				FromContext(ctx).Query(Query{SQL: strings.Repeat("한", maxText)})
				FromContext(ctx).Render(Render{Page: "p"})
			}
		})
	}
	wg.Wait()
	var r Request
	rec.Fill(&r)
	if len(r.Queries) != maxEntries || len(r.Renders) != maxEntries || r.Omitted != 200 {
		t.Errorf("%d queries, %d renders, %d omitted", len(r.Queries), len(r.Renders), r.Omitted)
	}
	if sql := r.Queries[0].SQL; len(sql) > maxText+3 || !strings.HasSuffix(sql, "한…") {
		t.Errorf("a long statement became %d bytes, …%q", len(sql), sql[len(sql)-6:])
	}
}

func explode() { panic(fmt.Sprint("boom", 1)) }

func TestNewPanic(t *testing.T) {
	var p *Panic
	func() {
		defer func() {
			if v := recover(); v != nil {
				p = NewPanic(v)
			}
		}()
		explode()
	}()
	if p.Value != "boom1" || !strings.HasSuffix(p.Frames[0].Func, ".explode") || !strings.HasSuffix(p.Frames[0].File, "trace_test.go") || p.Frames[0].Line == 0 {
		t.Errorf("%+v", p)
	}
	for _, f := range p.Frames {
		if strings.HasPrefix(f.Func, "runtime.gopanic") {
			t.Errorf("frames %+v", p.Frames)
		}
	}
	if len(p.Frames) > maxFrames {
		t.Errorf("%d frames", len(p.Frames))
	}
}

// TestPanicOfTheRuntime: the first frame is where the app went wrong.
func TestPanicOfTheRuntime(t *testing.T) {
	defer func() {
		p := NewPanic(recover())
		if !strings.HasSuffix(p.Frames[0].Func, ".TestPanicOfTheRuntime") || !strings.Contains(p.Value, "nil pointer") {
			t.Errorf("%+v", p)
		}
	}()
	var r *Request
	r.Status++
}

func TestDeepPanic(t *testing.T) {
	defer func() {
		if p := NewPanic(recover()); len(p.Frames) != maxFrames || !strings.Contains(p.Frames[0].Func, "dig") {
			t.Errorf("%d frames, first %+v", len(p.Frames), p.Frames[0])
		}
	}()
	dig(1000)
}

func dig(n int) int {
	if n == 0 {
		panic("deep")
	}
	return dig(n-1) + 1
}
