package gateway

import (
	"crypto/tls"
	"net"
	"net/http"
	"strings"
)

// FromFront gives a handler the client's side of a request as a server on the
// client's own connection would: Request.RemoteAddr is the address in the last
// element of X-Forwarded-For (the port is 0, a front does not tell it), and
// Request.TLS is set when X-Forwarded-Proto is https, as net/http/cgi does it.
// Both headers come from our front, which drops the client's own.
func FromFront(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if list := r.Header.Get("X-Forwarded-For"); list != "" {
			client := strings.TrimSpace(list[strings.LastIndexByte(list, ',')+1:])
			r.RemoteAddr = net.JoinHostPort(client, "0")
		}
		if r.TLS == nil && r.Header.Get("X-Forwarded-Proto") == "https" {
			r.TLS = &tls.ConnectionState{HandshakeComplete: true}
		}
		next.ServeHTTP(w, r)
	})
}
