package h1

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestChangedOptionsHoldOnOpenConnections from the next request on, and for
// heads that no buffer of the beginning could hold.
func TestChangedOptionsHoldOnOpenConnections(t *testing.T) {
	s := newSite(t, Options{Head: 1 << 10, Body: 4}, func(x *Exchange) {
		if body := x.Body(); body != nil {
			if _, err := io.ReadAll(body); err != nil {
				x.Start(http.StatusRequestEntityTooLarge, http.Header{"Content-Length": {"0"}})
				return
			}
		}
		x.Start(http.StatusOK, http.Header{"Content-Length": {"0"}})
	})
	c := s.dial()
	get := "GET / HTTP/1.1\r\nHost: h\r\nX-Long: " + strings.Repeat("a", 20<<10) + "\r\n\r\n"
	post := "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\n12345678"
	c.say("GET / HTTP/1.1\r\nHost: h\r\n\r\n").status(200)
	s.server.Change(Options{Head: 24 << 10, Body: 8})
	c.say(get).status(200)
	c.say(post).status(200)
	s.server.Change(Options{Head: 1 << 10, Body: 4})
	c.say(post).status(413)
	s.dial().say(get).status(431)
}
