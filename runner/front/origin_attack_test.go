package front

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// newKeeping starts a server that answers every request of a connection with
// what say returns, in one write.
func newKeeping(t *testing.T, say func(r *http.Request) string) string {
	return newUpstream(t, func(conn net.Conn) {
		for in := bufio.NewReader(conn); ; {
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			if _, err := io.WriteString(conn, say(r)); err != nil {
				return
			}
		}
	})
}

// TestNobodyGetsTheAnswerOfAnother: an upstream that says more than its answer
// has room for, which a client may have chosen, must not be heard by whoever
// uses the connection next.
func TestNobodyGetsTheAnswerOfAnother(t *testing.T) {
	const forged = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
	for name, answer := range map[string]string{
		"a body after HEAD":          "HTTP/1.1 200 OK\r\nContent-Length: 47\r\n\r\n" + forged,
		"a body after 304":           "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n" + forged,
		"a body after 204":           "HTTP/1.1 204 No Content\r\n\r\n" + forged,
		"more than no length":        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" + forged,
		"more than the length":       "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody" + forged,
		"more than the last chunk":   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n" + forged,
		"more than an informational": "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" + forged,
	} {
		t.Run(name, func(t *testing.T) {
			url := newKeeping(t, func(r *http.Request) string {
				if r.URL.Path == "/bad" {
					return answer
				}
				return "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"
			})
			s := newSiteOf(t, mountedAt(t, "/x", url), nil)
			method := "GET"
			if strings.Contains(name, "HEAD") {
				method = "HEAD"
			}
			var all sync.WaitGroup
			for range 4 {
				all.Go(func() {
					for range 50 {
						s.do(s.request(method, "/x/bad", nil))
					}
				})
				all.Go(func() {
					for range 50 {
						s.want(s.get("/x/good"), 200, "good")
					}
				})
			}
			all.Wait()
		})
	}
}

// TestNoChangeToHTTP: on a connection that became HTTP/2, or TLS, a client could
// ask an upstream for anything, as anybody.
func TestNoChangeToHTTP(t *testing.T) {
	asked := make(chan http.Header, 10)
	url := newScript(t, func(conn net.Conn, r *http.Request) {
		asked <- r.Header
		fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
	})
	s := newSiteOf(t, mountedAt(t, "/x", url), nil)
	for upgrade, passes := range map[string]bool{
		"websocket": true, "WebSocket": true, "irc/2.0": true,
		"h2c": false, "H2C": false, "h2c, websocket": false, "websocket,h2c": false, "HTTP/2.0": false, "TLS/1.0": false, "h2": false,
	} {
		conn := s.dial()
		fmt.Fprintf(conn, "GET /x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: %s\r\nHTTP2-Settings: AAMAAABk\r\n\r\n", upgrade)
		if resp, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || resp.StatusCode != 200 {
			t.Errorf("%s: %v %v", upgrade, resp, err)
		}
		h := <-asked
		if got := h.Get("Upgrade") != ""; got != passes {
			t.Errorf("Upgrade: %s reaches an upstream: %t", upgrade, got)
		}
		if h.Get("Http2-Settings") != "" {
			t.Errorf("the settings of HTTP/2 reach an upstream: %v", h)
		}
	}
}
