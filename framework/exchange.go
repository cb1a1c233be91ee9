package dram

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/session"
)

// exchange is what all copies of a Context share: one request, one response.
// net/http middleware may leave a handler running, so it has a lock.
type exchange struct {
	id    string
	begin time.Time
	outer bool   // an app of ours around this one logs the request
	asset bool   // a static file was the answer
	base  string // path of the mount, before all that the app knows
	path  string // of the request, with base, for the log

	// localePath is the locale before the path of the request, "/ko". It is
	// set before anybody else knows the exchange.
	localePath string

	mu        sync.Mutex
	session   *session.Session
	values    url.Values // of the query, parsed once
	rawQuery  string     // what values were parsed from
	localised bool       // the response depends on Accept-Language
	ownLocale bool       // its locale is that of a cookie
	chosen    string     // locale that the visitor has just chosen
	public    string     // where Public was called, "" in production
	nonce     string     // of the Content-Security-Policy, made when asked for
	sent      bool       // the header is
	stream    bool       // the answer lasts as long as it likes
}

// newExchange names the request. A front of ours, or an app of ours around this
// one, has named it already.
func (a *App) newExchange(r *http.Request) *exchange {
	x := &exchange{begin: time.Now(), base: a.baseOf(r)}
	x.path = x.base + r.URL.Path
	if outer, ok := From(r.Context()); ok {
		x.id, x.outer = outer.x.id, true
	} else if a.worker {
		x.id = cleanID(r.Header.Get("X-Request-Id"))
	}
	if x.id == "" {
		x.id = strings.ToLower(rand.Text()[:12])
	}
	return x
}

// lasting reports whether the answer is a stream.
func (x *exchange) lasting() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.stream
}

func (x *exchange) chosenLocale() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.chosen
}

// cleanID returns id if it may stand in a log line and on a page, else "".
func cleanID(id string) string {
	if len(id) > 64 {
		return ""
	}
	for _, r := range id {
		if !('0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r == '-' || r == '_') {
			return ""
		}
	}
	return id
}

func (x *exchange) openSession(a *App, r *http.Request) (*session.Session, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.session == nil {
		if a.sessions == nil {
			return nil, a.sealErr
		}
		x.session = a.sessions.Load(r)
	}
	return x.session, nil
}

// query returns the parsed query string of r; middleware may have changed it.
func (x *exchange) query(r *http.Request) url.Values {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.values == nil || x.rawQuery != r.URL.RawQuery {
		x.values, x.rawQuery = r.URL.Query(), r.URL.RawQuery
	}
	return x.values
}

// ClientIP returns the address of the client. Behind a front of ours that is
// what the front saw; otherwise it is the peer of the connection, because
// anybody can send an X-Forwarded-For.
func (c *Context) ClientIP() netip.Addr {
	if c.app.worker {
		chain := c.Request.Header.Get("X-Forwarded-For")
		last := strings.TrimSpace(chain[strings.LastIndexByte(chain, ',')+1:])
		if ip, err := netip.ParseAddr(last); err == nil {
			return ip.Unmap()
		}
	}
	if peer, err := netip.ParseAddrPort(c.Request.RemoteAddr); err == nil {
		return peer.Addr().Unmap()
	}
	return netip.Addr{}
}

// Site returns the scheme and the host under which clients reach the app,
// "https://qna.example": c.Site() + c.URL("home") is a link for a mail, a feed
// or another site. It is the setting server.public_url; without it, in
// development and tests, what the request was sent to.
//
// In production without the setting, and without a request (see [App.Pages]),
// nobody knows it: the request is answered with 500. [App.Build] finds
// templates with {{site}} that would do so.
func (c *Context) Site() string {
	site, err := c.site()
	if err != nil {
		fail(fmt.Errorf("Site at %s: %w", callerOf(), err))
	}
	return site
}

// errNoSite says what is missing, and why the request's Host will not do.
var errNoSite = errors.New("server.public_url is not set: a link that leaves the site needs it, as the Host of a request is what its sender says; set it to https://HOST")

func (c *Context) site() (string, error) {
	switch {
	case c.app.conf.Server.PublicURL != "":
		return c.app.conf.Server.PublicURL, nil
	case c.app.conf.Env == config.Production, c.Request.Host == "":
		return "", errNoSite
	case c.Secure():
		return "https://" + c.Request.Host, nil
	}
	return "http://" + c.Request.Host, nil
}

// Secure reports whether the client speaks TLS, to us or to a front of ours.
func (c *Context) Secure() bool {
	return c.Request.TLS != nil || c.app.worker && c.Request.Header.Get("X-Forwarded-Proto") == "https"
}
