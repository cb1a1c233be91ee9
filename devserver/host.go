package devserver

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
)

// hosts says under which names the dev server answers. A page of any site can
// have its name point to 127.0.0.1 and then talk with what listens there (DNS
// rebinding); what it cannot do is send another Host than its own.
type hosts struct {
	own      string // the host of --listen, "" by default
	wildcard bool   // --listen takes every address of the machine
}

func newHosts(listen string) hosts {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return hosts{}
	}
	addr, err := netip.ParseAddr(host)
	return hosts{own: strings.ToLower(host), wildcard: listen != "" && (host == "" || err == nil && addr.IsUnspecified())}
}

// allow tells whether a Host header means this machine.
func (h hosts) allow(header string) bool {
	host := header
	if name, _, err := net.SplitHostPort(header); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || host != "" && host == h.own {
		return true
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		// An address is no name that somebody else could point here.
		return addr.Unmap().IsLoopback() || h.wildcard
	}
	machine, err := os.Hostname()
	return h.wildcard && err == nil && strings.EqualFold(host, machine)
}

// guardHosts answers 403 to what does not mean this machine, and keeps
// /__dev/ for pages of its own origin.
func guardHosts(h hosts, dev, app http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !h.allow(r.Host) {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprintf(w, "The dev server does not answer as %q: it answers as localhost, *.localhost and loopback addresses.\n"+
				"To use another name, start it with --listen NAME:PORT.\n", r.Host)
			return
		}
		if !strings.HasPrefix(r.URL.Path, devPrefix) {
			app.ServeHTTP(w, r)
			return
		}
		if !sameOrigin(r) {
			http.Error(w, "only pages of this server may use "+devPrefix, http.StatusForbidden)
			return
		}
		dev.ServeHTTP(w, r)
	})
}

// sameOrigin tells whether a request comes from a page of this server, from
// the address bar, or from no browser.
func sameOrigin(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return true
	case "":
		// Not a browser, or one that does not tell over plain HTTP.
		origin := r.Header.Get("Origin")
		if origin == "" {
			return true
		}
		from, err := url.Parse(origin)
		return err == nil && strings.EqualFold(from.Host, r.Host)
	}
	return false
}
