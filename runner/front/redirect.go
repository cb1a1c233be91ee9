package front

import (
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/dram-go/dram/framework/config"
)

// redirect sends a request in clear to the same place under https.
func (f *front) redirect(t *turn) bool {
	s := t.settings
	if s.https == "" || !s.wanted.Redirect || t.tls != nil {
		return false
	}
	if t.host == "" {
		t.answer(http.StatusBadRequest, "no host to redirect to")
		return true
	}
	target := t.Target()
	if !strings.HasPrefix(target, "/") { // a whole URL, or OPTIONS *
		if target = t.Head().URL.RequestURI(); !strings.HasPrefix(target, "/") {
			target = "/"
		}
	}
	t.reason = "redirected to https"
	t.Start(http.StatusPermanentRedirect, http.Header{
		"Location":       {"https://" + secureHost(t.host, s.https) + t.outer + target},
		"Content-Length": {"0"},
	})
	return true
}

// secureHost is the host of a request with the port for https.
func secureHost(host, port string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	} else {
		host = strings.Trim(host, "[]")
	}
	if port != "443" {
		return net.JoinHostPort(host, port)
	}
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// strictTransport is how a site asks browsers for https alone (RFC 6797).
const strictTransport = "Strict-Transport-Security"

// hsts is what a response to this turn asks for, unless the app does; "" for
// nothing.
func (t *turn) hsts() string {
	if t.tls == nil { // it counts over https alone
		return ""
	}
	return t.settings.hsts
}

// hstsField is the value of strictTransport, "" for none.
func hstsField(c *config.TLS) string {
	if c.HSTS == 0 {
		return ""
	}
	field := "max-age=" + strconv.FormatInt(int64(c.HSTS/time.Second), 10)
	if c.HSTSSubdomains {
		field += "; includeSubDomains"
	}
	return field
}
