package dram

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/dram-go/dram/framework/asset"
	"github.com/dram-go/dram/framework/router"
	"github.com/dram-go/dram/framework/session"
)

// ServeHTTP answers a request: request id, log, error boundary, cross-origin
// protection, session, middleware of components, the app's own, handler.
func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.finish()
	x := a.newExchange(r)
	writer := &responseWriter{ResponseWriter: w, headOnly: r.Method == http.MethodHead}
	c := &Context{Request: r, Writer: writer, app: a, x: x}
	writer.commit = func() error { return c.commit(writer.Header()) }
	writer.refuse = func(err error) { c.refuse(writer, err) }
	if !a.worker {
		writer.Header().Set("X-Request-Id", x.id)
	}

	err := c.run((*Context).dispatch)
	abort := errors.Is(err, http.ErrAbortHandler)
	switch {
	case err == nil:
		c.settle(writer)
	case !abort:
		abort = c.respond(writer, err)
	}
	a.access(c, writer, err)
	if abort {
		panic(http.ErrAbortHandler)
	}
}

// bound makes the body of the request end with an error of status 413 where it
// becomes larger than group and configuration allow.
func (c *Context) bound() {
	limit, body := c.maxBody(), c.Request.Body
	if body == nil || body == http.NoBody || limit <= 0 {
		return
	}
	w := c.Writer
	if ours, ok := w.(*responseWriter); ok {
		w = ours.ResponseWriter // the server's own, which must hear of it
	}
	limited := *c.Request
	limited.Body = http.MaxBytesReader(w, body, limit)
	c.Request = &limited
}

// maxBody returns how large the body may be in bytes, 0 for any size.
func (c *Context) maxBody() int64 {
	limit := int64(c.app.conf.Server.MaxBody)
	if c.route == nil {
		return limit
	}
	if own := c.route.Value.group.maxBody; own > 0 && (limit <= 0 || own < limit) {
		return own
	}
	return limit
}

// dispatch finds who answers: a static file, a route, or what is said when
// there is none.
func (c *Context) dispatch() error {
	if c.app.buildErr != nil {
		return fmt.Errorf("the app is not served, because it is faulty:\n%w", c.app.buildErr)
	}
	c.takeLocale()
	if c.isAsset() && c.app.assets.TryServe(c.Writer, c.Request) {
		c.x.asset = true
		return nil
	}
	found := c.app.router.MatchURL(c.Request.Method, c.Request.URL, &c.params)
	if found.Status != router.Found || !found.Entry.Value.group.crossOrigin {
		// Before any middleware of the app: it may answer what no route takes.
		if err := c.app.origins.Check(c.Request); err != nil {
			return c.foreign(found, err)
		}
	}
	if found.Status != router.Found {
		c.params.Reset()
		c.missed = found
		c.bound()
		return c.app.outside(c)
	}
	c.route = found.Entry
	c.bound()
	return found.Entry.Value.serve(c)
}

// foreign refuses what another site makes the browser send.
func (c *Context) foreign(found router.Result[*endpoint], err error) error {
	if found.Status == router.Found {
		c.route = found.Entry // for its error pages and the log
	} else {
		c.params.Reset()
	}
	return Forbidden("").Wrap(err)
}

// isAsset reports whether the request may be for a static file. One with
// another method than GET and HEAD is answered with 405 if the file is there.
func (c *Context) isAsset() bool {
	return strings.HasPrefix(c.Request.URL.Path, asset.Prefix)
}

// noRoute answers a request that no route takes.
func (c *Context) noRoute() error {
	found, r := c.missed, c.Request
	switch found.Status {
	case router.BadPath:
		return BadRequest("").Wrap(&unrouted{text: fmt.Sprintf("path %q has a segment that no route may see", r.URL.EscapedPath())})
	case router.Redirect:
		location := c.address(found.Path)
		if r.URL.RawQuery != "" {
			location += "?" + r.URL.RawQuery
		}
		c.status = http.StatusPermanentRedirect
		return c.redirect(location)
	case router.MethodNotAllowed:
		if r.Method == http.MethodOptions {
			c.Writer.Header().Set("Allow", found.Allow)
			return c.NoContent()
		}
		err := &unrouted{text: fmt.Sprintf("%s takes %s, not %s", r.URL.Path, found.Allow, r.Method)}
		return (&HTTPError{Status: http.StatusMethodNotAllowed, Err: err}).With("Allow", found.Allow)
	}
	return NotFound("").Wrap(c.whyNoRoute())
}

// settle sends the header of a response whose handler wrote no body.
func (c *Context) settle(w *responseWriter) {
	if w.begun() {
		return
	}
	if c.status != 0 {
		w.WriteHeader(c.status)
		return
	}
	w.begin()
}

// refuse answers through the ResponseWriter below w, after a commit that failed.
func (c *Context) refuse(w *responseWriter, err error) {
	answer := *Unavailable("").Wrap(err)
	header := w.Header()
	forget(header, nil)
	header.Del("Set-Cookie") // what the handler did is not told as done
	header.Set("Cache-Control", "no-store")
	body := c.errorBody(header, err, answer)
	secure(header)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.status = answer.Status
	w.ResponseWriter.WriteHeader(answer.Status)
	n, _ := w.ResponseWriter.Write(body)
	w.count(int64(n))
}

// commit does what must be done right before the header is sent. The error
// says that another response must be sent.
func (c *Context) commit(header http.Header) error {
	c.x.mu.Lock()
	opened, localised, nonce := c.x.session, c.x.localised, c.x.nonce
	c.x.sent = true
	c.x.mu.Unlock()
	c.guardCache(header)
	if opened != nil {
		if err := c.app.sessions.Commit(header, c.Request, opened); err != nil {
			c.Log().Error("the session could not be written", "err", err)
			if errors.Is(err, session.ErrNotEnded) {
				return err
			}
		}
	}
	if localised && len(c.app.catalog.Locales()) > 1 {
		addVary(header, "Accept-Language")
		c.offerLanguages(header)
		if c.app.localeCookie != "" {
			addVary(header, "Cookie")
		}
	}
	secure(header)
	if nonce != "" {
		allowNonce(header, nonce)
	}
	return nil
}
