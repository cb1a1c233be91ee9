package wire

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// sockets returns both ends of a stream socketpair.
func sockets(t *testing.T) (a, b net.Conn) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	var ends [2]net.Conn
	for i, fd := range fds {
		f := os.NewFile(uintptr(fd), "data")
		if ends[i], err = net.FileConn(f); err != nil {
			t.Fatal(err)
		}
		f.Close()
		ends[i].SetDeadline(time.Now().Add(20 * time.Second))
		t.Cleanup(func() { ends[i].Close() })
	}
	return ends[0], ends[1]
}

// pair returns a front's and a worker's connection that have greeted.
func pair(t *testing.T) (front, worker *Conn) {
	t.Helper()
	a, b := sockets(t)
	buffers := NewBuffers()
	front, worker = NewConn(a, Front, buffers, 0), NewConn(b, Worker, buffers, 0)
	greeted := make(chan error, 1)
	go func() { greeted <- worker.Greet() }()
	if err := front.Greet(); err != nil {
		t.Fatal(err)
	}
	if err := <-greeted; err != nil {
		t.Fatal(err)
	}
	return front, worker
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestExchangesFollowEachOther(t *testing.T) {
	front, worker := pair(t)
	want := Request{
		Method: "POST", Target: "/a%2Fb?c=d", Host: "h", Major: 1, Minor: 1, Length: 4, Whole: true,
		Facts:  Facts{Client: "1.2.3.4:5", Scheme: "https", Files: "/a\x00/b", Remaining: 1500 * time.Millisecond, TLS: &TLS{Version: 772, Protocol: "h2"}},
		Header: http.Header{"Accept": {"*/*"}, "X-Odd": {"a", "b"}, "Cookie": {"c=d"}},
	}
	for n := uint16(1); n <= 3; n++ {
		sent, err := front.WriteRequest(&want, []byte("body"), true)
		if must(t, err); !sent {
			t.Error("nothing was sent")
		}
		var got Request
		ended, err := worker.ReadRequest(&got)
		must(t, err)
		if ended || !reflect.DeepEqual(got, want) || got.Exchange != n {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if b, err := io.ReadAll(worker); err != nil || string(b) != "body" {
			t.Errorf("body %q, %v", b, err)
		}
		must(t, worker.WriteResponse(&Response{Status: 103, Length: -1}, AppendField(nil, "Link", "</a>"), false))
		// The head goes out in the room before the body.
		buffer := append(make([]byte, Headroom), "page"...)
		must(t, worker.WriteHead(&Response{Status: 200, Length: -1}, AppendField(nil, "x-lower", "1"), buffer, Headroom, false))
		must(t, worker.WriteBody([]byte(" end"), false))
		must(t, worker.WriteTrailer(http.Header{"X-Sum": {"42"}}))
		var r Response
		must(t, front.ReadResponse(&r, "POST"))
		if r.Status != 103 || r.Header.Get("Link") != "</a>" {
			t.Errorf("got %+v", r)
		}
		must(t, front.ReadResponse(&r, "POST"))
		if r.Status != 200 || r.Length != -1 || r.Header.Get("X-Lower") != "1" {
			t.Errorf("got %+v", r)
		}
		if b, err := io.ReadAll(front); err != nil || string(b) != "page end" {
			t.Errorf("body %q, %v", b, err)
		}
		if front.Trailer().Get("X-Sum") != "42" || !front.Rested() {
			t.Errorf("trailer %v, rested %t", front.Trailer(), front.Rested())
		}
	}
	front.Close()
	if _, err := worker.ReadRequest(&want); err != io.EOF {
		t.Errorf("after the end: %v", err)
	}
}

// TestSizesAtTheLimits goes through all paths of buffers.
func TestSizesAtTheLimits(t *testing.T) {
	front, worker := pair(t)
	for _, size := range []int{0, 1, bufferSize - 1, bufferSize, bufferSize + 1, MaxBody - 1, MaxBody, MaxBody + 1, 5 * MaxBody} {
		for _, field := range []int{10, Headroom, bufferSize, 200 << 10} {
			text := bytes.Repeat([]byte("x"), size)
			done := make(chan error, 1)
			go func() {
				var r Request
				_, err := worker.ReadRequest(&r)
				if err == nil && len(r.Header.Get("X-Long")) != field {
					err = errors.New("field lost")
				}
				var b []byte
				if err == nil {
					b, err = io.ReadAll(worker)
				}
				if err == nil {
					buffer := append(make([]byte, Headroom), b...)
					err = worker.WriteHead(&Response{Status: 200, Length: int64(size)}, AppendField(nil, "X-Long", strings.Repeat("y", field)), buffer, Headroom, true)
				}
				done <- err
			}()
			first := text[:min(size, MaxBody)]
			ended := len(first) == size
			_, err := front.WriteRequest(&Request{Method: "PUT", Target: "/", Length: -1, Header: http.Header{"X-Long": {strings.Repeat("y", field)}}}, first, ended)
			must(t, err)
			if !ended {
				must(t, front.WriteBody(text[len(first):], true))
			}
			var r Response
			must(t, front.ReadResponse(&r, "PUT"))
			if b, err := io.ReadAll(front); err != nil || !bytes.Equal(b, text) || len(r.Header.Get("X-Long")) != field {
				t.Fatalf("size %d, field %d: %d bytes, field %d, %v", size, field, len(b), len(r.Header.Get("X-Long")), err)
			}
			must(t, <-done)
		}
	}
	if front.in.buffer != nil || worker.in.buffer != nil {
		t.Error("a connection at rest holds a buffer")
	}
}

func TestAConnectionThatWaitsHoldsNoBuffer(t *testing.T) {
	front, worker := pair(t)
	got := make(chan error, 1)
	go func() {
		_, err := worker.ReadRequest(new(Request))
		got <- err
	}()
	_, err := front.WriteRequest(&Request{Method: "GET", Target: "/"}, nil, true)
	must(t, err)
	must(t, <-got)
	if worker.in.buffer != nil {
		t.Error("it holds one while the request is handled")
	}
	worker.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	if _, err := worker.ReadRequest(new(Request)); !errors.Is(err, os.ErrDeadlineExceeded) || worker.in.buffer != nil {
		t.Errorf("%v, buffer %t", err, worker.in.buffer != nil)
	}
}

func TestUpgrade(t *testing.T) {
	front, worker := pair(t)
	_, err := front.WriteRequest(&Request{Method: "GET", Target: "/", Header: http.Header{"Upgrade": {"x"}}}, nil, true)
	must(t, err)
	_, err = worker.ReadRequest(new(Request))
	must(t, err)
	must(t, worker.WriteResponse(&Response{Status: 101, Length: -1}, nil, true))
	worker.Upgrade()
	_, err = worker.Write([]byte("to the front"))
	must(t, err)
	var r Response
	must(t, front.ReadResponse(&r, "GET"))
	_, err = front.Write([]byte("to the worker"))
	must(t, err)
	must(t, front.CloseWrite())
	if b, err := io.ReadAll(worker); err != nil || string(b) != "to the worker" {
		t.Errorf("%q, %v", b, err)
	}
	worker.Close()
	if b, err := io.ReadAll(front); err != nil || string(b) != "to the front" {
		t.Errorf("%q, %v", b, err)
	}
}

func TestAbort(t *testing.T) {
	front, worker := pair(t)
	_, err := front.WriteRequest(&Request{Method: "GET", Target: "/"}, nil, true)
	must(t, err)
	_, err = worker.ReadRequest(new(Request))
	must(t, err)
	must(t, worker.WriteAbort(AbortHandler, strings.Repeat("why", 1000)))
	var abort *Abort
	if err := front.ReadResponse(new(Response), "GET"); !errors.As(err, &abort) || !abort.Handler() || !strings.Contains(err.Error(), "why") {
		t.Errorf("got %v", err)
	}
}

// TestTheKernelTellsWhatWasRead is what the rules of repeating rest on.
func TestTheKernelTellsWhatWasRead(t *testing.T) {
	for name, c := range map[string]struct {
		read bool
		want error
	}{"unread": {false, syscall.ECONNRESET}, "read": {true, io.ErrUnexpectedEOF}} {
		t.Run(name, func(t *testing.T) {
			front, worker := pair(t)
			_, err := front.WriteRequest(&Request{Method: "GET", Target: "/"}, nil, true)
			must(t, err)
			if c.read {
				_, err := worker.ReadRequest(new(Request))
				must(t, err)
			}
			worker.Close()
			if err := front.ReadResponse(new(Response), "GET"); !errors.Is(err, c.want) || front.WasReset() == c.read {
				t.Errorf("got %v, reset %t", err, front.WasReset())
			}
			sent, err := front.WriteRequest(&Request{Method: "GET", Target: "/"}, nil, true)
			if sent || !errors.Is(err, syscall.EPIPE) {
				t.Errorf("write: sent %t, %v", sent, err)
			}
		})
	}
}

func TestTheOtherSideHangs(t *testing.T) {
	a, b := sockets(t)
	buffers := NewBuffers()
	front, worker := NewConn(a, Front, buffers, 0), NewConn(b, Worker, buffers, 20*time.Millisecond)
	greeted := make(chan error, 1)
	go func() { greeted <- front.Greet() }()
	must(t, worker.Greet())
	must(t, <-greeted)
	_, err := front.WriteRequest(&Request{Method: "GET", Target: "/", Length: -1}, nil, false)
	must(t, err)
	_, err = worker.ReadRequest(new(Request))
	must(t, err)
	if _, err := worker.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read: %v", err)
	}
	must(t, front.WriteBody([]byte("x"), true)) // it was slow only
	if b, err := io.ReadAll(worker); err != nil || string(b) != "x" {
		t.Errorf("%q, %v", b, err)
	}
	must(t, worker.WriteResponse(&Response{Status: 200, Length: -1}, nil, false))
	if err := worker.WriteBody(make([]byte, 4<<20), true); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("write: %v", err)
	}
}

func TestHangups(t *testing.T) {
	h, err := NewHangups()
	must(t, err)
	defer h.Close()
	told := make(chan string, 10)
	watch := func(name string) (front, worker *Conn, forget func()) {
		front, worker = pair(t)
		forget, err := h.Watch(worker, func() { told <- name })
		must(t, err)
		return front, worker, forget
	}
	closed, _, _ := watch("closed")
	half, _, _ := watch("half")
	forgotten, gone, forget := watch("forgotten")
	forget()
	gone.Close() // its number is free for the next
	busy, quiet, _ := watch("busy")
	_, err = busy.WriteRequest(&Request{Method: "GET", Target: "/"}, nil, true)
	must(t, err)
	_, err = quiet.ReadRequest(new(Request))
	must(t, err)
	forgotten.Close()
	for _, end := range []struct {
		name string
		end  func() error
	}{{"closed", closed.Close}, {"half", half.CloseWrite}, {"busy", busy.Close}} {
		must(t, end.end())
		if got := <-told; got != end.name {
			t.Errorf("%s is told, want %s", got, end.name)
		}
	}
	late, worker := pair(t)
	late.Close()
	_, err = h.Watch(worker, func() { told <- "late" })
	must(t, err)
	if got := <-told; got != "late" {
		t.Errorf("%s is told", got)
	}
	must(t, h.Close())
	if len(told) > 0 {
		t.Errorf("%s is told, too", <-told)
	}
}

// script is a connection whose other side says what is in it.
type script struct {
	net.Conn
	in   *bytes.Reader
	said *bytes.Buffer
}

func (s *script) Read(b []byte) (int, error)  { return s.in.Read(b) }
func (s *script) Write(b []byte) (int, error) { return s.said.Write(b) }
func (s *script) Close() error                { return nil }

func scripted(side Side, parts ...[]byte) *Conn {
	return NewConn(&script{in: bytes.NewReader(bytes.Join(parts, nil)), said: new(bytes.Buffer)}, side, NewBuffers(), 0)
}

// front reads all that a worker says on c. With whole it takes what is there
// already as one piece.
func readAsFront(c *Conn, method string, whole bool) (bodies []byte, err error) {
	if err := c.Greet(); err != nil {
		return bodies, err
	}
	for {
		if _, err := c.WriteRequest(&Request{Method: method, Target: "/"}, nil, true); err != nil {
			return bodies, err
		}
		var r Response
		for r.Status < 200 && r.Status != 101 {
			if err := c.ReadResponse(&r, method); err != nil {
				return bodies, err
			}
		}
		if whole {
			b, _ := c.Whole()
			bodies = append(bodies, b...)
		}
		b, err := io.ReadAll(c)
		bodies = append(bodies, b...)
		if err != nil || r.Status == 101 {
			return bodies, err
		}
	}
}

func readAsWorker(c *Conn) error {
	if err := c.Greet(); err != nil {
		return err
	}
	for {
		if _, err := c.ReadRequest(new(Request)); err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, c); err != nil {
			return err
		}
	}
}

func TestViolations(t *testing.T) {
	ok := Response{Exchange: 1, Status: 200, Length: -1}
	get := Request{Exchange: 1, Method: "GET", Target: "/"}
	worker, front := helloFrame(Worker, 1, 1), helloFrame(Front, 1, 1)
	raw := func(kind Kind, end bool, text string) []byte { return build(kind, end, []byte(text)) }
	head := func(kind Kind, n int) []byte { b := make([]byte, 4); putHeader(b, kind, false, n); return b }
	for name, c := range map[string]struct {
		side  Side // ours
		parts [][]byte
		want  string
	}{
		"HTTP":                   {Front, [][]byte{[]byte("HTTP/1.1 400 Bad Request\r\n")}, `first bytes are "HTTP"`},
		"no magic":               {Front, [][]byte{raw(KindHello, false, "GGG\n\x02\x01\x01\x00")}, "HELLO that begins"},
		"own side":               {Front, [][]byte{helloFrame(Front, 1, 1)}, "calls itself front too"},
		"no version":             {Front, [][]byte{helloFrame(Worker, 0, 0)}, "versions 0 to 0"},
		"version":                {Front, [][]byte{helloFrame(Worker, 3, 4)}, "worker speaks versions 3 to 4 of the gateway interface, this front 1 to 1"},
		"two hellos":             {Front, [][]byte{worker, worker}, "HELLO frame"},
		"body first":             {Front, [][]byte{worker, raw(KindBody, true, "x")}, "BODY frame"},
		"request of a worker":    {Front, [][]byte{worker, requestFrame(get, true)}, "REQUEST frame"},
		"wrong exchange":         {Front, [][]byte{worker, responseFrame(Response{Exchange: 2, Status: 200}, true)}, "response to request 2"},
		"status 99":              {Front, [][]byte{worker, responseFrame(Response{Exchange: 1, Status: 99}, true)}, "status 99"},
		"status 1000":            {Front, [][]byte{worker, responseFrame(Response{Exchange: 1, Status: 1000}, true)}, "status 1000"},
		"101 goes on":            {Front, [][]byte{worker, responseFrame(Response{Exchange: 1, Status: 101}, false)}, "101 without"},
		"interim ends":           {Front, [][]byte{worker, responseFrame(Response{Exchange: 1, Status: 103}, true)}, "informational"},
		"too many interim":       {Front, append([][]byte{worker}, bytes.SplitAfter(bytes.Repeat(responseFrame(Response{Exchange: 1, Status: 103, Length: -1}, false), MaxInform+1), nil)...), "more than 64"},
		"body of 204":            {Front, [][]byte{worker, responseFrame(Response{Exchange: 1, Status: 204, Length: -1}, false)}, "with a body"},
		"body missing":           {Front, [][]byte{worker, responseFrame(Response{Exchange: 1, Status: 200, Length: 5}, true)}, "no body"},
		"body too long":          {Front, [][]byte{worker, responseFrame(Response{Exchange: 1, Status: 200, Length: 5}, false), raw(KindBody, true, "123456")}, "more than the 5"},
		"body too short":         {Front, [][]byte{worker, responseFrame(Response{Exchange: 1, Status: 200, Length: 5}, false), raw(KindBody, true, "1234")}, "body of 4 bytes"},
		"trailer goes on":        {Front, [][]byte{worker, responseFrame(ok, false), build(KindTrailer, false, AppendEnd(nil))}, "TRAILER frame"},
		"rest after trailer":     {Front, [][]byte{worker, responseFrame(ok, false), raw(KindTrailer, true, "\x00x")}, "after the end"},
		"large body frame":       {Front, [][]byte{worker, responseFrame(ok, false), head(KindBody, MaxBody+1)}, "BODY frame of 65537 bytes"},
		"large head":             {Front, [][]byte{worker, head(KindResponse, MaxHead+1)}, "RESPONSE frame of 262145 bytes"},
		"unknown kind":           {Front, [][]byte{worker, raw(12, false, "")}, "kind 12 frame, which is unknown"},
		"large unknown kind":     {Front, [][]byte{worker, head(12|flagOptional, MaxSmall+1)}, "kind 12 frame of 4097 bytes"},
		"name with a space":      {Front, [][]byte{worker, raw(KindResponse, true, "\x00\x00\x01\x00\xc8\x00\x01\x03a b\x01c\x00")}, "field name"},
		"empty name":             {Front, [][]byte{worker, raw(KindResponse, true, "\x00\x00\x01\x00\xc8\x00\x01\x00\x01c\x00")}, "field name"},
		"name beyond the table":  {Front, [][]byte{worker, raw(KindResponse, true, "\x00\x00\x01\x00\xc8\x00\xff\x01c\x00")}, "code 255"},
		"value with a line feed": {Front, [][]byte{worker, raw(KindResponse, true, "\x00\x00\x01\x00\xc8\x00\x02\x03a\nb\x00")}, "has CR, LF or NUL"},
		"value beyond the end":   {Front, [][]byte{worker, raw(KindResponse, true, "\x00\x00\x01\x00\xc8\x00\x02\x09ab\x00")}, "value of 9 bytes"},
		"endless number":         {Front, [][]byte{worker, raw(KindResponse, true, "\x00\x00\x01\x00\xc8\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00")}, "no number"},
		"fields without end":     {Front, [][]byte{worker, raw(KindResponse, true, "\x00\x00\x01\x00\xc8\x00\x02\x01a")}, "field name is missing"},
		"too many fields":        {Front, [][]byte{worker, raw(KindResponse, true, "\x00\x00\x01\x00\xc8\x00"+strings.Repeat("\x02\x01a", MaxFields+1)+"\x00")}, "2049 fields"},
		"response of a front":    {Worker, [][]byte{front, responseFrame(ok, true)}, "RESPONSE frame"},
		"request in a request":   {Worker, [][]byte{front, requestFrame(Request{Exchange: 1, Method: "PUT", Target: "/", Length: -1}, false), requestFrame(get, true)}, "REQUEST frame"},
		"request twice":          {Worker, [][]byte{front, requestFrame(get, true), requestFrame(get, true)}, "request 1 where 2"},
		"no method":              {Worker, [][]byte{front, requestFrame(Request{Exchange: 1, Target: "/"}, true)}, "without method"},
		"length without body":    {Worker, [][]byte{front, requestFrame(Request{Exchange: 1, Method: "PUT", Target: "/", Length: 4}, true)}, "no body"},
		"abort of a front":       {Worker, [][]byte{front, raw(KindAbort, false, "\x01\x00")}, "ABORT frame"},
		"too many facts":         {Worker, [][]byte{front, raw(KindRequest, true, "\x00\x00\x01\x01G\x01/\x00\x11\x01"+strings.Repeat("\x03\x01x", MaxFacts+1)+"\x00\x00")}, "more than 64 facts"},
		"short TLS fact":         {Worker, [][]byte{front, raw(KindRequest, true, "\x00\x00\x01\x01G\x01/\x00\x11\x01\x08\x01x\x00\x00")}, "TLS fact"},
		"remaining for ever":     {Worker, [][]byte{front, raw(KindRequest, true, "\x00\x00\x01\x01G\x01/\x00\x11\x01\x07\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00\x00")}, "milliseconds"},
	} {
		t.Run(name, func(t *testing.T) {
			conn := scripted(c.side, c.parts...)
			read := func() error { _, err := readAsFront(conn, "GET", false); return err }
			if c.side == Worker {
				read = func() error { return readAsWorker(conn) }
			}
			err := read()
			var broken *ProtocolError
			var version *VersionError
			if !errors.As(err, &broken) && !errors.As(err, &version) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestWhatMayNotBeSent(t *testing.T) {
	got := AppendEnd(AppendFields(nil, http.Header{"X-Split": {"a\r\nSet-Cookie: b"}, "bad name": {"x"}, "": {"x"}}))
	in := reader{rest: string(got)}
	if h := in.fields(); in.end() != nil || !reflect.DeepEqual(h, http.Header{"X-Split": {"a  Set-Cookie: b"}}) {
		t.Errorf("%v, %v", h, in.fault)
	}
	front, worker := pair(t)
	large := http.Header{"X": {strings.Repeat("x", MaxHead)}}
	if sent, err := front.WriteRequest(&Request{Method: "GET", Target: "/", Header: large}, nil, true); sent || err == nil {
		t.Errorf("sent %t, %v", sent, err)
	}
	if err := worker.WriteResponse(&Response{Status: 200}, AppendFields(nil, large), true); err == nil {
		t.Error("a large head was sent")
	}
	if err := worker.WriteTrailer(large); err == nil {
		t.Error("a large trailer was sent")
	}
}

func TestTapRecordsWhatDumpReads(t *testing.T) {
	a, b := sockets(t)
	var sent, received bytes.Buffer
	buffers := NewBuffers()
	front, worker := NewConn(Tap(a, &sent, &received), Front, buffers, 0), NewConn(b, Worker, buffers, 0)
	go func() {
		if worker.Greet() == nil {
			worker.ReadRequest(new(Request))
			worker.WriteResponse(&Response{Status: 204, Length: -1}, nil, true)
		}
	}()
	must(t, front.Greet())
	_, err := front.WriteRequest(&Request{Method: "GET", Target: "/tapped"}, nil, true)
	must(t, err)
	must(t, front.ReadResponse(new(Response), "GET"))
	for want, from := range map[string]*bytes.Buffer{"GET /tapped": &sent, "204 No Content": &received} {
		var text bytes.Buffer
		if err := Dump(&text, from); err != nil || !strings.Contains(text.String(), want) {
			t.Errorf("%v, %s", err, &text)
		}
	}
}
