package front

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net/http"
	"testing"
	"time"

	h2 "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/dram-go/dram/framework/config"
)

// TestMisdirectedRequests: a connection is good for the hosts that its
// certificate holds, as browsers use it, and for those that none does.
func TestMisdirectedRequests(t *testing.T) {
	list := []Certificate{
		certify(t, time.Hour, "a.example", "shared.example", "*.wild.example"), certify(t, time.Hour, "b.example"),
		certify(t, time.Hour, "api.wild.example"), certify(t, time.Hour, "*.b.example", "127.0.0.1.example"),
	}
	s := newSite(t, nil)
	s.secure(list...)
	s.add(text("page"))
	trusting := newSiteOf(t, unforgiving(t, func(c *config.Config) { c.Server.TrustedProxies = []string{"127.0.0.1"} }), nil)
	trusting.secure(list...)
	trusting.add(text("page"))
	for _, c := range []struct {
		asked, host string
		want        int
	}{
		{"a.example", "a.example", 200},
		{"a.example", "A.example.:443", 200},
		{"A.EXAMPLE", "a.example", 200},
		{"a.example", "shared.example", 200},
		{"a.example", "x.wild.example", 200},
		{"a.example", "api.wild.example", 200}, // which has one of its own, but this one is good
		{"x.wild.example", "a.example:8443", 200},
		{"a.example", "b.example", 421},
		{"b.example", "a.example", 421},
		{"b.example", "x.wild.example:8443", 421},
		{"api.wild.example", "x.wild.example", 421},
		{"a.example", "x.b.example", 421},
		{"a.example", "unknown.example", 200},
		{"unknown.example", "a.example", 200}, // it was shown the first
		{"unknown.example", "b.example", 421},
		{"unknown.example", "elsewhere.example", 200},
		{"", "b.example", 200},
		{"a.example", "127.0.0.1", 200},
		{"a.example", "[::1]:443", 200},
	} {
		for site, want := range map[*site]int{s: c.want, trusting: 200} {
			conn := site.dialTLS(&tls.Config{ServerName: c.asked, InsecureSkipVerify: true})
			fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", c.host)
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != want {
				t.Errorf("%q on a connection for %q: %d, want %d (trusted: %v)", c.host, c.asked, resp.StatusCode, want, site == trusting)
			}
		}
	}

	f := newFrames(t, s.dialTLS(&tls.Config{ServerName: "a.example", InsecureSkipVerify: true, NextProtos: []string{"h2"}}))
	for i, host := range []string{"b.example", "shared.example"} {
		f.fields(uint32(2*i+1), true, []hpack.HeaderField{{Name: ":method", Value: "GET"}, {Name: ":scheme", Value: "https"}, {Name: ":authority", Value: host}, {Name: ":path", Value: "/"}})
		frame, err := f.next(func(frame h2.Frame) bool { return frame.Header().Type == h2.FrameHeaders })
		if err != nil {
			t.Fatal(err)
		}
		if got, want := frame.(*h2.MetaHeadersFrame).PseudoValue("status"), []string{"421", "200"}[i]; got != want {
			t.Errorf("%s over HTTP/2: %s, want %s", host, got, want)
		}
	}

	clear := s.request("GET", "/", nil)
	clear.Host = "b.example" // is sent to https as ever
	if r := s.do(clear); r.StatusCode != http.StatusPermanentRedirect {
		t.Errorf("in clear: %d", r.StatusCode)
	}
}
