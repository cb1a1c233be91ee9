package front

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

func TestWatchLeavesOutTheTimeOfTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		w := newWatch(cancel)
		w.start(time.Second)
		time.Sleep(time.Second - 1)
		w.pause()
		time.Sleep(time.Hour) // the client's
		w.resume()
		time.Sleep(time.Second - 1)
		synctest.Wait()
		if ctx.Err() != nil {
			t.Fatal("cancelled in the time of the client")
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if ctx.Err() == nil || !w.stop() {
			t.Fatalf("not cancelled in time: %v", ctx.Err())
		}
	})
}

func TestWatchEndsWithTheResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		w := newWatch(cancel)
		w.start(time.Second)
		if w.stop() {
			t.Error("late at once")
		}
		w.pause() // a body that is still being read
		w.resume()
		time.Sleep(time.Hour)
		synctest.Wait()
		if ctx.Err() != nil {
			t.Error("a response was cut that had begun")
		}
	})
}

// TestAWatchIsUsedAgain: a timer of an attempt that is over ends no other one
// early, and none late.
func TestAWatchIsUsedAgain(t *testing.T) {
	for _, next := range []time.Duration{time.Second, 10 * time.Second, 100 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			w := newWatch(cancel)
			w.start(time.Second)
			time.Sleep(900 * time.Millisecond)
			if w.stop() {
				t.Error("late at once")
			}
			w.start(next)
			time.Sleep(next - 1)
			synctest.Wait()
			if ctx.Err() != nil {
				t.Error("cancelled by the attempt before")
			}
			time.Sleep(time.Nanosecond)
			synctest.Wait()
			if ctx.Err() == nil || !w.stop() {
				t.Errorf("not cancelled in time: %v", ctx.Err())
			}
			w.start(time.Second)
			w.close()
			time.Sleep(time.Hour) // a timer that is left would keep the connection
		})
	}
}

func TestNoLimitIsNoWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		w := newWatch(cancel)
		w.start(0)
		w.pause()
		w.resume()
		time.Sleep(time.Hour)
		if ctx.Err() != nil || w.stop() {
			t.Error("cancelled without a limit")
		}
	})
}

// TestAWorkerThatLeavesTheBodyUnreadIs504: the time for the response runs even
// if the request was never taken whole.
func TestAWorkerThatLeavesTheBodyUnreadIs504(t *testing.T) {
	const size = 4 << 20 // more than all buffers on the way hold
	for name, fields := range map[string]string{
		"waiting for 100": "Content-Length: 10\r\nExpect: 100-continue\r\n",
		"large":           fmt.Sprintf("Content-Length: %d\r\n", size),
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, func(l *limits) { l.answer = 50 * time.Millisecond })
			g := newGate(t)
			s.add(func(http.ResponseWriter, *http.Request) { g.pass() })
			c := s.dial()
			fmt.Fprintf(c, "POST /hung HTTP/1.1\r\nHost: h\r\n%s\r\n", fields)
			if name == "large" {
				go io.CopyN(c, zeros{}, size) // ends with the connection
			}
			resp, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil || resp.StatusCode != 504 || !resp.Close {
				t.Errorf("%+v, %v", resp, err)
			}
			s.wantLog("/hung", map[string]any{"status": 504, "reason": "worker timed out", "tries": 1})
		})
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }
