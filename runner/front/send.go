package front

import (
	"errors"
	"io"
	"net"
	"net/http"

	"github.com/dram-go/dram/runner/wire"
)

// response is what a worker answers.
type response struct {
	wire.Response
	body io.Reader
}

// errLate means that the worker did not begin its response in time.
var errLate = errors.New("front: no response in time")

// send sends the request and returns the response as soon as its head is
// there. sent says that the worker may have got some of the request.
func (p *proxy) send(h *handover, up *upstream, watch *watch) (resp *response, sent bool, err error) {
	request := p.request(h)
	h.upload = nil
	if h.stream != nil {
		h.upload = &upload{requestBody: h.stream, watch: watch, request: h.Head(), up: up, trailer: announcedTrailer(h.Head())}
	}
	resp = &response{body: up}
	sent, err = up.WriteRequest(request, h.body, h.stream == nil)
	if err == nil && h.stream != nil && !request.Expects {
		h.upload.start(p.chunks)
	}
	if err == nil || sent { // a worker that read it only in part may have answered
		err = p.await(h, up, resp)
	}
	if watch.stop() {
		return resp, sent, errLate
	}
	return resp, sent, err
}

// await reads responses up to the final one.
func (p *proxy) await(h *handover, up *upstream, resp *response) error {
	for {
		err := up.ReadResponse(&resp.Response, h.Head().Method)
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
			responseHeader(resp.Header)
			h.Inform(resp.Status, resp.Header)
		}
	}
}

// request makes the head of the request.
func (p *proxy) request(h *handover) *wire.Request {
	in := h.Head()
	r := &wire.Request{
		Method: in.Method, Target: in.RequestURI, Host: in.Host,
		Major: byte(in.ProtoMajor), Minor: byte(in.ProtoMinor),
		Header: h.header, Facts: facts(in, h.id),
	}
	switch {
	case h.stream != nil:
		r.Length = in.ContentLength
		r.Expects = in.Header.Get("Expect") != ""
	default:
		r.Length, r.Whole = int64(len(h.body)), true
		r.Facts.Remaining = h.settings.answer // the watch of an upload stands still for the client
	}
	if r.Host == "" { // HTTP/1.0 may leave it out
		r.Host = localAddress(in)
	}
	return r
}

// facts are what a worker may trust about the client.
func facts(in *http.Request, id string) wire.Facts {
	f := wire.Facts{Client: in.RemoteAddr, Local: localAddress(in), Scheme: "http", ID: id}
	if t := in.TLS; t != nil {
		f.Scheme = "https"
		f.TLS = &wire.TLS{Version: t.Version, Cipher: t.CipherSuite, Protocol: t.NegotiatedProtocol, Server: t.ServerName}
	}
	return f
}

// localAddress is the address at which the client reached us.
func localAddress(r *http.Request) string {
	if a, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		return a.String()
	}
	return "localhost"
}
