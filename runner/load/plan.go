package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Limits of a plan, so that a slip of the finger harms nobody.
const (
	MaxConnections = 20_000
	MaxStreams     = 1_000
	MaxPipeline    = 1_000
	MaxPostSize    = 64 << 20
	MaxDuration    = 24 * time.Hour
)

// Plan says which load to make. The zero value of each field but URL means
// the default.
type Plan struct {
	URL string `json:"url"` // what is fetched; http or https

	Post      string `json:"post,omitempty"`       // path of the POSTs; empty: only GETs
	PostShare int    `json:"post_share,omitempty"` // percent of the requests that are POSTs (50)
	PostSize  int    `json:"post_size,omitempty"`  // bytes of a POST's body, at least (the id alone)
	Ledger    string `json:"ledger,omitempty"`     // path of the ledger; empty: nobody counts

	Connections int           `json:"connections"`             // clients, each with one connection (8)
	New         bool          `json:"new,omitempty"`           // a new connection for each request
	HTTP2       bool          `json:"http2,omitempty"`         // over TLS by ALPN, else with prior knowledge
	Streams     int           `json:"streams,omitempty"`       // HTTP/2: requests at once on a connection (1)
	Pipeline    int           `json:"pipeline,omitempty"`      // HTTP/1.1: requests sent before the first answer is read (1)
	Rate        float64       `json:"rate,omitempty"`          // requests a second, open model; 0: closed model
	Think       time.Duration `json:"think_ns,omitempty"`      // pause of a client before its next request, closed model
	Requests    int64         `json:"requests,omitempty"`      // end after so many
	Duration    time.Duration `json:"duration_ns,omitempty"`   // end after so long
	Timeout     time.Duration `json:"timeout_ns"`              // for one request (30 s)
	SlowHead    int           `json:"slow_head,omitempty"`     // clients beside that send a head byte by byte
	SlowBody    int           `json:"slow_body,omitempty"`     // … a body byte by byte
	SlowRead    int           `json:"slow_read,omitempty"`     // … that read the answer byte by byte
	SlowPause   time.Duration `json:"slow_pause_ns,omitempty"` // their pause after a byte (100 ms)

	Header   http.Header `json:"-"`                  // further fields of each request
	Contains string      `json:"contains,omitempty"` // every answered GET must contain it

	// PIDs are processes to watch, each with its children: CPU time, memory,
	// descriptors.
	PIDs []int `json:"pids,omitempty"`

	AllowRemote         bool `json:"-"` // servers that are not this machine
	AllowAnyCertificate bool `json:"-"` // TLS certificates that nobody vouches for
}

// tokens are the characters of a field name (RFC 9110, section 5.6.2).
const tokens = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// site is a plan's server: where it is, checked once.
type site struct {
	base    *url.URL
	address string // what is dialed: the address that was checked, not the name
	target  string // request targets, as they are sent
	post    string
	ledger  *url.URL
}

// withDefaults fills in what was left out.
func (p Plan) withDefaults() Plan {
	set(&p.Connections, 8)
	set(&p.Timeout, 30*time.Second)
	set(&p.SlowPause, 100*time.Millisecond)
	set(&p.Pipeline, 1)
	set(&p.Streams, 1)
	if p.Post != "" {
		set(&p.PostShare, 50)
	}
	if p.Requests == 0 && p.Duration == 0 {
		p.Duration = 10 * time.Second
	}
	return p
}

func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// check says what is wrong with a plan that has its defaults.
func (p Plan) check() error {
	for _, f := range []struct {
		name     string
		n        int64
		min, max int64
	}{
		{"connections", int64(p.Connections), 1, MaxConnections},
		{"streams", int64(p.Streams), 1, MaxStreams},
		{"pipeline", int64(p.Pipeline), 1, MaxPipeline},
		{"post-share", int64(p.PostShare), 0, 100},
		{"post-size", int64(p.PostSize), 0, MaxPostSize},
		{"requests", p.Requests, 0, 1 << 40},
		{"slow-head", int64(p.SlowHead), 0, MaxConnections},
		{"slow-body", int64(p.SlowBody), 0, MaxConnections},
		{"slow-read", int64(p.SlowRead), 0, MaxConnections},
	} {
		if f.n < f.min || f.n > f.max {
			return fmt.Errorf("%s is %d; it must be from %d to %d", f.name, f.n, f.min, f.max)
		}
	}
	for _, f := range []struct {
		name string
		d    time.Duration
	}{{"duration", p.Duration}, {"think", p.Think}, {"timeout", p.Timeout}, {"slow-pause", p.SlowPause}} {
		if f.d < 0 || f.d > MaxDuration {
			return fmt.Errorf("%s is %v; it must be from 0s to %v", f.name, f.d, MaxDuration)
		}
	}
	return p.checkTogether()
}

// checkTogether looks at what excludes each other.
func (p Plan) checkTogether() error {
	switch {
	case p.Rate < 0 || p.Rate > 1e6 || p.Rate != p.Rate:
		return fmt.Errorf("rate is %v; it must be from 0 to 1000000 requests a second", p.Rate)
	case p.Rate > 0 && p.Think > 0:
		return errors.New("rate and think exclude each other: with a rate the clock says when the next request is due")
	case p.Rate > 0 && p.Pipeline > 1:
		return errors.New("rate and pipeline exclude each other: requests of a pipeline are sent together, not when they are due")
	case p.HTTP2 && p.Pipeline > 1:
		return errors.New("pipeline is for HTTP/1.1; with HTTP/2 say how many streams a connection carries")
	case !p.HTTP2 && p.Streams > 1:
		return errors.New("streams are for HTTP/2; with HTTP/1.1 say how many requests a pipeline carries")
	case p.New && (p.Pipeline > 1 || p.Streams > 1):
		return errors.New("a connection that is new for each request carries one request: leave out pipeline and streams")
	case p.Ledger != "" && p.Post == "":
		return errors.New("a ledger counts POSTs: say where they go with post")
	case p.Post == "" && (p.PostShare > 0 || p.PostSize > 0):
		return errors.New("post-share and post-size are of no use without post")
	}
	for name, values := range p.Header {
		if name == "" || strings.Trim(name, tokens) != "" {
			return fmt.Errorf("header %q: not a field name", name)
		}
		for _, v := range values {
			if strings.ContainsFunc(v, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
				return fmt.Errorf("header %s: %q is no field value", name, v)
			}
		}
		switch http.CanonicalHeaderKey(name) {
		case "Connection", "Content-Length", "Content-Type", "Host", "Transfer-Encoding", IDField:
			return fmt.Errorf("header %s is set by the load itself", name)
		}
	}
	return nil
}

// locate finds the plan's server.
func (p Plan) locate(ctx context.Context) (*site, error) {
	base, err := url.Parse(p.URL)
	if err != nil {
		return nil, fmt.Errorf("%w; write http://HOST:PORT/PATH", err)
	}
	if base.Scheme != "http" && base.Scheme != "https" || base.Hostname() == "" {
		return nil, fmt.Errorf("%q is no URL of a server; write http://HOST:PORT/PATH", p.URL)
	}
	if base.User != nil {
		return nil, fmt.Errorf("%q has a user name; send it as a header instead", base.Redacted())
	}
	if base.Path == "" {
		base.Path = "/"
	}
	s := &site{base: base, target: base.RequestURI()}
	if s.address, err = p.resolve(ctx, base); err != nil {
		return nil, err
	}
	if p.Post != "" {
		u, err := below(base, "post", p.Post)
		if err != nil {
			return nil, err
		}
		s.post = u.RequestURI()
	}
	if p.Ledger != "" {
		if s.ledger, err = below(base, "ledger", p.Ledger); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// below resolves a path or URL of the same server.
func below(base *url.URL, name, ref string) (*url.URL, error) {
	u, err := base.Parse(ref)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if u.Scheme != base.Scheme || u.Host != base.Host {
		return nil, fmt.Errorf("%s: %q is not on %s", name, ref, base.Host)
	}
	return u, nil
}

// resolve finds the address to dial, once: a name that changes its address
// later cannot lead the load elsewhere.
func (p Plan) resolve(ctx context.Context, u *url.URL) (string, error) {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return "", err
	}
	for _, ip := range ips {
		if !p.AllowRemote && !ip.Unmap().IsLoopback() {
			return "", fmt.Errorf("%s is %v, which is not this machine; load on servers of others is an attack (allow-remote says that you may)", u.Hostname(), ip)
		}
	}
	// Names of this machine often have ::1 first, where nothing listens.
	best := ips[0].Unmap()
	for _, ip := range ips {
		if ip.Unmap().Is4() && !best.Is4() {
			best = ip.Unmap()
		}
	}
	return net.JoinHostPort(best.String(), port), nil
}

// form is the body of the POST with this id, at least size bytes long.
func form(id string, size int) string {
	body := "id=" + id
	if pad := size - len(body) - len("&padding="); pad > 0 {
		body += "&padding=" + strings.Repeat("x", pad)
	}
	return body
}
