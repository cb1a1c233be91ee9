package load

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// run makes a load and judges it.
func run(t *testing.T, p Plan) *Report {
	t.Helper()
	l, err := Start(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	r, err := l.Wait()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// app is a server with a ledger.
func app(t *testing.T) *httptest.Server {
	mux := http.NewServeMux()
	mux.Handle("/count", &Ledger{Path: filepath.Join(t.TempDir(), "ledger")})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(IDField, r.Header.Get(IDField))
		io.WriteString(w, "hello")
	})
	s := httptest.NewUnstartedServer(mux)
	s.EnableHTTP2 = true
	s.Config.Protocols = &http.Protocols{}
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetHTTP2(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(s.Close)
	return s
}

func TestEveryKindOfLoadIsCounted(t *testing.T) {
	plain, secure := app(t), app(t)
	plain.Start()
	secure.StartTLS()
	for name, p := range map[string]Plan{
		"closed":          {URL: plain.URL},
		"open":            {URL: plain.URL, Rate: 5_000},
		"think":           {URL: plain.URL, Think: time.Microsecond},
		"new connections": {URL: plain.URL, New: true},
		"pipelines":       {URL: plain.URL, Pipeline: 7},
		"HTTP/2":          {URL: plain.URL, HTTP2: true, Streams: 3},
		"TLS":             {URL: secure.URL, AllowAnyCertificate: true},
		"TLS, new":        {URL: secure.URL, AllowAnyCertificate: true, New: true},
		"TLS, HTTP/2":     {URL: secure.URL, AllowAnyCertificate: true, HTTP2: true, Streams: 3},
	} {
		t.Run(name, func(t *testing.T) {
			const n = 200
			p.Requests, p.Connections, p.Contains = n, 4, "hello"
			p.Post, p.PostShare, p.PostSize, p.Ledger = "/count", 30, 500, "/count"
			p.Header = http.Header{"X-Own": {"1"}}
			r := run(t, p)
			if !r.OK() || r.Sent != n || r.Answered != n || r.Posts != n*3/10 || r.Ledger.Posts != n*3/10 ||
				r.Statuses[200] != n*7/10 || r.Statuses[204] != n*3/10 || r.Latency.P50 <= 0 || r.Latency.Max < r.Latency.P999 || len(r.Failures) > 0 {
				t.Errorf("%+v", r)
			}
			if p.New && r.Connections.Opened != n || !p.New && r.Connections.Opened > 4 {
				t.Errorf("%+v", r.Connections)
			}
		})
	}
}

// faulty is a server that treats each request as a function says, by its
// number on all connections together.
func faulty(t *testing.T, treat func(n int, conn net.Conn)) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	var n atomic.Int64
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				in := bufio.NewReader(conn)
				for {
					req, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					io.Copy(io.Discard, req.Body)
					treat(int(n.Add(1)), conn)
				}
			}()
		}
	}()
	return "http://" + l.Addr().String() + "/"
}

const fine = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

func reset(conn net.Conn) {
	conn.(*net.TCPConn).SetLinger(0)
	conn.Close()
}

func TestFailuresAreTold(t *testing.T) {
	for want, treat := range map[Failure]func(net.Conn){
		EOF:       func(c net.Conn) { c.Close() },
		Reset:     reset,
		Cut:       func(c net.Conn) { io.WriteString(c, fine[:len(fine)-1]); c.Close() },
		Malformed: func(c net.Conn) { io.WriteString(c, "SSH-2.0-OpenSSH\r\n\r\n"); c.Close() },
		Wrong:     func(c net.Conn) { io.WriteString(c, strings.Replace(fine, "hello", "olleh", 1)) },
		Timeout:   func(net.Conn) {},
	} {
		t.Run(string(want), func(t *testing.T) {
			url := faulty(t, func(n int, conn net.Conn) {
				if n == 3 {
					treat(conn)
				} else {
					io.WriteString(conn, fine)
				}
			})
			p := Plan{URL: url, Connections: 1, Requests: 6, Contains: "hello"}
			if want == Timeout {
				p.Timeout = 300 * time.Millisecond
			}
			r := run(t, p)
			if r.Failures[want] != 1 || len(r.Failures) != 1 || r.OK() || (r.Lost == 1) != want.Lost() || r.Sent != 6 {
				t.Errorf("failures %v (%v), %d lost, %d sent", r.Failures, r.Reasons, r.Lost, r.Sent)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	r := run(t, Plan{URL: s.URL, Connections: 1, Requests: 3})
	if r.Failures[Refused] != 3 || r.Lost != 3 || r.Answered != 0 {
		t.Errorf("%+v", r)
	}
}

// A goodbye, an end without one between two requests, and one in a pipeline.
func TestEndsOfConnections(t *testing.T) {
	const goodbye = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"
	url := faulty(t, func(n int, conn net.Conn) {
		switch n {
		case 2:
			io.WriteString(conn, goodbye)
			conn.Close()
		case 4:
			io.WriteString(conn, fine)
			conn.Close()
		default:
			io.WriteString(conn, fine)
		}
	})
	r := run(t, Plan{URL: url, Connections: 1, Requests: 6, Think: 50 * time.Millisecond})
	if want := (Connections{Opened: 3, Goodbye: 1, Dropped: 1}); !r.OK() || r.Connections != want {
		t.Errorf("%+v, want %+v; failures %v", r.Connections, want, r.Failures)
	}
	url = faulty(t, func(n int, conn net.Conn) {
		if n == 2 {
			io.WriteString(conn, goodbye)
			conn.Close()
		} else {
			io.WriteString(conn, fine)
		}
	})
	r = run(t, Plan{URL: url, Connections: 1, Requests: 5, Pipeline: 5})
	if !r.OK() || r.Resent != 3 || r.Answered != 5 {
		t.Errorf("%d sent again, %d answered, failures %v", r.Resent, r.Answered, r.Failures)
	}
}

// A request that was due while the only client waited has waited too.
func TestOpenModelCountsFromWhenARequestWasDue(t *testing.T) {
	const still = 300 * time.Millisecond
	url := faulty(t, func(k int, conn net.Conn) {
		if k == 50 {
			time.Sleep(still) // the server's, not the test's
		}
		io.WriteString(conn, fine)
	})
	r := run(t, Plan{URL: url, Connections: 1, Requests: 400, Rate: 1000})
	if r.Latency.P50 < still/10 || r.Late < still/2 || !r.OK() {
		t.Errorf("p50 %v, late %v", r.Latency.P50, r.Late)
	}
}

func TestLedgerTellsWhatNoClientSees(t *testing.T) {
	var mu sync.Mutex
	var counted []string
	n := 0
	mux := http.NewServeMux()
	mux.HandleFunc("POST /count", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		n++
		id := r.FormValue("id")
		switch n {
		case 2: // confirmed, not carried out
			return
		case 4: // carried out twice
			counted = append(counted, id)
		case 6: // carried out, said to have failed
			defer w.WriteHeader(http.StatusBadGateway)
		case 8: // carried out, and no answer
			defer panic(http.ErrAbortHandler)
		case 10: // nobody has asked for it
			counted = append(counted, strings.Split(id, "-")[0]+"-999")
		}
		counted = append(counted, id)
	})
	mux.HandleFunc("GET /count", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "another-run-1")
		for _, id := range counted {
			fmt.Fprintln(w, id)
		}
	})
	s := httptest.NewServer(mux)
	defer s.Close()
	r := run(t, Plan{URL: s.URL, Connections: 1, Requests: 12, Post: "/count", PostShare: 100, Ledger: "/count"})
	c := *r.Ledger
	if c.Missing != 1 || c.Duplicated != 1 || c.Refused != 1 || c.Unanswered != 1 || c.Strange != 1 || c.Posts != 11 || len(c.Examples) != 3 {
		t.Errorf("%+v", c)
	}
	if r.Lost != 2 || r.Duplicated != 1 || r.Wrong != 1 || r.Errors5xx() != 1 {
		t.Errorf("%d lost, %d duplicated, %d wrong, %d 5xx", r.Lost, r.Duplicated, r.Wrong, r.Errors5xx())
	}
}

func TestUnreadableLedgerIsAnError(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.URL.Path == "/ledger" {
			http.NotFound(w, r)
		}
	}))
	defer s.Close()
	l, err := Start(t.Context(), Plan{URL: s.URL, Requests: 4, Post: "/", Ledger: "/ledger"})
	if err != nil {
		t.Fatal(err)
	}
	r, err := l.Wait()
	if err == nil || !strings.Contains(err.Error(), "404 Not Found") || r == nil || r.Sent != 4 {
		t.Errorf("%v, %+v", err, r)
	}
}

func TestAnswerToAnotherRequestIsWrong(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(IDField)
		if strings.HasSuffix(id, "-3") {
			id = "x"
		}
		w.Header().Set(IDField, id)
	}))
	defer s.Close()
	if r := run(t, Plan{URL: s.URL, Requests: 10}); r.Wrong != 1 || r.Lost != 0 {
		t.Errorf("%d wrong, %d lost", r.Wrong, r.Lost)
	}
}

func TestStopWaitsForAnswers(t *testing.T) {
	reached, stopped := make(chan struct{}), make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(reached)
		<-stopped
		io.WriteString(w, "hello")
	}))
	defer s.Close()
	l, err := Start(t.Context(), Plan{URL: s.URL, Connections: 1, Duration: time.Hour, Contains: "hello"})
	if err != nil {
		t.Fatal(err)
	}
	<-reached
	l.Stop()
	close(stopped)
	if r, err := l.Wait(); err != nil || !r.OK() || r.Answered != 1 {
		t.Errorf("%v, %+v", err, r)
	}
}

// TestSlowClients has a server that loses its patience after some pieces, not
// after some time: the ordinary client beside them is never too slow for it.
func TestSlowClients(t *testing.T) {
	const pieces = 20
	page := strings.Repeat("x", 400)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, page) })
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		for range pieces {
			if _, err := r.Body.Read(make([]byte, 64)); err == io.EOF {
				return
			}
		}
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusRequestTimeout)
	})
	s := httptest.NewUnstartedServer(mux)
	s.Listener = impatient{s.Listener, pieces}
	s.Start()
	defer s.Close()
	for name, p := range map[string]Plan{
		"head": {SlowHead: 2}, "body": {SlowBody: 2, Post: "/"}, "read": {SlowRead: 2},
	} {
		p.URL, p.Connections, p.Duration, p.SlowPause = s.URL, 1, time.Hour, time.Millisecond
		l, err := Start(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		if !poll(func() bool { return l.slowEnds.Load() >= 2 }) {
			t.Errorf("slow %s: none has ended", name)
		}
		l.Stop()
		r, err := l.Wait()
		if err != nil || !r.OK() || r.Slow == nil {
			t.Fatalf("slow %s: %v, %+v", name, err, r)
		}
		if s := r.Slow; s.Begun < 2 || (s.Answered > 0) != (name == "read") || (s.Refused+s.Cut > 0) == (name == "read") {
			t.Errorf("slow %s: %+v", name, s)
		}
	}
}

// impatient is a listener whose connections end when single bytes have come in
// a row.
type impatient struct {
	net.Listener
	pieces int
}

func (l impatient) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return &impatientConn{Conn: conn, left: l.pieces}, err
}

type impatientConn struct {
	net.Conn
	left int
	head bool // whole
}

func (c *impatientConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.head = c.head || bytes.Contains(b[:n], []byte("\r\n\r\n"))
	if n == 1 && !c.head {
		if c.left--; c.left == 0 {
			c.Conn.Close()
		}
	}
	return n, err
}

// poll asks until the answer is yes.
func poll(yes func() bool) bool {
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if yes() {
			return true
		}
	}
	return false
}

func TestReport(t *testing.T) {
	s := app(t)
	s.Start()
	r := run(t, Plan{URL: s.URL, Requests: 2000, Post: "/count", Ledger: "/count", PIDs: []int{os.Getpid()}})
	var b strings.Builder
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"verdict     0 lost, 0 duplicated, 0 wrong\n", "requests    2,000 sent, 2,000 answered, ", "1,000 GET, 1,000 POST",
		"latency     p50 ", "status      200: 1,000  204: 1,000", "ledger      1,000 counted", "server ", " CPU per request", "closed model, 8 connections",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, &b)
		}
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(text, &back); err != nil || back.Server.End.RSS == 0 || back.Server.End.FDs == 0 || back.Statuses[200] != 1000 {
		t.Errorf("%v, %s", err, text)
	}
}

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 12: "12ns", 1234: "1.23µs", 123456: "123µs", 12345678: "12.3ms", 1234567890: "1.23s", 61 * time.Second: "1m1s",
	} {
		if got := short(d); got != want {
			t.Errorf("%d is %s, want %s", d, got, want)
		}
	}
	if got := count(1234567); got != "1,234,567" {
		t.Error(got)
	}
}

func TestUsageCountsChildren(t *testing.T) {
	u, err := Measure(1)
	if err != nil || u.Processes < 1 {
		t.Fatalf("%+v, %v", u, err)
	}
	p := parseStat("7 (a) b) Z 3 7 7 0 -1 0 0 0 0 0 5 6 7 8 20 0 1 0 1 2 3 4")
	if p == nil || p.parent != 3 || !p.zombie || p.cpu != 260*time.Millisecond || p.rss != 3*int64(os.Getpagesize()) {
		t.Errorf("%+v", p)
	}
	if parseStat("nonsense") != nil {
		t.Error("nonsense is a process")
	}
}

// TestStrangeCertificate is found before the first request, and named with the
// way out of it.
func TestStrangeCertificate(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of the handshake that the client ends
	defer server.Close()
	_, err := Start(t.Context(), Plan{URL: server.URL, Requests: 1})
	if err == nil || !strings.Contains(err.Error(), "proves nothing") || !strings.Contains(err.Error(), "allow-any-certificate") {
		t.Errorf("error %v", err)
	}
}
