package front

import (
	"context"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// readBody notes the body and how it ended.
func readBody(r *http.Request, n *notes) {
	b, err := io.ReadAll(r.Body)
	if len(b) > 100 {
		n.add("%d bytes, %s", len(b), word(err))
		return
	}
	n.add("%q, %s", b, word(err))
}

const chunkedBody = "4\r\nbody\r\n3;x=y\r\nabc\r\n0\r\n\r\n"

var conformBodies = []conformance{
	{name: "body", request: "POST / HTTP/1.1\nContent-Length: 4", body: "body", handler: func(w http.ResponseWriter, r *http.Request, n *notes) {
		readBody(r, n)
		_, err := r.Body.Read(make([]byte, 1))
		must(n, "after the end", err)
		must(n, "close", r.Body.Close())
		_, err = r.Body.Read(make([]byte, 1))
		must(n, "after Close", err)
	}},
	{name: "body of 60 KiB", request: "POST / HTTP/1.1\nContent-Length: 61440", body: strings.Repeat("x", 60<<10), handler: func(w http.ResponseWriter, r *http.Request, n *notes) { readBody(r, n) }},
	{name: "body of 1 MiB", request: "POST / HTTP/1.1\nContent-Length: 1048576", body: strings.Repeat("x", 1<<20), handler: func(w http.ResponseWriter, r *http.Request, n *notes) { readBody(r, n) }},
	{name: "chunked body", request: "POST / HTTP/1.1\nTransfer-Encoding: chunked", body: chunkedBody, handler: func(w http.ResponseWriter, r *http.Request, n *notes) {
		readBody(r, n)
	}},
	{name: "body read in small pieces", request: "POST / HTTP/1.1\nTransfer-Encoding: chunked", body: chunkedBody, handler: func(w http.ResponseWriter, r *http.Request, n *notes) {
		var all []byte
		p := make([]byte, 1)
		for {
			c, err := r.Body.Read(p)
			all = append(all, p[:c]...)
			if err != nil {
				n.add("%q, %s", all, word(err))
				return
			}
		}
	}},
	{name: "trailer of the request", request: "POST / HTTP/1.1\nTransfer-Encoding: chunked\nTrailer: X-Sum, X-None", body: "1\r\nx\r\n0\r\nX-Sum: 42\r\n\r\n", handler: func(w http.ResponseWriter, r *http.Request, n *notes) {
		n.add("announced %v, %v", slices.Sorted(maps.Keys(r.Trailer)), r.Trailer["X-Sum"])
		inner := r.WithContext(context.Background()) // as middleware does
		readBody(inner, n)
		n.add("%v", r.Trailer["X-Sum"])
	}},
	{name: "small body unread", request: "POST / HTTP/1.1\nContent-Length: 4", body: "body", handler: func(w http.ResponseWriter, r *http.Request, n *notes) {
		io.WriteString(w, "no thanks")
	}},
	{name: "body half read", request: "POST / HTTP/1.1\nContent-Length: 8", body: "bodybody", handler: func(w http.ResponseWriter, r *http.Request, n *notes) {
		io.ReadFull(r.Body, make([]byte, 4))
		io.WriteString(w, "enough")
	}},
	{name: "body after the response", request: "POST / HTTP/1.1\nContent-Length: 4", body: "body", handler: func(w http.ResponseWriter, r *http.Request, n *notes) {
		http.NewResponseController(w).EnableFullDuplex()
		io.WriteString(w, "first")
		w.(http.Flusher).Flush()
		readBody(r, n)
	}},
	{name: "MaxBytesReader", request: "POST / HTTP/1.1\nContent-Length: 100000", body: strings.Repeat("x", 100_000), handler: func(w http.ResponseWriter, r *http.Request, n *notes) {
		r.Body = http.MaxBytesReader(w, r.Body, 10)
		b, err := io.ReadAll(r.Body)
		n.add("%d bytes, %s", len(b), word(err))
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
	}, differs: map[string]string{"again": "the front may have sent the body whole by then; nothing of it is left to spoil the connection"}},
	{name: "MaxBytesReader of a small body", request: "POST / HTTP/1.1\nContent-Length: 20", body: strings.Repeat("x", 20), handler: func(w http.ResponseWriter, r *http.Request, n *notes) {
		r.Body = http.MaxBytesReader(w, r.Body, 10)
		b, err := io.ReadAll(r.Body)
		n.add("%d bytes, %s", len(b), word(err))
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
	}, differs: map[string]string{"again": "the front has read it whole; the limit of net/http closes by a method that only its own writer can have"}},
	{name: "100 continue by the first read", request: "POST / HTTP/1.1\nContent-Length: 4\nExpect: 100-continue", body: "body", handler: func(w http.ResponseWriter, r *http.Request, n *notes) {
		n.add("expect %q", r.Header.Get("Expect"))
		readBody(r, n)
	}},
	{name: "100 continue by hand", request: "POST / HTTP/1.1\nContent-Length: 4\nExpect: 100-continue", body: "body", handler: func(w http.ResponseWriter, r *http.Request, n *notes) {
		w.WriteHeader(100)
		readBody(r, n)
	}},
	{name: "100 continue not wanted", request: "POST / HTTP/1.1\nContent-Length: 4\nExpect: 100-continue", handler: func(w http.ResponseWriter, r *http.Request, n *notes) {
		http.Error(w, "no", http.StatusForbidden)
	}},
	{name: "other expectation", request: "GET / HTTP/1.1\nExpect: 100-continue", handler: sees},
}
