package front

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestALargeBodyIsRefused(t *testing.T) {
	s := newSite(t, func(l *limits) { l.body = 100_000 })
	var runs atomic.Int32
	s.add(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		if err == nil || r.URL.Path == "/length" {
			runs.Add(1)
		}
		fmt.Fprint(w, n)
	})
	large := strings.Repeat("x", 100_001)
	for name, body := range map[string]io.Reader{
		"length": strings.NewReader(large), "chunked": struct{ io.Reader }{strings.NewReader(large)},
	} {
		if r := s.do(s.request("POST", "/"+name, body)); r.StatusCode != 413 {
			t.Errorf("%s: %d", name, r.StatusCode)
		}
		s.wantLog("/"+name, map[string]any{"status": 413, "reason": "body too large"})
	}
	if n := runs.Load(); n != 0 {
		t.Errorf("a worker got %d bodies that are too large", n)
	}
	s.want(s.do(s.request("POST", "/", strings.NewReader(large[1:]))), 200, "100000")
	if w := s.front.table.current.Load().ready[0]; w.suspected() {
		t.Error("a client's fault made the worker suspect")
	}
}

func TestASlowBodyIsEnded(t *testing.T) {
	for name, length := range map[string]string{"small": "Content-Length: 10", "streamed": "Content-Length: 100000", "chunked": "Transfer-Encoding: chunked"} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, func(l *limits) { l.bodyPause = 20 * time.Millisecond })
			s.add(func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) })
			c := s.dial()
			fmt.Fprintf(c, "POST /slow HTTP/1.1\r\nHost: h\r\n%s\r\n\r\n1\r\nx\r\n", length)
			all, err := io.ReadAll(c)
			if err != nil || !strings.HasPrefix(string(all), "HTTP/1.1 408") {
				t.Errorf("got %q, %v", all, err)
			}
			s.wantLog("/slow", map[string]any{"status": 408, "reason": "body too slow"})
		})
	}
}

func TestABodyCutByItsClient(t *testing.T) {
	for name, length := range map[string]int{"small": 10, "streamed": 100_000} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, nil)
			s.add(func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) })
			c := s.dial()
			fmt.Fprintf(c, "POST /cut HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\nx", length)
			c.CloseWrite()
			s.wantLog("/cut", map[string]any{"status": 499, "reason": "client gone"})
		})
	}
}

func TestABadChunkIs400(t *testing.T) {
	s := newSite(t, nil)
	s.add(func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) })
	c := s.dial()
	fmt.Fprintf(c, "POST /bad HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || resp.StatusCode != 400 {
		t.Errorf("%+v, %v", resp, err)
	}
}

// TestTheRestOfABodyIsNoRequest: a response before the end of the body must
// end the connection, or the body would be read as requests.
func TestTheRestOfABodyIsNoRequest(t *testing.T) {
	s := newSite(t, nil)
	var smuggled atomic.Int32
	s.add(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/smuggled" {
			smuggled.Add(1)
		}
		if r.Header.Get("X-Duplex") != "" {
			http.NewResponseController(w).EnableFullDuplex()
		}
		http.Error(w, "no", http.StatusUnauthorized)
	})
	inner := "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"
	for name, framing := range map[string]string{
		"length":      fmt.Sprintf("Content-Length: %d\r\n\r\n", 300_000+len(inner)),
		"full duplex": fmt.Sprintf("X-Duplex: 1\r\nContent-Length: %d\r\n\r\n", 300_000+len(inner)),
		"chunked":     "X-Duplex: 1\r\nTransfer-Encoding: chunked\r\n\r\n186a0\r\n",
	} {
		c := s.dial()
		fmt.Fprintf(c, "POST /upload HTTP/1.1\r\nHost: h\r\n%s", framing)
		r := bufio.NewReader(c)
		first := head(t, r)
		if !strings.HasPrefix(first, "HTTP/1.1 401") || !strings.Contains(first, "Connection: close") {
			t.Errorf("%s: got %q", name, first)
		}
		fmt.Fprint(c, strings.Repeat("x", 100_000), "\r\n", inner) // at each place where a rest could end
		fmt.Fprint(c, strings.Repeat("x", 200_000), inner)
		c.CloseWrite()
		io.Copy(io.Discard, r)
	}
	if n := smuggled.Load(); n != 0 {
		t.Errorf("%d requests from within a body", n)
	}
}

func TestAWorkerThatDiesInAnUploadDoesNotWaitForTheClient(t *testing.T) {
	s := newSite(t, nil)
	var w *fake
	w = s.newFake(func(_ http.ResponseWriter, r *http.Request) {
		io.ReadFull(r.Body, make([]byte, 1))
		w.kill()
	})
	s.table(s.link(w))
	c := s.dial()
	fmt.Fprintf(c, "POST /upload HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nx")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || resp.StatusCode != 502 || !resp.Close {
		t.Errorf("%+v, %v", resp, err)
	}
}

// TestConnectionsStayOpen after all kinds of requests that were read whole.
func TestConnectionsStayOpen(t *testing.T) {
	s := newSite(t, nil)
	s.add(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	c := s.dial()
	r := bufio.NewReader(c)
	for i, request := range []string{
		"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody",
		"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 70000\r\n\r\n" + strings.Repeat("x", 70_000),
		"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
	} {
		fmt.Fprint(c, request)
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		_, err = io.Copy(io.Discard, resp.Body)
		if err != nil || resp.Close {
			t.Errorf("request %d: close %v, %v", i, resp.Close, err)
		}
	}
}
