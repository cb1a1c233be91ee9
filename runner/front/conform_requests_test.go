package front

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
)

// sees notes the parts of a request that a handler may look at.
func sees(w http.ResponseWriter, r *http.Request, n *notes) {
	host, port, err := net.SplitHostPort(r.RemoteAddr)
	n.add("%s %s, URI %s, URL %s (path %q raw %q query %q)", r.Method, r.Proto, r.RequestURI, r.URL, r.URL.Path, r.URL.RawPath, r.URL.RawQuery)
	n.add("host %s, length %d, encoding %v, TLS %v, minor %d", r.Host, r.ContentLength, r.TransferEncoding, r.TLS != nil, r.ProtoMinor)
	n.add("remote %s, port %t, %v; cookies %v; agent %q", host, port != "0" && port != "", err, r.Cookies(), r.UserAgent())
	n.add("many %q, empty %q, no body %t, pattern %q", r.Header["X-Many"], r.Header["X-Empty"], r.Body == http.NoBody, r.Pattern)
	_, server := r.Context().Value(http.ServerContextKey).(*http.Server)
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	n.add("server %t, local %s", server, strings.Split(local.String(), ":")[0])
	_, deadline := r.Context().Deadline()
	n.add("context %v, deadline %t, cause %v", r.Context().Err(), deadline, context.Cause(r.Context()))
}

var conformRequests = []conformance{
	{name: "plain", request: "GET / HTTP/1.1", handler: sees},
	{name: "query", request: "GET /a/b?c=d&e HTTP/1.1", handler: sees},
	{name: "empty query", request: "GET /a? HTTP/1.1", handler: sees},
	{name: "escaped path", request: "GET /a%2Fb%20c/%ED%95%9C HTTP/1.1", handler: sees},
	{name: "raw bytes in the path", request: "GET /한/|^ HTTP/1.1", handler: sees},
	{name: "double slash", request: "GET //a//b?c HTTP/1.1", handler: sees},
	{name: "dots", request: "GET /a/../b/./c;d=e HTTP/1.1", handler: sees},
	{name: "brackets", request: "GET /[x]{y} HTTP/1.1", handler: sees},
	{name: "absolute form", request: "GET http://board.example/x?y HTTP/1.1", handler: sees},
	{name: "HTTP/1.0", request: "GET /old HTTP/1.0", handler: func(w http.ResponseWriter, r *http.Request, n *notes) {
		n.add("%s %s %d", r.Proto, r.RequestURI, r.ProtoMinor)
		io.WriteString(w, "old")
	}},
	{name: "many fields of one name", request: "GET / HTTP/1.1\nX-Many: a\nX-Many: b\nx-many: c\nX-Empty:\nCookie: a=b\nCookie: c=d\nUser-Agent: test", handler: sees},
	{name: "strange method", request: "FROB /x HTTP/1.1", handler: sees},
	{name: "DELETE without body", request: "DELETE /x HTTP/1.1", handler: sees},
	{name: "POST of length 0", request: "POST /x HTTP/1.1\nContent-Length: 0", handler: sees},
	{name: "POST of a length", request: "POST /x HTTP/1.1\nContent-Length: 4", body: "body", handler: sees},
	{name: "POST in chunks", request: "POST /x HTTP/1.1\nTransfer-Encoding: chunked", body: "4\r\nbody\r\n0\r\n\r\n", handler: func(w http.ResponseWriter, r *http.Request, n *notes) {
		sees(w, r, n)
		io.Copy(io.Discard, r.Body)
	}},
	{name: "port in Host", request: "GET / HTTP/1.1\nHost: h:8080", handler: sees},
	{name: "OPTIONS *", request: "OPTIONS * HTTP/1.1", handler: sees, unhandled: true},
	{name: "ServeMux", request: "GET /items/7/ HTTP/1.1", handler: func(w http.ResponseWriter, r *http.Request, n *notes) {
		mux := http.NewServeMux()
		mux.HandleFunc("/items/{id}/{$}", func(_ http.ResponseWriter, r *http.Request) { n.add("%s at %s", r.PathValue("id"), r.Pattern) })
		mux.ServeHTTP(w, r)
	}},
	{name: "form", request: "POST /?a=1 HTTP/1.1\nContent-Type: application/x-www-form-urlencoded\nContent-Length: 3", body: "a=2", handler: func(w http.ResponseWriter, r *http.Request, n *notes) {
		n.add("%v %v", r.ParseForm(), r.Form)
	}},
	{name: "multipart", request: "POST / HTTP/1.1\nContent-Type: multipart/form-data; boundary=x\nContent-Length: 93", body: "--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n\r\ncontent of the file\r\n--x--\r\n", handler: func(w http.ResponseWriter, r *http.Request, n *notes) {
		f, h, err := r.FormFile("f")
		if err != nil {
			n.add("%v", err)
			return
		}
		b, _ := io.ReadAll(f)
		n.add("%s %q", h.Filename, b)
	}},
}
