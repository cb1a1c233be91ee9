package front

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"time"
)

const asksForUpgrade = "GET / HTTP/1.1\nConnection: Upgrade\nUpgrade: test"

var conformEnds = []conformance{
	{name: "abort before the response", request: "POST / HTTP/1.1\nContent-Length: 0", handler: func(http.ResponseWriter, *http.Request, *notes) { panic(http.ErrAbortHandler) }},
	{name: "abort in the response", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, _ *notes) {
		io.WriteString(w, "half")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}},
	{name: "abort in a response of a length", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, _ *notes) {
		w.Header().Set("Content-Length", "10")
		io.WriteString(w, "half")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}},
	{name: "panic before the response", request: "GET / HTTP/1.1", handler: func(http.ResponseWriter, *http.Request, *notes) { panic("broken") },
		differs: map[string]string{"responses": "500 instead of a cut connection", "again": "it goes on"}},
	{name: "panic in the response", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, _ *notes) {
		io.WriteString(w, "half")
		w.(http.Flusher).Flush()
		panic("broken")
	}},
	{name: "client gone", request: "GET / HTTP/1.1", hangUp: true, handler: func(_ http.ResponseWriter, r *http.Request, n *notes) {
		n.add("begun")
		<-r.Context().Done()
		n.add("%v", r.Context().Err())
	}},
	{name: "client gone after its body", request: "POST / HTTP/1.1\nContent-Length: 4", body: "body", hangUp: true, handler: func(_ http.ResponseWriter, r *http.Request, n *notes) {
		io.Copy(io.Discard, r.Body)
		n.add("begun")
		<-r.Context().Done()
		n.add("%v", r.Context().Err())
	}},
	{name: "client gone in a stream", request: "GET / HTTP/1.1", hangUp: true, handler: func(w http.ResponseWriter, r *http.Request, n *notes) {
		w.(http.Flusher).Flush()
		n.add("begun")
		<-r.Context().Done()
		failed := false
		for range 10_000 { // some fit into buffers
			if _, err := io.WriteString(w, "more"); err != nil {
				failed = true
				break
			}
			if err := http.NewResponseController(w).Flush(); err != nil {
				failed = true
				break
			}
		}
		n.add("%v, writing fails %t", r.Context().Err(), failed)
	}},
	{name: "client gone in its body", request: "POST / HTTP/1.1\nContent-Length: 100000", body: "x", hangUp: true, handler: func(w http.ResponseWriter, r *http.Request, n *notes) {
		n.add("begun")
		_, err := io.Copy(io.Discard, r.Body)
		n.add("fails %t", err != nil)
		<-r.Context().Done()
	}},
	{name: "context after the handler", request: "GET / HTTP/1.1", handler: func(_ http.ResponseWriter, r *http.Request, n *notes) {
		n.add("%v", r.Context().Err())
	}},
	{name: "hijack for an upgrade", request: asksForUpgrade, handler: func(w http.ResponseWriter, r *http.Request, n *notes) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		must(n, "hijack", err)
		defer conn.Close()
		fmt.Fprintf(rw, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\nX-Own: 1\r\n\r\nraw bytes")
		must(n, "flush", rw.Flush())
		_, err = w.Write([]byte("x"))
		must(n, "write after hijack", err)
		_, _, err = w.(http.Hijacker).Hijack()
		must(n, "second hijack", err)
		must(n, "deadline", conn.SetDeadline(time.Now().Add(time.Hour)))
	}},
	{name: "hijack after 101", request: asksForUpgrade, handler: func(w http.ResponseWriter, r *http.Request, n *notes) {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "test")
		w.WriteHeader(http.StatusSwitchingProtocols)
		conn, _, err := http.NewResponseController(w).Hijack()
		must(n, "hijack", err)
		io.WriteString(conn, "raw bytes")
		conn.Close()
	}},
	{name: "hijack for a response by hand", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, r *http.Request, n *notes) {
		conn, rw, err := w.(http.Hijacker).Hijack()
		must(n, "hijack", err)
		io.WriteString(rw, "HTTP/1.1 403 Forbidden\r\nX-Own: 1\r\nConnection: close\r\n\r\nby hand")
		rw.Flush()
		conn.Close()
	}},
	{name: "hijack for chunks by hand", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, r *http.Request, n *notes) {
		conn, _, err := w.(http.Hijacker).Hijack()
		must(n, "hijack", err)
		b := bufio.NewWriter(conn)
		io.WriteString(b, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
		b.Flush()
		io.WriteString(b, "3\r\nabc\r\n0\r\n\r\n")
		b.Flush()
		conn.Close()
	}},
	{name: "hijack and nothing", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, r *http.Request, n *notes) {
		conn, _, err := w.(http.Hijacker).Hijack()
		must(n, "hijack", err)
		conn.Close()
	}},
	{name: "writer's abilities", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, r *http.Request, n *notes) {
		_, flusher := w.(http.Flusher)
		_, hijacker := w.(http.Hijacker)
		_, from := w.(io.ReaderFrom)
		_, text := w.(io.StringWriter)
		n.add("flusher %t hijacker %t from %t string %t", flusher, hijacker, from, text)
	}},
	{name: "TimeoutHandler", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, r *http.Request, n *notes) {
		http.TimeoutHandler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), time.Millisecond, "too late").ServeHTTP(w, r)
	}},
	{name: "StripPrefix", request: "GET /a/b HTTP/1.1", handler: func(w http.ResponseWriter, r *http.Request, n *notes) {
		http.StripPrefix("/a", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { n.add("%s", r.URL.Path) })).ServeHTTP(w, r)
	}},
}
