package front

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// notes is what a handler saw.
type notes struct {
	mu    sync.Mutex
	lines []string
}

func (n *notes) add(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lines = append(n.lines, fmt.Sprintf(format, args...))
}

func (n *notes) all() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.lines)
}

// conformance is a request and a handler whose effects must be the same on
// net/http's server and on a worker behind a front.
type conformance struct {
	name      string
	request   string // lines; Host is added
	body      string
	handler   func(w http.ResponseWriter, r *http.Request, n *notes)
	hangUp    bool // the client leaves when the handler has noted "begun"
	unhandled bool // the server answers by itself
	// differs names what is not the same, and why that is right.
	differs map[string]string
}

// exchanged is what a client got and what the handler saw.
type exchanged struct {
	Responses []got
	Again     bool // the connection took another request
	Seen      []string
}

// got is one response.
type got struct {
	Status  string
	Header  http.Header
	Body    string
	Cut     bool // the body ended early
	Trailer http.Header
	Close   bool
}

// serverOwn are fields that each server sets in its own way: the framing is
// compared by body, length and end.
var serverOwn = []string{"Date", "Content-Length", "X-Request-Id", "Connection", "Transfer-Encoding", "Trailer"}

func TestConformance(t *testing.T) {
	for _, c := range slices.Concat(conformRequests, conformResponses, conformBodies, conformEnds) {
		t.Run(c.name, func(t *testing.T) {
			want := c.onNetHTTP(t)
			c.compare(t, want, c.onDram(t, newLoop), "h1")
			c.compare(t, want, c.onDram(t, newLibrary), "net/http")
			c.compare(t, want, c.byMessage(t), "h1 and messages to the worker")
			c.mounted().compare(t, want, c.onMount(t), "h1 before an upstream")
		})
	}
}

// compare holds Dram's answer to net/http's but for the parts that differ.
func (c *conformance) compare(t *testing.T, want, got exchanged, engine string) {
	t.Helper()
	for part := range c.differs {
		switch part {
		case "responses":
			got.Responses, want.Responses = nil, nil
		case "again":
			got.Again, want.Again = false, false
			for i := range min(len(got.Responses), len(want.Responses)) {
				got.Responses[i].Close = want.Responses[i].Close
			}
		case "seen":
			got.Seen, want.Seen = nil, nil
		default:
			t.Fatalf("%s is no part", part)
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("net/http (-), Dram with the engine %s (+):\n%s", engine, d)
	}
}

func (c *conformance) onNetHTTP(t *testing.T) exchanged {
	n := new(notes)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	server := &http.Server{ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0), Handler: c.wrapped(n, done)}
	go server.Serve(l)
	defer server.Close()
	return c.run(t, l.Addr().String(), n, done)
}

func (c *conformance) onDram(t *testing.T, engine newEngine) exchanged {
	n := new(notes)
	done := make(chan struct{})
	s := newSite(t, func(l *limits) { l.engine = engine })
	s.add(c.wrapped(n, done).ServeHTTP)
	return c.run(t, s.addr, n, done)
}

// byMessage is onDram with a message connection to the worker.
func (c *conformance) byMessage(t *testing.T) exchanged {
	n := new(notes)
	done := make(chan struct{})
	s := newSite(t, always)
	s.add(c.wrapped(n, done).ServeHTTP)
	s.openMessages()
	return c.run(t, s.addr, n, done)
}

// wrapped is the handler of the case, and of the request that follows it.
func (c *conformance) wrapped(n *notes, done chan struct{}) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/again" {
			io.WriteString(w, "again")
			return
		}
		defer close(done)
		c.handler(w, r, n)
	})
}

func (c *conformance) run(t *testing.T, addr string, n *notes, done <-chan struct{}) exchanged {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(patience))
	return c.converse(t, conn, n, done)
}

// converse sends the request by HTTP/1.1 and notes what becomes of it.
func (c *conformance) converse(t *testing.T, conn net.Conn, n *notes, done <-chan struct{}) (x exchanged) {
	defer conn.Close()
	head := strings.Split(c.request, "\n")
	host := "Host: board.example\n"
	if strings.Contains(c.request, "HTTP/1.0") || strings.Contains(c.request, "Host:") {
		host = ""
	}
	rest := strings.Join(head[1:], "\n")
	if rest != "" {
		rest += "\n"
	}
	fmt.Fprint(conn, strings.ReplaceAll(head[0]+"\n"+host+rest+"\n", "\n", "\r\n")+c.body)
	if c.hangUp {
		until(t, "the handler has begun", func() bool { return slices.Contains(n.all(), "begun") })
		conn.Close()
		await(t, "end of the handler", done)
		x.Seen = n.all()
		return x
	}
	method, _, _ := strings.Cut(c.request, " ")
	r := bufio.NewReader(conn)
	x.Responses = readResponses(r, method)
	if len(x.Responses) > 0 && !x.Responses[len(x.Responses)-1].Close && !x.Responses[len(x.Responses)-1].Cut {
		fmt.Fprint(conn, "GET /again HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
		next := readResponses(r, "GET")
		x.Again = len(next) == 1 && next[0].Body == "again"
	}
	if !c.unhandled {
		await(t, "end of the handler", done)
	}
	x.Seen = n.all()
	return x
}

// readResponses reads up to the final response.
func readResponses(r *bufio.Reader, method string) (all []got) {
	for {
		resp, err := http.ReadResponse(r, &http.Request{Method: method})
		if err != nil {
			return all
		}
		one := got{Status: resp.Status, Header: own(resp.Header, method, resp.StatusCode), Close: resp.Close}
		if resp.StatusCode < 200 && resp.StatusCode != 101 {
			all = append(all, one)
			continue
		}
		if resp.StatusCode == 101 {
			one.Close = true
			b, _ := io.ReadAll(r)
			one.Body = string(b)
			return append(all, one)
		}
		b, err := io.ReadAll(resp.Body)
		one.Body, one.Cut = string(b), err != nil
		if len(resp.Trailer) > 0 {
			one.Trailer = maps.Clone(resp.Trailer)
		}
		return append(all, one)
	}
}

// own takes from h what each server sets in its own way.
func own(h http.Header, method string, status int) http.Header {
	for _, name := range serverOwn {
		if name == "Date" {
			if _, ok := h[name]; ok {
				h[name] = []string{"(a date)"}
			}
			continue
		}
		if name == "Content-Length" && (method == "HEAD" || status == 304) {
			continue // the whole point of it
		}
		delete(h, name)
	}
	return h
}

// word names an error such that both servers can be compared.
func word(err error) string {
	var large *http.MaxBytesError
	var net net.Error
	switch {
	case err == nil:
		return "ok"
	case err == io.EOF:
		return "EOF"
	case errors.As(err, &large):
		return "too large"
	case errors.Is(err, http.ErrBodyReadAfterClose), errors.Is(err, http.ErrContentLength), errors.Is(err, http.ErrBodyNotAllowed), errors.Is(err, http.ErrHijacked):
		return err.Error()
	case errors.As(err, &net) && net.Timeout():
		return "timeout"
	}
	return "other error"
}
