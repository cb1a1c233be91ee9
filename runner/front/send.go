package front

import (
	"errors"
	"io"
	"net/http"

	"github.com/dram-go/dram/runner/wire"
)

// response is what a worker answers. Its Header is nil until somebody has
// asked for it by header: most responses go to the client as they came.
type response struct {
	wire.Response
	body  io.Reader
	whole []byte // the body, when it came with the head; valid until the connection is used again
}

// header returns the fields, which may be changed.
func (r *response) header() http.Header {
	if r.Header == nil {
		r.Header = r.Fields.Header()
	}
	return r.Header
}

// errLate means that the worker did not begin its response in time.
var errLate = errors.New("front: no response in time")

// send sends the request and returns as soon as the head of the response is
// there. sent says that the worker may have got some of the request.
func (p *proxy) send(h *handover, up *upstream) (sent bool, err error) {
	h.upload = nil
	if h.moved != nil {
		return p.claim(h, up)
	}
	request := p.request(h)
	if h.stream != nil {
		h.upload = &upload{requestBody: h.stream, watch: up.watch, request: h.Head(), up: up, trailer: announcedTrailer(h.Head())}
	}
	h.response = response{body: up}
	if h.stream == nil {
		sent, err = up.Ask(request, h.body)
	} else if sent, err = up.WriteRequest(request, nil, false); err == nil && !request.Expects {
		h.upload.start(p.chunks)
	}
	if err == nil || sent { // a worker that read it only in part may have answered
		err = p.await(h, up, &h.response)
	}
	if up.watch.stop() {
		return sent, errLate
	}
	return sent, err
}

// claim asks for a response that moved to this connection, and returns as soon
// as its head is there.
func (p *proxy) claim(h *handover, up *upstream) (sent bool, err error) {
	h.response = response{body: up}
	if sent, err = up.Claim(h.moved.Ticket); err == nil {
		err = p.await(h, up, &h.response)
	} else {
		h.moved.Refuse()
	}
	if up.watch.stop() {
		return sent, errLate
	}
	return sent, err
}

// await reads responses up to the final one.
func (p *proxy) await(h *handover, up *upstream, resp *response) error {
	for {
		err := up.ReadHead(&resp.Response, h.Method())
		switch {
		case err != nil:
			return err
		case resp.Status == http.StatusContinue:
			if h.upload != nil {
				h.upload.start(p.chunks) // its first Read tells the client
			}
		case resp.Status >= http.StatusOK || resp.Status == http.StatusSwitchingProtocols:
			return nil
		default:
			responseHeader(resp.header())
			h.Inform(resp.Status, resp.Header)
		}
	}
}

// request makes the head of the request.
func (p *proxy) request(h *handover) *wire.Request {
	major, minor := h.Version()
	r := &h.request
	*r = wire.Request{
		Method: h.Method(), Target: h.target(), Host: h.host,
		Major: byte(major), Minor: byte(minor),
		Fields: h.fields, Facts: facts(h.turn),
	}
	switch {
	case h.stream != nil:
		r.Length = h.Length()
		r.Expects = h.Lookup("Expect") != ""
	default:
		r.Length, r.Whole = int64(len(h.body)), true
		r.Facts.Remaining = h.settings.answer // the watch of an upload stands still for the client
	}
	if r.Host == "" { // HTTP/1.0 may leave it out
		r.Host = h.Local()
	}
	return r
}

// facts are what a worker may trust about the client.
func facts(t *turn) wire.Facts {
	f := wire.Facts{Client: t.client, Local: t.Local(), Scheme: t.scheme(), Mount: t.prefix, ID: t.id}
	if t.app.names {
		f.Files = t.settings.static.files
	}
	if t.tls != nil {
		f.TLS = &wire.TLS{Version: t.tls.Version, Cipher: t.tls.CipherSuite, Protocol: t.tls.NegotiatedProtocol, Server: t.tls.ServerName}
	}
	return f
}
