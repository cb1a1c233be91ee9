package front

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	h2 "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// TestConformanceOverTLS is TestConformance for clients of https, by HTTP/1.1
// and by HTTP/2.
func TestConformanceOverTLS(t *testing.T) {
	for _, c := range slices.Concat(conformRequests, conformResponses, conformBodies, conformEnds) {
		t.Run(c.name, func(t *testing.T) {
			one := func(t *testing.T, addr string, n *notes, done <-chan struct{}) exchanged {
				return c.converse(t, dialSecure(t, addr, "http/1.1"), n, done)
			}
			c.compare(t, c.onSecureNetHTTP(t, one), c.onSecureDram(t, one), "h1 over TLS")
			request := c.asStream()
			if request == nil {
				return // HTTP/2 cannot say it
			}
			two := func(t *testing.T, addr string, n *notes, done <-chan struct{}) exchanged {
				return c.stream(t, dialSecure(t, addr, "h2"), request, n, done)
			}
			c.inStreams().compare(t, c.onSecureNetHTTP(t, two), c.onSecureDram(t, two), "HTTP/2")
		})
	}
}

// inStreams is the case with what differs over HTTP/2, beside what does anyway.
func (c conformance) inStreams() *conformance {
	all := make(map[string]string)
	for part, why := range c.differs {
		all[part] = why
	}
	for part, why := range streamDiffers[c.name] {
		all[part] = why
	}
	c.differs = all
	return &c
}

// streamDiffers has the parts that are not the same over HTTP/2.
var streamDiffers = map[string]map[string]string{
	"line break in a value":         {"responses": asWorkers},
	"space around a value":          {"responses": asWorkers},
	"304":                           {"responses": asWorkers},
	"too much for the length":       {"responses": asWorkers, "seen": asWorkers},
	"too little for the length":     {"responses": asWorkers},
	"body":                          {"seen": asWorkers},
	"writer's abilities":            {"seen": asWorkers},
	"Transfer-Encoding: identity":   {"responses": asWorkers, "again": "a worker that ends its connection makes it GOAWAY"},
	"hijack for a response by hand": {"responses": asWorkers, "seen": asWorkers, "again": asWorkers},
	"hijack for chunks by hand":     {"responses": asWorkers, "seen": asWorkers, "again": asWorkers},
	"hijack and nothing":            {"seen": asWorkers},
}

const asWorkers = "a handler in a worker is answered as over HTTP/1.1, whatever the client speaks"

func dialSecure(t *testing.T, addr, protocol string) *tls.Conn {
	t.Helper()
	conn, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{protocol}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return conn
}

func (c *conformance) onSecureNetHTTP(t *testing.T, run func(*testing.T, string, *notes, <-chan struct{}) exchanged) exchanged {
	n, done := new(notes), make(chan struct{})
	server := httptest.NewUnstartedServer(c.wrapped(n, done))
	server.EnableHTTP2, server.Config.ErrorLog = true, log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Config.Close()
	return run(t, server.Listener.Addr().String(), n, done)
}

func (c *conformance) onSecureDram(t *testing.T, run func(*testing.T, string, *notes, <-chan struct{}) exchanged) exchanged {
	n, done := new(notes), make(chan struct{})
	s := newSite(t, nil)
	s.secure(streamCertificate(t))
	s.add(c.wrapped(n, done).ServeHTTP)
	return run(t, s.https, n, done)
}

func streamCertificate(t *testing.T) Certificate { return certify(t, time.Hour, "board.example") }

// streamRequest is a request as HTTP/2 has it.
type streamRequest struct {
	fields  []hpack.HeaderField
	body    []byte
	whole   bool // the body
	trailer []hpack.HeaderField
}

// asStream translates the request of a case, nil if that cannot be done.
func (c *conformance) asStream() *streamRequest {
	line, rest, _ := strings.Cut(c.request, "\n")
	parts := strings.Split(line, " ")
	if !strings.Contains(c.request, "Host:") {
		rest += "\nHost: board.example"
	}
	text := strings.ReplaceAll(line+"\n"+strings.TrimPrefix(rest, "\n")+"\n\n", "\n", "\r\n") + c.body
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
	if err != nil || len(parts) != 3 || r.ProtoMinor != 1 || r.Header["Connection"] != nil || r.Header["Te"] != nil || r.Header["Expect"] != nil || len(c.body) > 64<<10 || !strings.HasPrefix(parts[1], "/") {
		return nil // a body that is long needs a client that keeps to windows, and Expect is not told
	}
	out := &streamRequest{fields: []hpack.HeaderField{
		{Name: ":method", Value: r.Method}, {Name: ":scheme", Value: "https"}, {Name: ":authority", Value: r.Host}, {Name: ":path", Value: parts[1]},
	}}
	out.body, err = io.ReadAll(r.Body)
	out.whole = err == nil
	for name, values := range r.Header {
		for _, value := range values {
			if name == "Transfer-Encoding" {
				continue
			}
			out.fields = append(out.fields, hpack.HeaderField{Name: strings.ToLower(name), Value: value})
		}
	}
	slices.SortStableFunc(out.fields[4:], func(a, b hpack.HeaderField) int { return strings.Compare(a.Name, b.Name) })
	for name, values := range r.Trailer {
		for _, value := range values {
			out.trailer = append(out.trailer, hpack.HeaderField{Name: strings.ToLower(name), Value: value})
		}
	}
	return out
}

// stream sends a request over a connection and notes what becomes of it.
func (c *conformance) stream(t *testing.T, conn *tls.Conn, r *streamRequest, n *notes, done <-chan struct{}) (x exchanged) {
	f := newFrames(t, conn)
	// Before the window of the connection is opened, a long body does not fit.
	f.next(func(frame h2.Frame) bool { return frame.Header().Type == h2.FrameWindowUpdate })
	ends := r.whole && len(r.trailer) == 0
	f.fields(1, ends && len(r.body) == 0, r.fields)
	for left := r.body; len(left) > 0; {
		piece := left[:min(len(left), 16<<10)]
		left = left[len(piece):]
		f.WriteData(1, ends && len(left) == 0, piece)
	}
	if len(r.trailer) > 0 {
		f.fields(1, true, r.trailer)
	}
	if c.hangUp {
		until(t, "the handler has begun", func() bool { return slices.Contains(n.all(), "begun") })
		conn.Close()
		await(t, "end of the handler", done)
		x.Seen = n.all()
		return x
	}
	x.Responses = f.responses(1)
	f.ask(3, true, "GET", "/again")
	next := f.responses(3)
	x.Again = len(next) == 1 && next[0].Body == "again"
	if !c.unhandled {
		await(t, "end of the handler", done)
	}
	x.Seen = n.all()
	for i, line := range x.Seen {
		// net/http's server never says that there is none.
		x.Seen[i] = strings.Replace(line, "no body true", "no body false", 1)
	}
	return x
}

// responses reads all of one stream.
func (f *frames) responses(stream uint32) (all []got) {
	var last *got
	for {
		frame, err := f.next(func(frame h2.Frame) bool { return frame.Header().StreamID == stream })
		if err != nil {
			if last != nil {
				last.Cut = true
				all = append(all, *last)
			}
			return all
		}
		ended := false
		switch frame := frame.(type) {
		case *h2.MetaHeadersFrame:
			ended = frame.StreamEnded()
			h := make(http.Header)
			for _, field := range frame.RegularFields() {
				h.Add(field.Name, field.Value)
			}
			status, _ := strconv.Atoi(frame.PseudoValue("status"))
			switch {
			case last != nil:
				last.Trailer = h
			case status < 200:
				all = append(all, got{Status: fmt.Sprint(status), Header: own(h, "", status)})
			default:
				last = &got{Status: fmt.Sprint(status), Header: own(h, "", status)}
			}
		case *h2.DataFrame:
			ended = frame.StreamEnded()
			last.Body += string(frame.Data())
			if size := frame.Header().Length; size > 0 {
				f.WriteWindowUpdate(0, size)
				f.WriteWindowUpdate(stream, size)
			}
		case *h2.RSTStreamFrame:
			if last == nil {
				return all
			}
			last.Cut, ended = true, true
		}
		if ended {
			return append(all, *last)
		}
	}
}
