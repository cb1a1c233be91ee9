package front

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/net/http/httpguts"
)

// forbidden are fields by which an origin would command the front: they are
// for the app that lives on this machine.
var forbidden = []string{"X-Sendfile", "X-Accel-Redirect"}

// foreignHeader removes from h what is not for a client.
func foreignHeader(h http.Header) {
	responseHeader(h)
	for _, name := range forbidden {
		delete(h, name)
	}
}

// readForeign replaces the body of a response by its bytes.
func readForeign(resp *http.Response) error {
	body := make([]byte, resp.ContentLength)
	if _, err := io.ReadFull(resp.Body, body); err != nil {
		resp.Body.Close()
		return err
	}
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// relay sends a response to the client as it comes.
func (f *foreign) relay(e *errand, resp *http.Response, c *call) {
	if resp.StatusCode == http.StatusSwitchingProtocols {
		f.relayUpgrade(e, resp, c)
		return
	}
	foreignHeader(resp.Header)
	if len(resp.Trailer) > 0 {
		resp.Header["Trailer"] = []string{strings.Join(trailerNames(resp.Trailer), ", ")}
	}
	switch {
	case resp.StatusCode == http.StatusNoContent:
		delete(resp.Header, "Content-Length")
	case e.Method() == http.MethodHead, resp.StatusCode == http.StatusNotModified: // the length of what is not sent
	case resp.ContentLength >= 0:
		resp.Header["Content-Length"] = []string{strconv.FormatInt(resp.ContentLength, 10)}
	}
	e.Start(resp.StatusCode, resp.Header)
	if resp.ContentLength < 0 || resp.ContentLength > chunkSize {
		if e.Flush() != nil {
			e.leave()
			return
		}
	}
	switch err := f.relayBody(e, resp); {
	case err == nil:
		if trailer := sendableTrailer(resp.Trailer); len(trailer) > 0 {
			e.Trailer(trailer)
		}
	case errors.Is(err, errClient), e.ctx.Err() != nil:
		e.leave()
	default:
		f.log.Warn("upstream failed in the response", "mount", f.mount, "upstream", e.origin, "id", e.id, "err", err)
		e.cut("upstream failed in the response")
	}
}

// relayBody sends the body; nil after the whole of it.
func (f *foreign) relayBody(e *errand, resp *http.Response) error {
	left := resp.ContentLength // below 0 when unknown, and never 0 then
	a := f.proxy.newAhead(resp.Body, e.settings.ahead, nil, func() { resp.Body.Close() })
	defer a.close()
	chunk := f.proxy.chunks.Get().(*[]byte)
	defer f.proxy.chunks.Put(chunk)
	for {
		n, err := a.Read(*chunk)
		if n > 0 {
			if _, failed := a.write(e, (*chunk)[:n]); failed != nil {
				return errClient
			}
			left -= int64(n)
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case n > 0 && left != 0 && e.Flush() != nil:
			return errClient
		}
	}
}

// trailerNames are the names of a trailer that may be sent, in order.
func trailerNames(trailer http.Header) []string {
	var names []string
	for name := range trailer {
		if !hopByHop[name] && httpguts.ValidTrailerHeader(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// sendableTrailer is what may be sent of a trailer.
func sendableTrailer(trailer http.Header) http.Header {
	out := make(http.Header, len(trailer))
	for _, name := range trailerNames(trailer) {
		if values := trailer[name]; len(values) > 0 {
			out[name] = values
		}
	}
	return out
}

// relayUpgrade joins the two connections until one side has ended.
func (f *foreign) relayUpgrade(e *errand, resp *http.Response, c *call) {
	up, ok := resp.Body.(io.ReadWriteCloser)
	if !ok || e.upgrade == "" || !strings.EqualFold(upgradeOf(resp.Header), e.upgrade) {
		e.answer(http.StatusBadGateway, "upstream changed to a protocol that was not asked for")
		return
	}
	protocol := resp.Header["Upgrade"]
	foreignHeader(resp.Header)
	resp.Header["Connection"], resp.Header["Upgrade"] = []string{"Upgrade"}, protocol
	client, err := e.Upgrade(resp.Header)
	if err != nil {
		e.leave()
		return
	}
	both := func() {
		client.Close()
		up.Close()
	}
	defer both()
	stop := context.AfterFunc(e.ctx, both)
	defer stop()

	var upward sync.WaitGroup
	upward.Go(func() {
		if _, err := pipe(up, client); err != nil {
			both()
			return
		}
		c.closeWrite(up) // the client has said all; the origin may go on
	})
	e.bytes, _ = pipe(client, up) // an end is an end
	both()
	upward.Wait()
}

// closeWrite says the end on the connection of an upgrade.
func (c *call) closeWrite(up io.Closer) {
	c.mu.Lock()
	conn, ok := c.connected.(interface{ CloseWrite() error })
	c.mu.Unlock()
	if !ok || conn.CloseWrite() != nil {
		up.Close()
	}
}
