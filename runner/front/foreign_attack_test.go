package front

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// newScript starts a server that says what the test wants it to, once for
// each connection, after it has read a request.
func newScript(t *testing.T, say func(conn net.Conn, r *http.Request)) string {
	return newUpstream(t, func(conn net.Conn) {
		r, err := http.ReadRequest(bufio.NewReader(conn))
		if err == nil {
			say(conn, r)
		}
	})
}

// newUpstream starts a server that does as the test wants with each
// connection.
func newUpstream(t *testing.T, serve func(conn net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(patience))
				serve(conn)
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

// TestUpstreamsThatMisbehave must cost no client more than its own answer, and
// that must be no other than it is.
func TestUpstreamsThatMisbehave(t *testing.T) {
	long := strings.Repeat("x", 300<<10)
	for _, c := range []struct {
		name   string
		upshot string // "STATUS BODY", "502", or "cut"
		say    string
		on     func(conn net.Conn)
		ask    string // fields of the request
	}{
		{name: "garbage", say: "SSH-2.0-OpenSSH_9.2\r\n", upshot: "502"},
		{name: "nothing", upshot: "502"},
		{name: "half a status line", say: "HTTP/1.1 20", upshot: "502"},
		{name: "half a head", say: "HTTP/1.1 200 OK\r\nX-A: 1\r\n", upshot: "502"},
		{name: "a status of letters", say: "HTTP/1.1 abc OK\r\n\r\n", upshot: "502"},
		{name: "status 000", say: "HTTP/1.1 000 No\r\nContent-Length: 0\r\n\r\n", upshot: "502"},
		{name: "another protocol", say: "RTSP/1.0 200 OK\r\n\r\n", upshot: "502"},
		{name: "a space before the colon", say: "HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\nx", upshot: "502"},
		{name: "an endless head", on: func(conn net.Conn) {
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\n")
			for i := 0; ; i++ {
				if _, err := fmt.Fprintf(conn, "X-%d: %s\r\n", i, long[:1000]); err != nil {
					return
				}
			}
		}, upshot: "502"},
		{name: "endless information", on: func(conn net.Conn) {
			for {
				if _, err := fmt.Fprint(conn, "HTTP/1.1 103 Early Hints\r\n\r\n"); err != nil {
					return
				}
			}
		}, upshot: "502"},
		{name: "a slow head", on: func(conn net.Conn) {
			for _, b := range []byte("HTTP/1.1 200 OK\r\nX-A: " + long) {
				if _, err := conn.Write([]byte{b}); err != nil {
					return
				}
				time.Sleep(time.Millisecond) // slow is what is tested
			}
		}, upshot: "504"},
		{name: "no answer", on: func(conn net.Conn) { io.Copy(io.Discard, conn) }, upshot: "504"},
		{name: "too little", say: "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", upshot: "502"},
		{name: "too little of much", say: "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + long, upshot: "cut"},
		{name: "a short body that stops", on: func(conn net.Conn) {
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
			io.Copy(io.Discard, conn)
		}, upshot: "504"},
		{name: "too much", say: "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbodyHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged", upshot: "200 body"},
		{name: "length and chunks", say: "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nchunks\r\n0\r\n\r\n", upshot: "200 chunks"},
		{name: "two lengths", say: "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nbodyx", upshot: "502"},
		{name: "a length below 0", say: "HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\nbody", upshot: "502"},
		{name: "an unknown coding", say: "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", upshot: "502"},
		{name: "a bad chunk", say: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\nzz\r\n", upshot: "cut"},
		{name: "chunks without end", say: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n", upshot: "cut"},
		{name: "no length", say: "HTTP/1.0 200 OK\r\n\r\nuntil the end", upshot: "200 until the end"},
		{name: "101 unasked", say: "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", upshot: "502"},
		{name: "101 to something else", say: "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", upshot: "502",
			ask: "Connection: Upgrade\r\nUpgrade: websocket\r\n"},
		{name: "a control character", say: "HTTP/1.1 200 OK\r\nX-A: a\rX-B: b\r\nContent-Length: 2\r\n\r\nok", upshot: "502"},
		{name: "a command to the front", say: "HTTP/1.1 200 OK\r\nX-Sendfile: /etc/passwd\r\nX-Accel-Redirect: /etc/passwd\r\nContent-Length: 2\r\n\r\nok", upshot: "200 ok"},
	} {
		t.Run(c.name, func(t *testing.T) {
			url := newScript(t, func(conn net.Conn, r *http.Request) {
				if r.URL.Path == "/good" {
					fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\ngood")
					return
				}
				if c.on != nil {
					c.on(conn)
				}
				io.WriteString(conn, c.say)
			})
			s := newSiteOf(t, mountedAt(t, "/bad", url), func(l *limits) { l.answer, l.ending = 300*time.Millisecond, time.Microsecond })
			conn := s.dial()
			fmt.Fprintf(conn, "GET /bad HTTP/1.1\r\nHost: h\r\n%s\r\n", c.ask)
			in := bufio.NewReader(conn)
			resp, err := http.ReadResponse(in, nil)
			for err == nil && resp.StatusCode < 200 && resp.StatusCode != 101 {
				resp, err = http.ReadResponse(in, nil)
			}
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			got := resp.Status[:3]
			switch {
			case err != nil:
				got = "cut"
			case resp.StatusCode < 500:
				got += " " + string(body)
			case !strings.Contains(string(body), s.log("/bad")["id"].(string)):
				t.Errorf("the answer %q does not name the request", body)
			}
			if got != c.upshot {
				t.Errorf("got %.60s, want %s", got, c.upshot)
			}
			for name := range resp.Header {
				if name == "X-B" || name == "X-Sendfile" || name == "X-Accel-Redirect" {
					t.Errorf("the client got %s: %s", name, resp.Header[name])
				}
			}
			s.want(s.get("/bad/good"), 200, "good")
		})
	}
}
