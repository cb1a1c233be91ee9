package h1

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// piped serves one connection in memory, under the clock of a bubble.
func piped(t *testing.T, o Options, handle func(*Exchange)) (client net.Conn, closed <-chan struct{}) {
	t.Helper()
	o.Log = slog.New(slog.DiscardHandler)
	server := New(o, handle)
	ours, theirs := net.Pipe()
	end := make(chan struct{})
	go func() {
		defer close(end)
		if err := server.ServeConn(halfPipe{ours}); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() {
		theirs.Close()
		<-end
		server.Close()
	})
	return theirs, end
}

// within wants something to take this long, by the clock of the bubble.
func within(t *testing.T, what string, want time.Duration, f func()) {
	t.Helper()
	begun := time.Now()
	f()
	if took := time.Since(begun); took != want {
		t.Errorf("%s took %v, want %v", what, took, want)
	}
}

func TestAClientThatSaysNothingIsLeftAfterTheTimeForAHead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, closed := piped(t, Options{}, handled(app))
		within(t, "silence", 10*time.Second, func() {
			if b, err := io.ReadAll(client); len(b) > 0 || err != nil {
				t.Errorf("%q, %v", b, err)
			}
		})
		<-closed
	})
}

func TestAnIdleConnectionEndsAfterKeepAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, closed := piped(t, Options{}, handled(app))
		in := bufio.NewReader(client)
		for range 3 {
			time.Sleep(5 * time.Second)
			io.WriteString(client, getHello)
			resp, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, resp.Body)
		}
		within(t, "idling", 75*time.Second, func() { <-closed })
	})
}

func TestADrippingHeadIs408(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, closed := piped(t, Options{}, handled(app))
		var dripping sync.WaitGroup
		dripping.Go(func() {
			for _, c := range []byte(getHello) {
				if _, err := client.Write([]byte{c}); err != nil {
					return
				}
				time.Sleep(900 * time.Millisecond)
			}
		})
		within(t, "dripping", 10*time.Second, func() {
			resp, err := http.ReadResponse(bufio.NewReader(client), nil)
			if err != nil || resp.StatusCode != http.StatusRequestTimeout {
				t.Errorf("%v, %v", resp, err)
			}
		})
		client.Close()
		<-closed
		dripping.Wait()
	})
}

// TestBodiesHaveALeastRate lets a client send first octets at once and then
// step octets a second.
func TestBodiesHaveALeastRate(t *testing.T) {
	for name, c := range map[string]struct {
		first, step, seconds int
		want                 time.Duration // until the failure, 0 for none
	}{
		"silence from the beginning":   {0, 0, 0, 10 * time.Second},
		"silence after much":           {240 * 100, 0, 0, 30 * time.Second},
		"silence after a little":       {240 * 5, 0, 0, 15 * time.Second},
		"dripping":                     {0, 1, 1000, 10 * time.Second},
		"too slow, but for long":       {240 * 5, 120, 1000, 29 * time.Second},
		"just fast enough":             {0, 240, 300, 0},
		"a long pause that was earned": {240 * 100, 10, 25, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				whole := c.first + c.step*c.seconds
				client, closed := piped(t, Options{}, func(x *Exchange) {
					begun := time.Now()
					n, err := io.Copy(io.Discard, x.Body())
					took := time.Since(begun).Truncate(time.Second)
					if c.want == 0 && (err != nil || n != int64(whole)) {
						t.Errorf("%d of %d octets, %v", n, whole, err)
					}
					if c.want > 0 && (!errors.Is(err, os.ErrDeadlineExceeded) || took != c.want) {
						t.Errorf("ended after %v with %v, want a timeout after %v", took, err, c.want)
					}
				})
				io.WriteString(client, "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ")
				if c.want > 0 {
					whole += 1000
				}
				io.WriteString(client, strconv.Itoa(whole)+"\r\n\r\n")
				go io.Copy(io.Discard, client)
				client.Write(make([]byte, c.first))
				for range c.seconds {
					time.Sleep(time.Second)
					if _, err := client.Write(make([]byte, c.step)); err != nil {
						break
					}
				}
				<-closed
			})
		})
	}
}

// TestResponsesHaveALeastRate lets a client take step octets of a large
// response each second.
func TestResponsesHaveALeastRate(t *testing.T) {
	for name, c := range map[string]struct {
		first, step int
		want        time.Duration // until the failure, 0 for none
	}{
		"taking nothing":            {0, 0, 10 * time.Second},
		"taking nothing after much": {240 * 100, 0, 70 * time.Second}, // seen after the first 10
		"dripping":                  {0, 1, 10 * time.Second},
		"fast enough":               {0, 300, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const size = 64 << 10
				client, closed := piped(t, Options{}, func(x *Exchange) {
					begun := time.Now()
					x.Start(200, http.Header{"Content-Length": {strconv.Itoa(size)}})
					_, err := x.Write(make([]byte, size))
					took := time.Since(begun).Truncate(time.Second)
					if c.want == 0 && err != nil {
						t.Error(err)
					}
					if c.want > 0 && (!errors.Is(err, os.ErrDeadlineExceeded) || took != c.want) {
						t.Errorf("ended after %v with %v, want a timeout after %v", took, err, c.want)
					}
				})
				io.WriteString(client, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
				var got bytes.Buffer
				io.CopyN(&got, client, int64(c.first))
				for c.step > 0 {
					if _, err := io.CopyN(&got, client, int64(c.step)); err != nil {
						break
					}
					time.Sleep(time.Second)
				}
				<-closed
				if c.want == 0 && strings.Count(got.String(), "\x00") != size {
					t.Errorf("%d octets", got.Len())
				}
			})
		})
	}
}

// halfPipe is a pipe whose end can be said, though nobody hears it.
type halfPipe struct{ net.Conn }

func (halfPipe) CloseWrite() error { return nil }

// TestLingeringEnds lets a client be silent, or send on, after the goodbye.
func TestLingeringEnds(t *testing.T) {
	for pause, want := range map[time.Duration]time.Duration{time.Hour: 2 * time.Second, 900 * time.Millisecond: 10800 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			client, closed := piped(t, Options{}, func(x *Exchange) { x.Last() })
			io.WriteString(client, getHello)
			if _, err := http.ReadResponse(bufio.NewReader(client), nil); err != nil {
				t.Error(err)
			}
			within(t, "lingering", want, func() {
				for {
					select {
					case <-closed:
						return
					case <-time.After(pause):
						io.WriteString(client, "x")
					}
				}
			})
		})
	}
}
