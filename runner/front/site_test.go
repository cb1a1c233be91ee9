package front

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
	"github.com/dram-go/dram/runner/gateway"
	"github.com/dram-go/dram/runner/logqueue"
	"github.com/dram-go/dram/runner/wire"
)

// patience bounds what a test waits for; it ends a test that would hang.
const patience = 20 * time.Second

// site is a front in this process, with its master and its workers.
type site struct {
	t       *testing.T
	front   *front
	master  *control.Conn
	addr    string
	https   string // the address for it, with secure
	client  *http.Client
	said    chan control.Message // by the front
	mounted chan control.Message // likewise, about upstreams
	sockets []*os.File           // of both, with secure
	figures chan control.Message // likewise, of what it has counted
	logged  chan map[string]any  // lines of the access log
	ended   chan error
	cancel  context.CancelFunc

	revision uint64
	rows     []control.TableWorker
	wanted   int // workers, as the table says
	assets   *control.Assets
	closed   *control.Maintenance
	reread   func(control.Settings) (*config.Config, error) // other settings
}

// newSite starts a front as its child process would be and gives it a
// listener. change, if set, adjusts its limits.
func newSite(t *testing.T, change func(*limits)) *site {
	t.Helper()
	return newSiteOf(t, config.Default(t.TempDir()), change)
}

// newSiteOf is newSite with a configuration.
func newSiteOf(t *testing.T, conf *config.Config, change func(*limits)) *site {
	t.Helper()
	master, theirs, err := control.Pair()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := control.FromFile(theirs)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, master: master, said: make(chan control.Message, 100), figures: make(chan control.Message, 100), mounted: make(chan control.Message, 1000), logged: make(chan map[string]any, 1000), ended: make(chan error, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.reread = func(control.Settings) (*config.Config, error) { return conf, nil }
	announced := make(chan string, 2)
	s.front = makeFront(t, Options{
		Config: conf, Control: conn, Log: slog.New(slog.NewJSONHandler(lines(s.logged), nil)),
		Announce: func(addr string) { announced <- addr }, Lines: lineQueue(t, s.logged),
		Load: func(which control.Settings) (*config.Config, error) { return s.reread(which) },
	}, func(l *limits) {
		l.hold, l.lease = patience, time.Hour // no beats in most tests
		l.parting, l.handshake = 200*time.Millisecond, 5*time.Millisecond
		if change != nil {
			change(l)
		}
	})
	go func() { s.ended <- s.front.run(ctx) }()
	if them, err := master.Hello(control.Hello{Role: control.RoleMaster}); err != nil || them.Role != control.RoleFront {
		t.Fatalf("hello of the front %+v, %v", them, err)
	}
	go s.listen()
	s.send(control.KindListen, control.Listen{Addresses: []string{"127.0.0.1:0"}}, listenerFile(t))
	s.hear(control.KindReady, nil)
	s.addr = <-announced
	s.client = &http.Client{Transport: &http.Transport{}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(func() {
		s.client.CloseIdleConnections()
		cancel() // first: what the test has read of the front happens before its end
		select {
		case <-s.ended:
		case <-time.After(patience):
			t.Error("the front does not end")
		}
		master.Close()
	})
	return s
}

// makeFront makes a front whose limits, at the start and later, are changed.
func makeFront(t *testing.T, o Options, change func(*limits)) *front {
	t.Helper()
	f, err := newFront(o, func(c *config.Config) (*settings, error) {
		c.Log.Access = cmp.Or(c.Log.Access, "json") // for lines
		s, err := newSettings(c)
		if err == nil {
			change(&s.limits)
		}
		return s, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// lineQueue takes the access log to a test.
func lineQueue(t *testing.T, to lines) *logqueue.Queue {
	q := logqueue.New(to, 0, func(logqueue.Loss) {})
	t.Cleanup(func() { q.Close(patience) })
	return q
}

// opened is how a front that runs apart opens this listener alone.
func opened(l net.Listener) func(*config.Config) ([]Listener, []Certificate, error) {
	return func(*config.Config) ([]Listener, []Certificate, error) { return []Listener{{Listener: l}}, nil, nil }
}

func listenerFile(t *testing.T) *os.File {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// lines is a writer of JSON lines.
type lines chan map[string]any

func (l lines) Write(b []byte) (int, error) {
	for line := range bytes.Lines(b) {
		var m map[string]any
		if err := json.Unmarshal(line, &m); err != nil {
			return 0, err
		}
		select {
		case l <- m:
		default: // no test reads so many
		}
	}
	return len(b), nil
}

// listen takes what the front says to its master.
func (s *site) listen() {
	defer close(s.said)
	for {
		m, _, err := s.master.Receive()
		if err != nil {
			return
		}
		if m.Kind == control.KindMounted { // which may come at any time
			s.mounted <- m
			continue
		}
		if m.Kind == control.KindFigures {
			select {
			case s.figures <- m:
			default: // no test reads so many
			}
			continue
		}
		s.said <- m
	}
}

func (s *site) send(kind control.Kind, body any, files ...*os.File) {
	s.t.Helper()
	if err := s.master.Send(kind, body, files...); err != nil {
		s.t.Fatal(err)
	}
	for _, f := range files {
		f.Close()
	}
}

// hear wants the front's next message to be of this kind.
func (s *site) hear(kind control.Kind, body any) {
	s.t.Helper()
	select {
	case m, ok := <-s.said:
		if !ok || m.Kind != kind {
			s.t.Fatalf("the front says %q %s, want %s", m.Kind, m.Body, kind)
		}
		if body != nil {
			if err := m.Decode(body); err != nil {
				s.t.Fatal(err)
			}
		}
	case <-time.After(patience):
		s.t.Fatalf("the front does not say %s", kind)
	}
}

// log returns the access line of a path.
func (s *site) log(path string) map[string]any {
	s.t.Helper()
	return s.logWith("path", path)
}

// logWith waits for the access line with a value.
func (s *site) logWith(key, value string) map[string]any {
	s.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case line := <-s.logged:
			if line["msg"] == "request" && line[key] == value {
				return line
			}
		case <-deadline:
			s.t.Fatalf("no line about %s %s in the access log", key, value)
		}
	}
}

// wantLog compares fields of the access line of a path.
func (s *site) wantLog(path string, want map[string]any) {
	s.t.Helper()
	line := s.log(path)
	for key, value := range want {
		if n, ok := value.(int); ok {
			value = float64(n)
		}
		if line[key] != value {
			s.t.Errorf("log of %s says %s=%v, want %v; the line is %v", path, key, line[key], value, line)
		}
	}
}

// fake is a worker in this process: a server behind a link.
type fake struct {
	id     int
	server *gateway.Server
	links  *wire.Listener

	mu       sync.Mutex
	accepted []net.Conn
}

// Accept remembers the connections for cut.
func (w *fake) Accept() (net.Conn, error) {
	c, err := w.links.Accept()
	if err == nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.accepted = append(w.accepted, c)
	}
	return c, err
}

func (w *fake) Close() error   { return w.links.Close() }
func (w *fake) Addr() net.Addr { return w.links.Addr() }

// cut ends the connections without a word, while the link lives.
func (w *fake) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.accepted {
		c.Close()
	}
	w.accepted = nil
}

func (w *fake) connections() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.accepted)
}

// add makes a worker and puts it into the table.
func (s *site) add(h http.HandlerFunc) *fake {
	s.t.Helper()
	w := s.newFake(h)
	s.table(s.link(w))
	return w
}

func (s *site) newFake(h http.HandlerFunc) *fake {
	w := &fake{id: len(s.rows) + 1, links: wire.NewListener()}
	server, err := gateway.NewServer(h, slog.New(slog.DiscardHandler))
	if err != nil {
		s.t.Fatal(err)
	}
	w.server = server
	go server.Serve(w)
	s.t.Cleanup(w.kill)
	return w
}

// link adds a row for a worker and returns the front's end of its link.
func (s *site) link(w *fake) *os.File {
	s.t.Helper()
	ours, theirs, err := wire.Pair()
	if err != nil {
		s.t.Fatal(err)
	}
	link, err := wire.NewLink(theirs)
	if err != nil {
		s.t.Fatal(err)
	}
	w.links.Add(link)
	s.rows = append(s.rows, control.TableWorker{ID: w.id, State: control.WorkerReady, NewLink: true})
	return ours
}

// kill ends a worker as SIGKILL does: everything it had is closed.
func (w *fake) kill() {
	w.links.Close()
	w.server.Close()
}

// table sends the rows as they are and waits until they hold.
func (s *site) table(files ...*os.File) {
	s.t.Helper()
	s.sendTable(files...)
	var ack control.Ack
	if s.hear(control.KindAck, &ack); ack.Revision != s.revision {
		s.t.Fatalf("ack of %d, want %d", ack.Revision, s.revision)
	}
}

func (s *site) sendTable(files ...*os.File) {
	s.t.Helper()
	s.revision++
	s.send(control.KindTable, control.Table{Revision: s.revision, Workers: s.rows, Wanted: s.wanted, Assets: s.assets, Maintenance: s.closed}, files...)
	for i := range s.rows {
		s.rows[i].NewLink = false
	}
}

// request makes a request to the front.
func (s *site) request(method, path string, body io.Reader) *http.Request {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, "http://"+s.addr+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

// reply is a response, read whole.
type reply struct {
	*http.Response
	body string
	err  error // of reading the body
}

func (s *site) do(r *http.Request) reply {
	s.t.Helper()
	resp, err := s.client.Do(r)
	if err != nil {
		s.t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
		return reply{Response: &http.Response{Header: http.Header{}}, err: err}
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return reply{resp, string(b), err}
}

func (s *site) get(path string) reply {
	s.t.Helper()
	return s.do(s.request("GET", path, nil))
}

// want compares status and body.
func (s *site) want(r reply, status int, body string) {
	s.t.Helper()
	if r.StatusCode != status || r.body != body || r.err != nil {
		s.t.Errorf("got %d %q %v, want %d %q", r.StatusCode, r.body, r.err, status, body)
	}
}

// dial connects to the front for a conversation by hand.
func (s *site) dial() *net.TCPConn {
	s.t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return c.(*net.TCPConn)
}

// text is a handler that answers with its text.
func text(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) }
}

// gate lets a handler wait for its test.
type gate struct {
	entered, open chan struct{}
	once          sync.Once
}

func newGate(t *testing.T) *gate {
	g := &gate{entered: make(chan struct{}, 100), open: make(chan struct{})}
	t.Cleanup(g.release) // before the front is ended, which is registered earlier
	return g
}

func (g *gate) pass() {
	g.entered <- struct{}{}
	<-g.open
}

func (g *gate) release() { g.once.Do(func() { close(g.open) }) }

// await waits for something a test cannot go on without.
func await[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("no %s", what)
		panic("unreachable")
	}
}

// until polls for something that happens soon, but on its own.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !done() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never: %s", what)
		}
	}
}
