package front

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

// longBody is more than the kernel keeps between two ends that do not read.
const longBody = 24 << 20

// streamed writes a body in parts of no round size and tells when it has.
func streamed(done chan<- struct{}) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/long" {
			io.WriteString(w, "short")
			return
		}
		for i, left := 0, longBody; left > 0; i++ {
			part := part(i, min(left, 9999))
			if _, err := w.Write(part); err != nil {
				return
			}
			left -= len(part)
		}
		close(done)
	}
}

func part(i, size int) []byte { return bytes.Repeat([]byte{byte('a' + i%26)}, size) }

func wantStreamed(t *testing.T, body io.Reader) {
	t.Helper()
	got, err := io.ReadAll(body)
	if err != nil || len(got) != longBody {
		t.Fatalf("%d bytes of %d, %v", len(got), longBody, err)
	}
	for i := 0; len(got) > 0; i++ {
		n := min(len(got), 9999)
		if !bytes.Equal(got[:n], part(i, n)) {
			t.Fatalf("part %d is another", i)
		}
		got = got[n:]
	}
}

// slowly asks for the long body on a connection that takes little at once.
func (s *site) slowly() *net.TCPConn {
	s.t.Helper()
	conn := s.dial()
	if err := conn.SetReadBuffer(64 << 10); err != nil {
		s.t.Fatal(err)
	}
	io.WriteString(conn, "GET /long HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
	return conn
}

// soon takes clients for slow at once.
func soon(l *limits) { l.ahead.slow = time.Millisecond }

// TestASlowReaderKeepsNobodyBusy: who has made the response is done with it
// before the client has read any of it.
func TestASlowReaderKeepsNobodyBusy(t *testing.T) {
	for name, start := range map[string]func(*testing.T, http.HandlerFunc) *site{
		"worker": func(t *testing.T, h http.HandlerFunc) *site {
			s := newSite(t, soon)
			s.add(h)
			return s
		},
		"worker, by message": func(t *testing.T, h http.HandlerFunc) *site {
			s := newSite(t, func(l *limits) { soon(l); always(l) })
			s.add(h)
			s.openMessages()
			return s
		},
		"upstream": func(t *testing.T, h http.HandlerFunc) *site {
			return newSiteOf(t, mountedAt(t, "/", newOther(t, h)), soon)
		},
	} {
		t.Run(name, func(t *testing.T) {
			done := make(chan struct{})
			s := start(t, streamed(done))
			conn := s.slowly()
			await(t, "end of the handler", done)
			s.want(s.get("/"), 200, "short")
			wantStreamed(t, response200(t, conn).Body)
			s.wantLog("/long", map[string]any{"status": 200, "bytes": longBody})
			until(t, "the files are gone", func() bool { return s.front.proxy.ahead.Load() == 0 })
		})
	}
}

// response200 reads the head of a response.
func response200(t *testing.T, conn net.Conn) *http.Response {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%+v, %v", resp, err)
	}
	return resp
}

// TestWithoutRoomTheWorkerWaits, and the client gets all the same.
func TestWithoutRoomTheWorkerWaits(t *testing.T) {
	for name, change := range map[string]func(*testing.T, *limits){
		"for one":             func(_ *testing.T, l *limits) { l.ahead.each = 1 << 20 },
		"for all":             func(_ *testing.T, l *limits) { l.ahead.all = 1 << 20 },
		"because of the disk": func(t *testing.T, _ *limits) { t.Setenv("TMPDIR", "/nowhere") },
	} {
		t.Run(name, func(t *testing.T) {
			done := make(chan struct{})
			s := newSite(t, func(l *limits) { soon(l); change(t, l) })
			s.add(streamed(done))
			conn := s.slowly()
			resp := response200(t, conn)
			kept := &s.front.proxy.ahead
			if name != "because of the disk" {
				until(t, "something is kept", func() bool { return kept.Load() > 1<<19 })
			}
			wantStreamed(t, io.TeeReader(resp.Body, bounded(func() {
				if n := kept.Load(); n > 1<<20 {
					t.Errorf("%d bytes are kept", n)
				}
			})))
			await(t, "end of the handler", done)
			until(t, "the files are gone", func() bool { return kept.Load() == 0 })
		})
	}
}

// bounded checks something with each write.
type bounded func()

func (f bounded) Write(p []byte) (int, error) {
	f()
	return len(p), nil
}

// TestASlowReaderLeaves: nothing of what was kept stays.
func TestASlowReaderLeaves(t *testing.T) {
	for name, size := range map[string]int{"when all is kept": longBody, "in the middle": 1 << 40} {
		t.Run(name, func(t *testing.T) {
			ended := make(chan struct{})
			s := newSite(t, func(l *limits) { soon(l); l.ahead.each = longBody })
			s.add(func(w http.ResponseWriter, r *http.Request) {
				defer close(ended)
				for left := size; left > 0; left -= 1 << 20 {
					if _, err := w.Write(make([]byte, 1<<20)); err != nil {
						return
					}
				}
			})
			conn := s.slowly()
			until(t, "much is kept", func() bool { return s.front.proxy.ahead.Load() > longBody/3 })
			conn.SetLinger(0)
			conn.Close()
			await(t, "end of the handler", ended)
			s.wantLog("/long", map[string]any{"reason": "client gone"})
			until(t, "the files are gone", func() bool { return s.front.proxy.ahead.Load() == 0 })
		})
	}
}

// TestAWorkerDiesThatWasAhead: the client gets what had come, and learns that
// it is not all.
func TestAWorkerDiesThatWasAhead(t *testing.T) {
	s := newSite(t, soon)
	var me *fake
	died := make(chan struct{})
	me = s.add(func(w http.ResponseWriter, r *http.Request) {
		w.Write(make([]byte, longBody))
		_ = http.NewResponseController(w).Flush()
		me.kill()
		close(died)
	})
	conn := s.slowly()
	await(t, "death", died)
	body, err := io.ReadAll(response200(t, conn).Body)
	if !errors.Is(err, io.ErrUnexpectedEOF) || len(body) < longBody/2 {
		t.Errorf("%d bytes, %v", len(body), err)
	}
	s.wantLog("/long", map[string]any{"reason": "worker died in the response"})
}

// TestAStreamGoesOnAfterItsClientWasSlow: what comes later comes at once.
func TestAStreamGoesOnAfterItsClientWasSlow(t *testing.T) {
	ahead, steps := make(chan struct{}), make(chan int)
	s := newSite(t, soon)
	s.add(func(w http.ResponseWriter, r *http.Request) {
		w.Write(make([]byte, longBody))
		close(ahead)
		for i := range steps {
			fmt.Fprintln(w, "step", i)
			_ = http.NewResponseController(w).Flush()
		}
	})
	conn := s.slowly()
	await(t, "end of the first part", ahead)
	in := bufio.NewReader(response200(t, conn).Body)
	if _, err := io.CopyN(io.Discard, in, longBody); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		steps <- i
		if line, err := in.ReadString('\n'); err != nil || line != fmt.Sprintln("step", i) {
			t.Fatalf("%q, %v", line, err)
		}
	}
	close(steps)
	if _, err := in.ReadByte(); err != io.EOF {
		t.Error(err)
	}
}

// slowWriter takes its time now and then.
type slowWriter struct{ bytes.Buffer }

func (w *slowWriter) Write(p []byte) (int, error) {
	if rand.IntN(3) == 0 {
		time.Sleep(time.Duration(rand.IntN(300)) * time.Millisecond)
	}
	return w.Buffer.Write(p)
}

// slowReader has not all at once.
type slowReader struct{ io.Reader }

func (r slowReader) Read(p []byte) (int, error) {
	if rand.IntN(3) == 0 {
		time.Sleep(time.Duration(rand.IntN(100)) * time.Millisecond)
	}
	return r.Reader.Read(p[:1+rand.IntN(len(p))])
}

// TestAhead: whatever the times, the sizes and the room, what comes out is what
// went in, with the same end.
func TestAhead(t *testing.T) {
	ends := []error{io.EOF, errors.New("broken")}
	for i := range 200 {
		synctest.Test(t, func(t *testing.T) {
			want := make([]byte, rand.IntN(1<<20))
			for i := range want {
				want[i] = byte(rand.Uint32())
			}
			end := ends[i%2]
			p := newProxy(nil)
			rules := aheadRules{slow: 100 * time.Millisecond, memory: rand.Int64N(1 << 16), each: rand.Int64N(1 << 19), all: rand.Int64N(1 << 19)}
			a := p.newAhead(slowReader{io.MultiReader(bytes.NewReader(want), iotest.ErrReader(end))}, rules, nil, func() { t.Error("cut") })
			var got slowWriter
			chunk := make([]byte, 1+rand.IntN(1<<15))
			for {
				n, err := a.Read(chunk)
				a.write(&got, chunk[:n])
				if err != nil {
					if err != end {
						t.Errorf("ends with %v, want %v", err, end)
					}
					break
				}
			}
			a.close()
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%d bytes became %d, or others", len(want), got.Len())
			}
			if n := p.ahead.Load(); n != 0 {
				t.Errorf("%d bytes are left", n)
			}
		})
	}
}

// TestAheadIsClosedAtAnyTime: its goroutine ends.
func TestAheadIsClosedAtAnyTime(t *testing.T) {
	for range 200 {
		synctest.Test(t, func(t *testing.T) {
			p := newProxy(nil)
			r, w := io.Pipe()
			var writer sync.WaitGroup
			writer.Go(func() { _, _ = io.Copy(w, slowReader{rand.NewChaCha8([32]byte{})}) })
			var cut atomic.Bool
			a := p.newAhead(r, aheadRules{slow: time.Millisecond, memory: 1000, each: 100_000, all: 50_000}, nil, func() { cut.Store(true); r.Close() })
			chunk := make([]byte, 1000)
			for range rand.IntN(50) {
				n, _ := a.Read(chunk)
				a.write(new(slowWriter), chunk[:n])
			}
			a.close()
			r.Close()
			writer.Wait()
			if n := p.ahead.Load(); n != 0 {
				t.Errorf("%d bytes are left", n)
			}
		})
	}
}

// TestATimerThatComesTooLate finds that the write is over, and that the sender
// reads.
func TestATimerThatComesTooLate(t *testing.T) {
	a := newProxy(nil).newAhead(strings.NewReader("all"), aheadRules{slow: time.Hour}, nil, nil)
	defer a.close()
	for range 2 {
		a.write(io.Discard, nil)
	}
	a.run()
	if !a.reads() {
		t.Error("two read")
	}
	a.begin()
	a.run() // comes when the write lasts
	if a.reads() {
		t.Error("nobody reads ahead")
	}
	a.end()
}

// TestResponsesThatAreReadWholeHaveABound: beyond it they pass as they come.
func TestResponsesThatAreReadWholeHaveABound(t *testing.T) {
	half := func(gate *gate) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			w.Write(make([]byte, 500))
			_ = http.NewResponseController(w).Flush()
			gate.pass()
			w.Write(make([]byte, 500))
		}
	}
	for name, held := range map[string]int64{"below": 0, "at the bound": 10_000} {
		t.Run(name, func(t *testing.T) {
			gate := newGate(t)
			s := newSite(t, func(l *limits) { l.held = 10_000 })
			s.add(half(gate))
			counter := &s.front.proxy.held
			counter.Add(held)
			conn := s.dial()
			io.WriteString(conn, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
			await(t, "first half", gate.entered)
			if held == 0 {
				until(t, "the response is counted", func() bool { return counter.Load() == 1000 })
				gate.release()
			}
			body := response200(t, conn).Body // at the bound, its head comes before all is there
			gate.release()
			if n, err := io.Copy(io.Discard, body); n != 1000 || err != nil {
				t.Errorf("%d bytes, %v", n, err)
			}
			until(t, "the response counts no more", func() bool { return counter.Load() == held })
		})
	}
}

// TestWhatIsKeptCannotBeRead: the log blames no worker for it.
func TestWhatIsKeptCannotBeRead(t *testing.T) {
	s := newSite(t, nil)
	p := s.front.proxy
	a := p.newAhead(strings.NewReader("more than there is memory for"), aheadRules{slow: time.Hour, each: 1 << 20, all: 1 << 20}, nil, func() {})
	defer a.close()
	a.begin()
	a.running, a.over = true, make(chan struct{})
	close(a.over)
	for range 2 { // the first is no longer than memory has to be
		a.keep([]byte("octets"), nil)
	}
	a.end()
	a.kept.file.Close()
	if _, err := a.Read(make([]byte, 10)); !errors.Is(err, errKept) || p.whyCut(&handover{turn: &turn{id: "abc"}}, err) != "kept response unreadable" {
		t.Error(err)
	}
	s.logSays("a response that was kept for a slow client is lost")
}
