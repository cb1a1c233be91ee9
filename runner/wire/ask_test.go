package wire

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// answerer answers requests with their bodies until the front is gone.
func answerer(worker *Conn, pause func()) <-chan error {
	done := make(chan error, 1)
	go func() {
		for {
			var r Request
			if _, err := worker.ReadRequest(&r); err != nil {
				done <- err
				return
			}
			pause()
			body, err := io.ReadAll(worker)
			if err == nil {
				err = worker.WriteHead(&Response{Status: 200, Length: int64(len(body))}, nil, body, 0, true)
			}
			if err != nil {
				done <- err
				return
			}
		}
	}()
	return done
}

// TestAsk sends bodies of all sizes, also such as the kernel does not take at
// once, so that asking falls back to writing and reading.
func TestAsk(t *testing.T) {
	a, b := sockets(t)
	for _, end := range []syscall.Conn{a.(syscall.Conn), b.(syscall.Conn)} {
		raw, err := end.SyscallConn()
		must(t, err)
		must(t, raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF, 4096) }))
		must(t, err)
	}
	front, worker := greeted(t, a, b)
	pauses := 0
	done := answerer(worker, func() {
		if pauses++; pauses%2 == 0 {
			time.Sleep(time.Millisecond) // the front is waiting by then, most times
		}
	})
	for _, size := range []int{0, 0, 1, 100, 5000, 60_000, 64 << 10, 0, 10} {
		for range 20 {
			body := bytes.Repeat([]byte("b"), size)
			sent, err := front.Ask(&Request{Method: "POST", Target: "/", Length: int64(size)}, body)
			if !sent || err != nil {
				t.Fatal(sent, err)
			}
			var r Response
			must(t, front.ReadResponse(&r, "POST"))
			got, err := io.ReadAll(front)
			if err != nil || !bytes.Equal(got, body) || !front.Rested() {
				t.Fatalf("%d bytes of %d, %v", len(got), size, err)
			}
		}
	}
	front.Close()
	if err := <-done; err != io.EOF {
		t.Error(err)
	}
}

// greeted returns a front's and a worker's connection that have greeted.
func greeted(t *testing.T, a, b net.Conn) (front, worker *Conn) {
	t.Helper()
	buffers := NewBuffers()
	front, worker = NewConn(a, Front, buffers, 0), NewConn(b, Worker, buffers, 0)
	said := make(chan error, 1)
	go func() { said <- worker.Greet() }()
	must(t, front.Greet())
	must(t, <-said)
	return front, worker
}

// TestAskTellsWhatTheKernelTells is what the rules of repeating rest on.
func TestAskTellsWhatTheKernelTells(t *testing.T) {
	for name, c := range map[string]struct {
		read bool
		want error
	}{"unread": {false, syscall.ECONNRESET}, "read": {true, io.ErrUnexpectedEOF}} {
		t.Run(name, func(t *testing.T) {
			front, worker := pair(t)
			go func() {
				if c.read {
					_, _ = worker.ReadRequest(new(Request)) // front.Ask waits
				} else {
					awaitInput(t, worker)
				}
				worker.Close()
			}()
			sent, err := front.Ask(&Request{Method: "GET", Target: "/"}, nil)
			if !sent || err != nil {
				t.Errorf("sent %t, %v", sent, err)
			}
			if err := front.ReadResponse(new(Response), "GET"); !errors.Is(err, c.want) || front.WasReset() == c.read {
				t.Errorf("got %v, reset %t", err, front.WasReset())
			}
			sent, err = front.Ask(&Request{Method: "GET", Target: "/"}, nil)
			if sent || !errors.Is(err, syscall.EPIPE) {
				t.Errorf("ask again: sent %t, %v", sent, err)
			}
			front.Close()
			sent, err = front.Ask(&Request{Method: "GET", Target: "/"}, nil)
			if sent || err == nil {
				t.Errorf("ask when closed: sent %t, %v", sent, err)
			}
		})
	}
}

// awaitInput waits until something can be read, without reading it.
func awaitInput(t *testing.T, c *Conn) {
	err := c.raw.Read(func(fd uintptr) bool {
		_, _, err := unix.Recvfrom(int(fd), make([]byte, 1), unix.MSG_PEEK)
		return err != unix.EAGAIN
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAskIsCutByClose(t *testing.T) {
	front, worker := pair(t)
	go func() {
		_, _ = worker.ReadRequest(new(Request))
		front.Close()
	}()
	if sent, err := front.Ask(&Request{Method: "GET", Target: "/"}, nil); !sent || err != nil {
		t.Errorf("sent %t, %v", sent, err)
	}
	if err := front.ReadResponse(new(Response), "GET"); err == nil {
		t.Error("a response of nobody")
	}
}

func TestAskKeepsADeadline(t *testing.T) {
	front, _ := pair(t)
	must(t, front.SetReadDeadline(time.Now().Add(time.Millisecond)))
	_, _ = front.Ask(&Request{Method: "GET", Target: "/"}, nil) // the time may be over before
	if err := front.ReadResponse(new(Response), "GET"); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
}
