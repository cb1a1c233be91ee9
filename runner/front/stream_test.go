package front

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAStreamedResponsePassesAsItComes(t *testing.T) {
	for name, length := range map[string]string{"chunked": "", "known length": fmt.Sprint(300 << 10)} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, nil)
			next := make(chan string)
			s.add(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				if length != "" {
					w.Header().Set("Content-Length", length)
				}
				w.(http.Flusher).Flush()
				for text := range next {
					io.WriteString(w, text)
					w.(http.Flusher).Flush()
				}
			})
			resp, err := s.client.Do(s.request("GET", "/events", nil)) // returns with the head
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
			if length != "" {
				next <- strings.Repeat("x", 300<<10-18)
			}
			close(next)
			if _, err := io.Copy(io.Discard, resp.Body); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAClientThatLeavesAStreamEndsIt(t *testing.T) {
	s := newSite(t, nil)
	ended := make(chan struct{})
	s.add(func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		close(ended)
	})
	resp, err := s.client.Do(s.request("GET", "/events", nil))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	await(t, "end of the stream", ended)
	s.wantLog("/events", map[string]any{"status": 200, "reason": "client gone"})
}

func TestAStreamedRequestPassesAsItComes(t *testing.T) {
	s := newSite(t, nil)
	s.add(func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).EnableFullDuplex()
		io.Copy(flushing{w}, r.Body)
	})
	reader, writer := io.Pipe()
	resp, err := s.client.Do(s.request("POST", "/echo", writeFirst(writer, reader, "one")))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got := make([]byte, 3)
	if _, err := io.ReadFull(resp.Body, got); err != nil || string(got) != "one" {
		t.Fatalf("got %q, %v", got, err)
	}
	io.WriteString(writer, "two")
	if _, err := io.ReadFull(resp.Body, got); err != nil || string(got) != "two" {
		t.Fatalf("got %q, %v", got, err)
	}
	writer.Close()
	if rest, err := io.ReadAll(resp.Body); err != nil || len(rest) != 0 {
		t.Errorf("rest %q, %v", rest, err)
	}
}

// writeFirst writes to a pipe whose reader is sent, without blocking.
func writeFirst(w *io.PipeWriter, r io.Reader, text string) io.Reader {
	go io.WriteString(w, text)
	return r
}

// flushing sends each write at once.
type flushing struct{ http.ResponseWriter }

func (f flushing) Write(b []byte) (int, error) {
	n, err := f.ResponseWriter.Write(b)
	f.ResponseWriter.(http.Flusher).Flush()
	return n, err
}

// hijacked takes a connection over as a WebSocket server does.
func hijacked(t *testing.T, w http.ResponseWriter, protocol string) (net.Conn, *bufio.ReadWriter) {
	conn, rw, err := w.(http.Hijacker).Hijack()
	if err != nil {
		t.Error(err)
	}
	fmt.Fprintf(rw, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\nSec-WebSocket-Accept: k\r\n\r\n", protocol)
	rw.Flush()
	return conn, rw
}

func TestAnUpgradeJoinsBothConnections(t *testing.T) {
	s := newSite(t, nil)
	w := s.add(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "websocket" || r.Header.Get("Connection") != "Upgrade" {
			t.Errorf("header %v", r.Header)
		}
		conn, rw := hijacked(t, w, "websocket")
		defer conn.Close()
		for {
			line, err := rw.ReadString('\n')
			if err != nil {
				fmt.Fprint(conn, "bye")
				return
			}
			fmt.Fprintf(conn, "echo %s", line)
		}
	})
	c := s.dial()
	// The first message comes together with the request.
	fmt.Fprintf(c, "GET /chat HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\nearly\n")
	r := bufio.NewReader(c)
	resp, err := http.ReadResponse(r, nil)
	if err != nil || resp.StatusCode != 101 || resp.Header.Get("Upgrade") != "websocket" || resp.Header.Get("Sec-Websocket-Accept") != "k" {
		t.Fatalf("%+v, %v", resp, err)
	}
	for _, text := range []string{"early\n", "later\n"} {
		if text == "later\n" {
			fmt.Fprint(c, text)
		}
		if line, err := r.ReadString('\n'); err != nil || line != "echo "+text {
			t.Fatalf("got %q, %v", line, err)
		}
	}
	c.CloseWrite() // the worker sees the end, and still has a word
	if rest, err := io.ReadAll(r); err != nil || string(rest) != "bye" {
		t.Errorf("rest %q, %v", rest, err)
	}
	s.wantLog("/chat", map[string]any{"status": 101, "bytes": len("echo early\necho later\nbye")})
	// The worker is free again.
	s.rows = s.rows[:0]
	s.table()
	s.hear("idle", nil)
	await(t, "end of the link", w.links.NoLinks())
}

func TestARefusedUpgradeIsAnOrdinaryResponse(t *testing.T) {
	s := newSite(t, nil)
	s.add(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wrong" {
			conn, _ := hijacked(t, w, "other")
			conn.Close()
			return
		}
		http.Error(w, "no", http.StatusForbidden)
	})
	for path, want := range map[string]int{"/no": 403, "/wrong": 502} {
		r := s.request("GET", path, nil)
		r.Header.Set("Connection", "Upgrade")
		r.Header.Set("Upgrade", "websocket")
		if got := s.do(r); got.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, got.StatusCode, want)
		}
	}
}

// head reads one head of a response, up to its empty line.
func head(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	var all strings.Builder
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("head %q, then %v", all.String(), err)
		}
		all.WriteString(line)
		if line == "\r\n" {
			return all.String()
		}
	}
}

func TestTheWorkerDecidesAboutContinue(t *testing.T) {
	s := newSite(t, nil)
	g := newGate(t)
	s.add(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/refuse" {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		g.pass()
		io.Copy(w, r.Body)
	})
	c := s.dial()
	const request = "POST %s HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
	fmt.Fprintf(c, request, "/take")
	await(t, "request at the worker", g.entered)
	c.SetReadDeadline(time.Now().Add(-time.Second)) // look, do not wait
	if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Error("100 Continue before the worker asked for the body")
	}
	c.SetReadDeadline(time.Now().Add(patience))
	g.release()
	r := bufio.NewReader(c)
	if got := head(t, r); !strings.HasPrefix(got, "HTTP/1.1 100") {
		t.Fatalf("got %q", got)
	}
	fmt.Fprint(c, "body")
	resp, err := http.ReadResponse(r, nil)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("%+v, %v", resp, err)
	}
	if b, _ := io.ReadAll(resp.Body); string(b) != "body" {
		t.Errorf("echo %q", b)
	}

	c = s.dial()
	fmt.Fprintf(c, request, "/refuse")
	all, err := io.ReadAll(c)
	if err != nil || !bytes.HasPrefix(all, []byte("HTTP/1.1 403")) {
		t.Errorf("got %q, %v", all, err)
	}
}
