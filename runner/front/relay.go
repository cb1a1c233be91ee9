package front

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// chunkSize is how much of a response is read and written at once.
const chunkSize = 32 << 10

func newProxy(t *table, l limits) *proxy {
	return &proxy{table: t, limits: l, chunks: &sync.Pool{New: func() any {
		b := make([]byte, chunkSize)
		return &b
	}}}
}

// holdBack reports that a response is to be read whole before the client sees
// its head, so that the request can still go elsewhere.
func (p *proxy) holdBack(h *handover, resp *http.Response) bool {
	return h.attempts.repeatable && resp.ContentLength > 0 && resp.ContentLength <= p.limits.whole &&
		h.Head().Method != http.MethodHead && resp.StatusCode != http.StatusSwitchingProtocols
}

// readWhole replaces the body of resp by its bytes.
func (p *proxy) readWhole(resp *http.Response) error {
	body := make([]byte, resp.ContentLength)
	_, err := io.ReadFull(resp.Body, body)
	resp.Body.Close()
	if err != nil {
		return err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// relay sends a response to the client as it comes.
func (p *proxy) relay(h *handover, resp *http.Response, up *upstream) {
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusSwitchingProtocols {
		p.relayUpgrade(h, resp, up)
		return
	}
	responseHeader(resp.Header)
	// The head of a long response goes out at once. That of a short one goes
	// with its body, which comes soon, in one packet.
	wait := resp.ContentLength >= 0 && resp.ContentLength <= chunkSize || h.Head().Method == http.MethodHead
	if names := trailerNames(resp.Trailer); names != "" {
		resp.Header["Trailer"] = []string{names}
		wait = false // without a flush net/http might choose a length instead of chunks
	}
	h.Start(resp.StatusCode, resp.Header)
	if !wait {
		if err := h.Flush(); err != nil {
			h.leave()
			return
		}
	}
	if !p.relayBody(h, resp) {
		return
	}
	if len(resp.Trailer) > 0 {
		h.Trailer(resp.Trailer)
	}
}

// relayBody reports whether the body was sent whole. Nothing waits here for
// more than the worker has sent.
func (p *proxy) relayBody(h *handover, resp *http.Response) bool {
	chunk := p.chunks.Get().(*[]byte)
	defer p.chunks.Put(chunk)
	left := resp.ContentLength // below 0 when unknown, and never 0 then
	for {
		n, err := resp.Body.Read(*chunk)
		if n > 0 {
			if _, err := h.Write((*chunk)[:n]); err != nil {
				h.leave()
				return false
			}
			if left -= int64(n); left != 0 && err == nil {
				if h.Flush() != nil {
					h.leave()
					return false
				}
			}
		}
		switch {
		case err == io.EOF:
			return true
		case err != nil && h.ctx.Err() != nil:
			h.leave()
			return false
		case err != nil:
			h.cut("worker died in the response")
			return false
		}
	}
}

// relayUpgrade joins the two connections until one side has ended.
func (p *proxy) relayUpgrade(h *handover, resp *http.Response, up *upstream) {
	worker, ok := resp.Body.(io.ReadWriteCloser)
	if !ok || !strings.EqualFold(upgradeOf(resp.Header), h.upgrade) || h.upgrade == "" {
		h.answer(http.StatusBadGateway, "worker changed to a protocol that was not asked for")
		return
	}
	protocol := resp.Header["Upgrade"]
	responseHeader(resp.Header)
	resp.Header["Connection"], resp.Header["Upgrade"] = []string{"Upgrade"}, protocol
	client, err := h.Upgrade(resp.Header)
	if err != nil {
		h.leave()
		return
	}
	both := func() {
		client.Close()
		worker.Close()
	}
	defer both()
	stop := context.AfterFunc(h.ctx, both)
	defer stop()

	var upward sync.WaitGroup
	upward.Go(func() {
		if _, err := io.Copy(worker, client); err != nil {
			both()
			return
		}
		_ = up.data.CloseWrite() // the client has said all; the worker may go on
	})
	h.bytes, _ = io.Copy(client, worker) // an end is an end
	both()
	upward.Wait()
}

// trailerNames lists the fields that will follow the body.
func trailerNames(trailer http.Header) string {
	names := make([]string, 0, len(trailer))
	for name := range trailer {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
