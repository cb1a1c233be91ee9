package front

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/net/http/httpguts"

	"github.com/dram-go/dram/runner/wire"
)

// chunkSize is how much of a response is read and written at once.
const chunkSize = 32 << 10

func newProxy(t *table) *proxy {
	return &proxy{table: t, budget: newBudget(), handovers: sync.Pool{New: func() any { return new(handover) }}, chunks: &sync.Pool{New: func() any {
		b := make([]byte, chunkSize)
		return &b
	}}}
}

// holdBack reports that a response is to be read whole before the client sees
// its head, so that the request can still go elsewhere. There is an end to that
// when many clients leave such responses where they are.
func (p *proxy) holdBack(h *handover, resp *response) bool {
	return h.attempts.repeatable && resp.Length > 0 && resp.Length <= h.settings.whole && p.held.Load() < h.settings.held &&
		h.Method() != http.MethodHead && resp.Status != http.StatusSwitchingProtocols
}

// readWhole replaces the body of resp by its bytes. When the handler gave up
// within it, the error is what a reader of these bytes gets, too.
func (p *proxy) readWhole(resp *response) error {
	body := make([]byte, resp.Length)
	n, err := io.ReadFull(resp.body, body)
	if err == nil {
		_, err = resp.body.Read(make([]byte, 1)) // the end, and what may follow the body
	}
	if err == io.EOF {
		resp.whole = body
		return nil
	}
	resp.body = io.MultiReader(bytes.NewReader(body[:n]), failing{err})
	return err
}

// failing is a reader that has failed.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// relay sends a response to the client as it comes. One that came by message,
// so without up, is whole and has no trailer.
func (p *proxy) relay(h *handover, resp *response, up *upstream) {
	if resp.Status == http.StatusSwitchingProtocols {
		p.relayUpgrade(h, resp, up)
		return
	}
	if h.app.names && resp.Status == http.StatusOK {
		if path := resp.namesFile(); path != "" {
			p.relayFile(h, resp, path)
			return
		}
	}
	// The head of a long response goes out at once. That of a short one goes
	// with its body, which comes soon, in one packet.
	wait := resp.Length >= 0 && resp.Length <= chunkSize || h.Method() == http.MethodHead
	if p.start(h, resp) {
		wait = false // without a flush net/http might choose a length instead of chunks
	}
	if !wait {
		if err := h.Flush(); err != nil {
			h.leave()
			return
		}
	}
	if !p.relayBody(h, resp, up) {
		return
	}
	if up == nil {
		return
	}
	if trailer := up.Trailer(); len(trailer) > 0 {
		h.Trailer(trailer)
	}
}

// start sends the head and reports whether fields after the body may follow.
func (p *proxy) start(h *handover, resp *response) (trailing bool) {
	if resp.Header == nil && passes(resp.Fields) {
		h.pass(resp)
		return false
	}
	header := resp.header()
	if httpguts.HeaderValuesContainsToken(header["Connection"], "close") {
		h.Last()
	}
	trailer := header["Trailer"]
	responseHeader(header)
	if _, ok := header["Date"]; !ok {
		header["Date"] = nil // the app wants none
	}
	if resp.Length >= 0 {
		header["Content-Length"] = []string{strconv.FormatInt(resp.Length, 10)}
	}
	if trailer != nil {
		header["Trailer"] = trailer
	}
	h.Start(resp.Status, header)
	return trailer != nil
}

// passes reports fields that go to the client as they are, but for the few
// that pass leaves out. Nearly all do.
func passes(fields wire.Fields) bool {
	for {
		name, _, ok := fields.Next()
		if !ok {
			return true
		}
		if name == "Connection" || name == "Trailer" {
			return false
		}
	}
}

// pass sends a head without making a map of it.
func (t *turn) pass(resp *response) {
	if !t.Begin(resp.Status) {
		return
	}
	hsts := t.hsts()
	for fields := resp.Fields; ; {
		name, value, ok := fields.Next()
		if !ok {
			break
		}
		if name == strictTransport {
			hsts = ""
		}
		if !hopByHop[name] && name != "Content-Length" && name != "X-Request-Id" && name != sendfileField {
			t.Add(name, value)
		}
	}
	if hsts != "" {
		t.Add(strictTransport, hsts)
	}
	if resp.Length >= 0 {
		t.Announce(resp.Length)
	}
	t.Ready(false) // the app's Date, or none if it wants none
}

// relayBody reports whether the body was sent whole. Nothing waits here for
// more than the worker has sent, and while it sends nothing no memory is held;
// while the client takes nothing, what the worker sends is kept.
func (p *proxy) relayBody(h *handover, resp *response, up *upstream) bool {
	if resp.whole != nil {
		if len(resp.whole) == 0 {
			return true
		}
		if _, err := h.Write(resp.whole); err != nil {
			h.leave()
			return false
		}
		return true
	}
	await := up.Await
	if resp.body != up {
		await = nil
	}
	a := p.newAhead(resp.body, h.settings.ahead, await, up.abandon)
	defer a.close()
	left := resp.Length // below 0 when unknown, and never 0 then
	for {
		err := a.Await()
		if err == nil {
			err = p.relayChunk(h, a, &left)
		}
		switch {
		case err == nil:
		case err == io.EOF:
			return true
		case errors.Is(err, errClient), h.Gone() != nil:
			h.leave()
			return false
		default:
			h.cut(p.whyCut(h, err))
			return false
		}
	}
}

// errClient means that the client took no more of the response.
var errClient = errors.New("front: client takes no more")

// relayChunk passes on what there is.
func (p *proxy) relayChunk(h *handover, a *ahead, left *int64) error {
	chunk := p.chunks.Get().(*[]byte)
	defer p.chunks.Put(chunk)
	n, err := a.Read(*chunk)
	if n == 0 {
		return err
	}
	if _, err := a.write(h, (*chunk)[:n]); err != nil {
		return errClient
	}
	if *left -= int64(n); *left != 0 && err == nil && h.Flush() != nil {
		return errClient
	}
	return err
}

// whyCut puts into words why a response that has begun is not whole.
func (p *proxy) whyCut(h *handover, err error) string {
	var abort *wire.Abort
	var broken *wire.ProtocolError
	switch {
	case errors.As(err, &abort) && abort.Handler():
		return "aborted by the app"
	case errors.As(err, &abort), errors.As(err, &broken):
		p.table.log.Error("a worker broke the gateway interface; its connection is closed", "worker", h.worker, "err", err)
		return "worker broke the gateway interface"
	case errors.Is(err, errKept):
		p.table.log.Error("a response that was kept for a slow client is lost", "id", h.id, "err", err)
		return "kept response unreadable"
	}
	return "worker died in the response"
}

// pipeBuffer is what each direction of an upgraded connection costs.
const pipeBuffer = 8 << 10

// relayUpgrade joins the two connections until one side has ended.
func (p *proxy) relayUpgrade(h *handover, resp *response, up *upstream) {
	if h.upgrade == "" || !strings.EqualFold(upgradeOf(resp.header()), h.upgrade) {
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
		up.NetConn().Close()
	}
	defer both()
	stop := context.AfterFunc(h.context(), both)
	defer stop()

	var upward sync.WaitGroup
	upward.Go(func() {
		if _, err := pipe(up, client); err != nil {
			both()
			return
		}
		_ = up.CloseWrite() // the client has said all; the worker may go on
	})
	h.bytes, _ = pipe(client, up) // an end is an end
	both()
	upward.Wait()
}

// pipe copies with a small buffer: there may be many connections, of which
// most are silent.
func pipe(to io.Writer, from io.Reader) (int64, error) {
	return io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{from}, make([]byte, pipeBuffer))
}
