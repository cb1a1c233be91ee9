package front

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"strings"
	"testing"
	"time"

	h2 "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
)

// newHTTP2Site is a site whose client speaks HTTP/2.
func newHTTP2Site(t *testing.T, change func(*limits)) *site {
	t.Helper()
	s := newSite(t, change)
	c := certify(t, time.Hour, "example.org")
	s.secure(c)
	s.client = s.secureClient(true, c)
	return s
}

// secureRequest is request over https.
func (s *site) secureRequest(method, path string, body io.Reader) *http.Request {
	s.t.Helper()
	r := s.request(method, path, body)
	r.URL.Scheme, r.URL.Host, r.Host = "https", s.https, "example.org"
	return r
}

func TestHTTP2StreamsAsItComes(t *testing.T) {
	s := newHTTP2Site(t, nil)
	next, ended := make(chan string), make(chan struct{})
	s.add(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.(http.Flusher).Flush()
		for text := range next {
			io.WriteString(w, text)
			w.(http.Flusher).Flush()
		}
		<-r.Context().Done()
		close(ended)
	})
	ctx, leave := context.WithCancel(t.Context())
	resp, err := s.client.Do(s.secureRequest("GET", "/events", nil).WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	for _, text := range []string{"data: 1\n\n", "data: 2\n\n"} {
		next <- text
		got := make([]byte, len(text))
		if _, err := io.ReadFull(resp.Body, got); err != nil || string(got) != text {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	close(next)
	leave()
	await(t, "end of the request's context", ended)
	s.wantLog("/events", map[string]any{"status": 200, "reason": "client gone"})
}

// TestHTTP2RepeatsSafeRequests when a worker dies at one: it has no body.
func TestHTTP2RepeatsSafeRequests(t *testing.T) {
	s := newHTTP2Site(t, nil)
	deaths := dying(s, 2, 1, nothing)
	s.want(s.do(s.secureRequest("GET", "/", nil)), 200, "alive")
	if n := deaths.Load(); n != 1 {
		t.Errorf("%d deaths", n)
	}
}

// TestHTTP2Exchange sees everything that a request and its response may carry.
func TestHTTP2Exchange(t *testing.T) {
	s := newHTTP2Site(t, nil)
	s.add(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</a.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		body, err := io.ReadAll(r.Body)
		w.Header().Set("Trailer", "X-Sum")
		fmt.Fprintf(w, "%d %v %s %q", len(body), err, r.Trailer.Get("X-Request-Sum"), r.Header["Cookie"])
		w.Header().Set("X-Sum", "7")
	})
	var hints textproto.MIMEHeader
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(status int, h textproto.MIMEHeader) error {
		if status == http.StatusEarlyHints {
			hints = h
		}
		return nil
	}})
	r := s.secureRequest("PUT", "/", io.MultiReader(strings.NewReader(strings.Repeat("0123456789abcdef", 1<<18)))).WithContext(ctx)
	r.Trailer = http.Header{"X-Request-Sum": {"9"}}
	r.Header["Cookie"] = []string{"a=1; b=2"}
	got := s.do(r)
	s.want(got, 200, `4194304 <nil> 9 ["a=1; b=2"]`)
	if got.Trailer.Get("X-Sum") != "7" || hints.Get("Link") == "" {
		t.Errorf("trailer %v, hints %v", got.Trailer, hints)
	}
	if head := s.do(s.secureRequest("HEAD", "/", nil)); head.StatusCode != 200 || head.body != "" {
		t.Errorf("HEAD: %d %q", head.StatusCode, head.body)
	}
}

// TestHTTP2EarlyAnswer leaves the connection to the other streams when a body
// is refused.
func TestHTTP2EarlyAnswer(t *testing.T) {
	s := newHTTP2Site(t, func(l *limits) { l.body = 100_000 })
	s.add(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/refused" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		io.Copy(io.Discard, r.Body)
	})
	var conns []string
	do := func(path string, body io.Reader) int {
		t.Helper()
		r := s.secureRequest("POST", path, body)
		r = r.WithContext(httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { conns = append(conns, i.Conn.LocalAddr().String()) }}))
		resp, err := s.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	if got := do("/refused", &endless{left: 90_000}); got != 401 {
		t.Errorf("refused: %d", got)
	}
	if got := do("/", &endless{left: 1 << 20}); got != 413 {
		t.Errorf("too large: %d", got)
	}
	if got := do("/", strings.NewReader("small")); got != 200 {
		t.Errorf("then: %d", got)
	}
	for _, c := range conns {
		if c != conns[0] {
			t.Error("another connection was needed")
		}
	}
}

// endless is a body of a length that nobody is told.
type endless struct{ left int }

func (e *endless) Read(b []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := min(len(b), e.left)
	e.left -= n
	return n, nil
}

// frames is a client that says what a test wants.
type frames struct {
	t *testing.T
	*h2.Framer
	conn *tls.Conn
	head bytes.Buffer
	pack *hpack.Encoder
}

func (s *site) frames() *frames {
	s.t.Helper()
	return newFrames(s.t, s.dialTLS(&tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}))
}

// newFrames begins to speak HTTP/2 on a connection.
func newFrames(t *testing.T, conn *tls.Conn) *frames {
	f := &frames{t: t, conn: conn}
	io.WriteString(f.conn, h2.ClientPreface)
	f.Framer = h2.NewFramer(f.conn, bufio.NewReader(f.conn))
	f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	f.pack = hpack.NewEncoder(&f.head)
	f.WriteSettings()
	return f
}

// ask begins a stream.
func (f *frames) ask(stream uint32, end bool, method, path string) error {
	return f.fields(stream, end, []hpack.HeaderField{
		{Name: ":method", Value: method}, {Name: ":scheme", Value: "https"}, {Name: ":authority", Value: "example.org"}, {Name: ":path", Value: path},
	})
}

// fields sends HEADERS.
func (f *frames) fields(stream uint32, end bool, list []hpack.HeaderField) error {
	f.head.Reset()
	for _, field := range list {
		f.pack.WriteField(field)
	}
	return f.WriteHeaders(h2.HeadersFrameParam{StreamID: stream, BlockFragment: f.head.Bytes(), EndStream: end, EndHeaders: true})
}

// next reads up to a frame that is wanted.
func (f *frames) next(wanted func(h2.Frame) bool) (h2.Frame, error) {
	for {
		frame, err := f.ReadFrame()
		if err != nil || wanted(frame) {
			return frame, err
		}
		if s, ok := frame.(*h2.SettingsFrame); ok && !s.IsAck() {
			f.WriteSettingsAck()
		}
	}
}

// TestHTTP2Goodbye: a front that ends answers what it was asked, tells the
// client with GOAWAY, and closes no connection before.
func TestHTTP2Goodbye(t *testing.T) {
	s := newHTTP2Site(t, func(l *limits) { l.parting = patience })
	g := newGate(t)
	s.add(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			g.pass()
		}
		io.WriteString(w, "done")
	})
	f := s.frames()
	f.ask(1, true, "GET", "/slow")
	await(t, "request at the worker", g.entered)
	s.send(control.KindStop, control.Stop{Grace: patience, Linger: patience})
	until(t, "the front is stopping", s.front.stopping.Load)
	f.ask(3, true, "GET", "/late")
	last := uint32(0)
	done := map[uint32]bool{}
	for len(done) < 2 {
		frame, err := f.next(func(h2.Frame) bool { return true })
		if err != nil {
			t.Fatalf("ended with %v answered: %v", done, err)
		}
		switch frame := frame.(type) {
		case *h2.GoAwayFrame:
			last = frame.LastStreamID
			if frame.ErrCode != h2.ErrCodeNo {
				t.Errorf("goodbye with %v", frame.ErrCode)
			}
			g.release()
		case *h2.DataFrame:
			done[frame.StreamID] = done[frame.StreamID] || frame.StreamEnded()
		case *h2.SettingsFrame:
			if !frame.IsAck() {
				f.WriteSettingsAck()
			}
		}
	}
	if last < 3 {
		t.Errorf("the goodbye names stream %d as the last", last)
	}
}

// TestHTTP2RapidReset is CVE-2023-44487: who begins and resets streams without
// end occupies no more workers than one who waits for answers.
func TestHTTP2RapidReset(t *testing.T) {
	s := newHTTP2Site(t, nil)
	s.add(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/flood" {
			<-r.Context().Done()
		}
	})
	f := s.frames()
	go func() { // the server's frames must be read
		for {
			frame, err := f.ReadFrame()
			if err != nil {
				return
			}
			_ = frame
		}
	}()
	most := int64(0)
	for stream := uint32(1); stream < 20_000; stream += 2 {
		if f.ask(stream, true, "GET", "/flood") != nil || f.WriteRSTStream(stream, h2.ErrCodeCancel) != nil {
			break // it is ended
		}
		most = max(most, inFlight(s))
	}
	if most > maxStreams {
		t.Errorf("%d requests at once", most)
	}
	if got := s.do(s.secureRequest("GET", "/", nil)); got.StatusCode != 200 {
		t.Errorf("another client gets %d", got.StatusCode)
	}
	f.conn.Close()
	until(t, "nothing is left of it", func() bool { return inFlight(s) == 0 })
}

// TestHTTP2SlowClients: a body that stalls, and a response that nobody takes,
// end their streams, and no others.
func TestHTTP2SlowClients(t *testing.T) {
	s := newHTTP2Site(t, func(l *limits) { l.bodyPause, l.writePause = 50*time.Millisecond, 50*time.Millisecond })
	s.add(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/long" {
			w.Write(make([]byte, 1<<20))
			return
		}
		io.Copy(io.Discard, r.Body)
	})
	f := s.frames()
	f.ask(1, false, "POST", "/upload") // and no body
	frame, err := f.next(func(frame h2.Frame) bool { return frame.Header().StreamID == 1 })
	if h, ok := frame.(*h2.MetaHeadersFrame); !ok || h.PseudoValue("status") != "408" {
		t.Fatalf("a body that stalls: %v, %v", frame, err)
	}
	f.ask(3, true, "GET", "/long") // and no WINDOW_UPDATE
	frame, err = f.next(func(frame h2.Frame) bool {
		return frame.Header().Type == h2.FrameRSTStream && frame.Header().StreamID == 3
	})
	if err != nil {
		t.Fatalf("a response that nobody takes: %v, %v", frame, err)
	}
	f.ask(5, true, "HEAD", "/")
	frame, err = f.next(func(frame h2.Frame) bool { return frame.Header().StreamID == 5 })
	if h, ok := frame.(*h2.MetaHeadersFrame); !ok || h.PseudoValue("status") != "200" {
		t.Fatalf("another stream: %v, %v", frame, err)
	}
}

// TestHTTP2TakesNewTimes on all connections: those that are idle end by the
// new time, those with a request after its answer.
func TestHTTP2TakesNewTimes(t *testing.T) {
	s := newHTTP2Site(t, nil)
	g := newGate(t)
	s.add(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			g.pass()
		}
		io.WriteString(w, "served")
	})
	isPage := func(f h2.Frame) bool { return f.Header().Type == h2.FrameData }
	isGoodbye := func(f h2.Frame) bool { return f.Header().Type == h2.FrameGoAway }
	idle, silent, busy := s.frames(), s.frames(), s.frames()
	idle.ask(1, true, "GET", "/")
	if _, err := idle.next(isPage); err != nil {
		t.Fatal(err)
	}
	if _, err := silent.next(func(f h2.Frame) bool { return f.Header().Type == h2.FrameSettings }); err != nil {
		t.Fatal(err)
	}
	busy.ask(1, true, "GET", "/slow")
	await(t, "request at the worker", g.entered)
	s.reread = func(control.Settings) (*config.Config, error) {
		conf := config.Default(t.TempDir())
		conf.Server.KeepAlive = 20 * time.Millisecond
		return conf, nil
	}
	if faults := s.settle(true); faults != "" {
		t.Fatal(faults)
	}
	fresh := s.frames()
	for name, f := range map[string]*frames{"idle": idle, "without a request": silent, "new": fresh} {
		frame, err := f.next(isGoodbye)
		if err != nil {
			t.Errorf("a connection that is %s does not end by the new time: %v", name, err)
		} else if code := frame.(*h2.GoAwayFrame).ErrCode; code != h2.ErrCodeNo {
			t.Errorf("a connection that is %s ends with %v", name, code)
		}
	}
	g.release()
	if _, err := busy.next(isPage); err != nil {
		t.Errorf("a request from before: %v", err)
	}
	if _, err := busy.next(isGoodbye); err != nil {
		t.Errorf("its connection does not end by the new time: %v", err)
	}
}

// TestUpgradeOverTLS: a WebSocket goes through an encrypted HTTP/1.1
// connection; HTTP/2 has none, and says so by its silence about RFC 8441, so
// that browsers take the other.
func TestUpgradeOverTLS(t *testing.T) {
	s := newHTTP2Site(t, nil)
	s.add(func(w http.ResponseWriter, r *http.Request) {
		conn, both, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		fmt.Fprintf(both, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		both.Flush()
		io.Copy(conn, both)
	})
	conn := s.dialTLS(&tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
	fmt.Fprintf(conn, "GET /socket HTTP/1.1\r\nHost: example.org\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	in := bufio.NewReader(conn)
	resp, err := http.ReadResponse(in, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%v, %v", resp, err)
	}
	for _, text := range []string{"one\n", "two\n"} {
		io.WriteString(conn, text)
		if got, err := in.ReadString('\n'); got != text {
			t.Fatalf("%q, %v", got, err)
		}
	}
	conn.CloseWrite()
	if _, err := in.ReadByte(); errors.Is(err, os.ErrDeadlineExceeded) || err == nil {
		t.Errorf("after the end: %v", err)
	}
	f := s.frames()
	frame, err := f.next(func(f h2.Frame) bool { return f.Header().Type == h2.FrameSettings })
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := frame.(*h2.SettingsFrame).Value(h2.SettingEnableConnectProtocol); ok && v == 1 {
		t.Error("HTTP/2 offers extended CONNECT, which nobody serves")
	}
}

func inFlight(s *site) int64 {
	s.front.inFlight.mu.Lock()
	defer s.front.inFlight.mu.Unlock()
	return int64(s.front.inFlight.n)
}
