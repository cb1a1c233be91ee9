package devserver

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"sync"
	"time"
)

// crashNotice is how long a request whose process went away waits for the loop
// to learn why.
const crashNotice = time.Second

// proxy hands requests to the process that serves, and adds the dev client to
// the pages that come back.
type proxy struct {
	gate    *gate
	forward *httputil.ReverseProxy
}

// visitKey is the context key under which a request carries its visit.
type visitKey struct{}

// visit is one request on its way through the process that the gate chose.
type visit struct {
	*view
	// leave says that the process need no longer be kept for this request. It
	// may be called more than once.
	leave func()
}

func newProxy(g *gate) *proxy {
	p := &proxy{gate: g}
	p.forward = &httputil.ReverseProxy{
		Rewrite:        rewrite,
		Transport:      chosen{},
		FlushInterval:  -1, // each write at once: streams are streams
		ModifyResponse: answered,
		ErrorHandler:   p.unanswered,
		ErrorLog:       log.New(io.Discard, "", 0), // broken-off responses: both ends know
	}
	return p
}

// ServeHTTP answers one request of the app.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := p.gate.enter(r)
	if r.Context().Err() != nil {
		if v.app != nil {
			v.app.release()
		}
		return
	}
	if v.app == nil {
		writeProblemPage(w, r, v, http.StatusServiceUnavailable)
		return
	}
	visit := &visit{view: v, leave: sync.OnceFunc(v.app.release)}
	defer visit.leave()
	p.forward.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), visitKey{}, visit)))
}

// answered takes in the head of a response. A stream has no end to wait for:
// a process that was replaced is not kept for it.
func answered(resp *http.Response) error {
	if resp.ContentLength < 0 || resp.StatusCode == http.StatusSwitchingProtocols {
		visited(resp.Request).leave()
	}
	return injectClient(resp)
}

// rewrite makes the request that the app gets: the browser's, with the Host
// that it asked for and the query byte for byte. It asks for no compression,
// because what is compressed cannot be added to.
func rewrite(pr *httputil.ProxyRequest) {
	pr.SetXForwarded()
	pr.Out.URL.Scheme = "http"
	pr.Out.URL.Host = pr.In.Host
	pr.Out.URL.RawQuery = pr.In.URL.RawQuery
	pr.Out.Host = pr.In.Host
	pr.Out.Header.Del("Accept-Encoding")
}

// chosen sends a request to the process that the gate chose for it. The
// transport repeats nothing that has a body.
type chosen struct{}

// RoundTrip implements http.RoundTripper.
func (chosen) RoundTrip(r *http.Request) (*http.Response, error) {
	return visited(r).app.transport.RoundTrip(r)
}

// visited returns the visit that a forwarded request is.
func visited(r *http.Request) *visit { return r.Context().Value(visitKey{}).(*visit) }

// unanswered explains a request that the process did not answer: mostly it has
// just crashed, and a moment later it is known how.
func (p *proxy) unanswered(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // nobody listens
	}
	v := visited(r)
	ctx, cancel := context.WithTimeout(r.Context(), crashNotice)
	defer cancel()
	now := p.gate.board.await(ctx, func(now *view) bool { return now.app != v.app })
	if now.Problem == nil {
		shown := *now
		shown.Problem = &problem{Kind: problemCrash, Message: "the app did not answer: " + err.Error()}
		now = &shown
	}
	writeProblemPage(w, r, now, http.StatusBadGateway)
}
