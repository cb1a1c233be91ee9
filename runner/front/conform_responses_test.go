package front

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

func must(n *notes, what string, err error) { n.add("%s: %s", what, word(err)) }

var conformResponses = []conformance{
	{name: "nothing", request: "GET / HTTP/1.1", handler: func(http.ResponseWriter, *http.Request, *notes) {}},
	{name: "text", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, n *notes) {
		c, err := io.WriteString(w, "text")
		n.add("%d %v", c, err)
	}},
	{name: "sniffed HTML", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, _ *notes) {
		io.WriteString(w, "<!DOCTYPE ")
		io.WriteString(w, "html><p>")
	}},
	{name: "sniffed after flush", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, _ *notes) {
		io.WriteString(w, "<!DOC")
		w.(http.Flusher).Flush()
		io.WriteString(w, "TYPE html>")
	}},
	{name: "no sniffing of encoded content", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, _ *notes) {
		w.Header().Set("Content-Encoding", "gzip")
		io.WriteString(w, "<html>")
	}},
	{name: "no type by wish", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, _ *notes) {
		w.Header()["Content-Type"] = nil
		io.WriteString(w, "<html>")
	}},
	{name: "no date by wish", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, _ *notes) { w.Header()["Date"] = nil }},
	{name: "own date", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, _ *notes) {
		w.Header().Set("Date", "Thu, 01 Jan 1970 00:00:00 GMT")
	}},
	{name: "status", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, _ *notes) {
		w.WriteHeader(418)
		io.WriteString(w, "teapot")
	}},
	{name: "unknown status", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, _ *notes) { w.WriteHeader(799) }},
	{name: "impossible status", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, n *notes) {
		defer func() { n.add("%v", recover()) }()
		w.WriteHeader(99)
	}},
	{name: "superfluous WriteHeader", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, _ *notes) {
		w.WriteHeader(201)
		w.WriteHeader(500)
		io.WriteString(w, "created")
	}},
	{name: "header after WriteHeader", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, _ *notes) {
		w.Header().Set("X-Before", "1")
		w.WriteHeader(200)
		w.Header().Set("X-After", "1")
		w.Header().Set("X-Before", "2")
	}},
	{name: "header after Write", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, _ *notes) {
		w.Header().Set("X-Before", "1")
		io.WriteString(w, "x")
		w.Header().Set("X-After", "1")
	}},
	{name: "many cookies", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, _ *notes) {
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "1"})
		http.SetCookie(w, &http.Cookie{Name: "b", Value: "2", HttpOnly: true})
	}},
	{name: "line break in a value", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, _ *notes) {
		w.Header().Set("X-Split", "a\r\nSet-Cookie: evil=1")
	}},
	{name: "bad name of a field", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, _ *notes) {
		w.Header()["Bad Name"] = []string{"x"}
		w.Header()["x-lower"] = []string{"x"}
	}},
	{name: "space around a value", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, _ *notes) { w.Header().Set("X-Space", "  a b \t") }},
	{name: "204", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, n *notes) {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(204)
		_, err := io.WriteString(w, "x")
		must(n, "write", err)
	}},
	{name: "304", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, n *notes) {
		w.Header().Set("Etag", `"x"`)
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Content-Length", "5")
		w.WriteHeader(304)
		_, err := io.WriteString(w, "x")
		must(n, "write", err)
	}},
	{name: "HEAD", request: "HEAD / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, n *notes) {
		c, err := io.WriteString(w, "<html>page")
		n.add("%d %v", c, err)
	}},
	{name: "HEAD of a length", request: "HEAD / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, _ *notes) {
		w.Header().Set("Content-Length", "1000000")
	}},
	{name: "HEAD of a large page", request: "HEAD / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, _ *notes) {
		io.WriteString(w, strings.Repeat("x", 100_000))
	}},
	{name: "HEAD, nothing", request: "HEAD / HTTP/1.1", handler: func(http.ResponseWriter, *http.Request, *notes) {}},
	{name: "large page", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, _ *notes) {
		for range 100 {
			io.WriteString(w, strings.Repeat("0123456789", 1000))
		}
	}},
	{name: "large page of a length", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, n *notes) {
		w.Header().Set("Content-Length", "1000000")
		c, err := w.Write([]byte(strings.Repeat("0123456789", 100_000)))
		n.add("%d %v", c, err)
	}},
	{name: "ReadFrom", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, n *notes) {
		c, err := io.Copy(w, strings.NewReader(strings.Repeat("x", 200_000)))
		n.add("%d %v", c, err)
	}},
	{name: "ReadFrom that fails", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, n *notes) {
		c, err := io.Copy(w, io.MultiReader(strings.NewReader("some"), failing{errors.New("broken")}))
		n.add("%d %v", c, err)
	}},
	{name: "too much for the length", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, n *notes) {
		w.Header().Set("Content-Length", "4")
		io.WriteString(w, "four")
		_, err := io.WriteString(w, "teen")
		must(n, "write", err)
	}, differs: map[string]string{"again": "what fits is a whole response; net/http ends the connection although nothing is wrong with it"}},
	{name: "too little for the length", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, _ *notes) {
		w.Header().Set("Content-Length", "10")
		io.WriteString(w, "four")
	}},
	{name: "invalid length", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, _ *notes) {
		w.Header().Set("Content-Length", "-5")
		io.WriteString(w, "text")
	}},
	{name: "Connection: close", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, _ *notes) {
		w.Header().Set("Connection", "close")
		io.WriteString(w, "bye")
	}},
	{name: "Transfer-Encoding: identity", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, _ *notes) {
		w.Header().Set("Transfer-Encoding", "identity")
		io.WriteString(w, "until the end")
	}},
	{name: "flush", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, n *notes) {
		for _, s := range []string{"a", "b", ""} {
			io.WriteString(w, s)
			must(n, "flush", http.NewResponseController(w).Flush())
		}
	}},
	{name: "early hints", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, _ *notes) {
		w.Header().Set("Link", "</a.css>; rel=preload")
		w.WriteHeader(103)
		w.Header().Set("Link", "</b.css>; rel=preload")
		w.WriteHeader(103)
		w.WriteHeader(102)
		w.Header().Del("Link")
		io.WriteString(w, "page")
	}},
	{name: "declared trailers", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, _ *notes) {
		w.Header().Set("Trailer", "X-Sum, X-None")
		w.Header().Add("Trailer", "Content-Length") // may be none
		io.WriteString(w, "body")
		w.Header().Set("X-Sum", "42")
	}},
	{name: "trailers by prefix", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, _ *notes) {
		io.WriteString(w, "body")
		w.(http.Flusher).Flush()
		w.Header().Set(http.TrailerPrefix+"X-Sum", "42")
	}},
	{name: "trailers without body", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, _ *notes) {
		w.Header().Set("Trailer", "X-Sum")
		w.WriteHeader(200)
		w.Header().Set("X-Sum", "42")
	}},
	{name: "write deadline in the past", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, n *notes) {
		must(n, "set", http.NewResponseController(w).SetWriteDeadline(time.Unix(1, 0)))
		io.WriteString(w, "x")
		err := http.NewResponseController(w).Flush()
		n.add("flush fails %t", err != nil)
	}},
	{name: "deadlines that are kept", request: "GET / HTTP/1.1", handler: func(w http.ResponseWriter, _ *http.Request, n *notes) {
		c := http.NewResponseController(w)
		must(n, "read", c.SetReadDeadline(time.Now().Add(time.Hour)))
		must(n, "write", c.SetWriteDeadline(time.Now().Add(time.Hour)))
		must(n, "duplex", c.EnableFullDuplex())
		io.WriteString(w, "x")
	}},
	{name: "redirect", request: "GET /a HTTP/1.1", handler: func(w http.ResponseWriter, r *http.Request, _ *notes) {
		http.Redirect(w, r, "/b", http.StatusFound)
	}},
	{name: "error", request: "GET /a HTTP/1.1", handler: func(w http.ResponseWriter, r *http.Request, _ *notes) { http.Error(w, "no", http.StatusForbidden) }},
	{name: "ranges", request: "GET /a HTTP/1.1\nRange: bytes=2-4", handler: func(w http.ResponseWriter, r *http.Request, _ *notes) {
		http.ServeContent(w, r, "a.txt", time.Unix(1e9, 0), strings.NewReader("0123456789"))
	}},
	{name: "not modified", request: "GET /a HTTP/1.1\nIf-Modified-Since: Sun, 09 Sep 2001 01:46:40 GMT", handler: func(w http.ResponseWriter, r *http.Request, _ *notes) {
		http.ServeContent(w, r, "a.txt", time.Unix(1e9, 0), strings.NewReader("0123456789"))
	}},
}
