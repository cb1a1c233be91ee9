package front

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/dram-go/dram/runner/wire"
)

// pool is the data connections to one worker. It uses net/http's client one
// connection at a time: http.Transport's own pool would silently repeat a
// request on another connection, which only decide may do.
type pool struct {
	link      *wire.Link
	transport *http.Transport
	limits    limits
	died      func()        // called when an idle connection ends by itself
	kept      *atomic.Int64 // idle connections to all workers

	mu       sync.Mutex
	idle     []*upstream // the most recently used last
	trimming bool        // trim will be called
	ended    bool        // no connection is kept any more
}

// upstream is one data connection to a worker.
type upstream struct {
	*http.ClientConn
	data  *dataConn
	used  bool      // it was idle before, so it may have ended meanwhile
	since time.Time // when it became idle
}

func newPool(link *wire.Link, l limits, kept *atomic.Int64, died func()) *pool {
	return &pool{
		link:   link,
		limits: l,
		died:   died,
		kept:   kept,
		transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return ctx.Value(dataKey{}).(*dataConn), nil
			},
			DisableCompression: true,
			// The worker decides when to send 100 Continue; the transport
			// would give up waiting and send the body. See watch for what
			// bounds this.
			ExpectContinueTimeout: 24 * time.Hour,
			WriteBufferSize:       16 << 10,
			ReadBufferSize:        16 << 10,
		},
	}
}

// dataKey is where adopt leaves the connection for the transport's dial.
type dataKey struct{}

// get returns an idle connection, unless a fresh one is wanted, or opens one.
// Its errors mean that nothing was sent; wire.ErrGone that nothing ever will.
func (p *pool) get(ctx context.Context, fresh bool) (*upstream, error) {
	if !fresh {
		if up := p.reuse(); up != nil {
			return up, nil
		}
	}
	ctx, cancel := context.WithTimeout(ctx, p.limits.dial)
	defer cancel()
	conn, err := p.link.Dial(ctx)
	if err != nil {
		return nil, err
	}
	half, ok := conn.(halfCloser)
	if !ok {
		conn.Close()
		return nil, errors.New("front: data connection is no stream socket")
	}
	return p.adopt(ctx, half)
}

// adopt makes an upstream of a connection.
func (p *pool) adopt(ctx context.Context, conn halfCloser) (*upstream, error) {
	data := &dataConn{halfCloser: conn}
	client, err := p.transport.NewClientConn(context.WithValue(ctx, dataKey{}, data), "http", "worker:80")
	if err != nil {
		conn.Close()
		return nil, err
	}
	up := &upstream{ClientConn: client, data: data}
	client.SetStateHook(func(*http.ClientConn) { p.changed(up) })
	return up, nil
}

// reuse takes the idle connection that was used last; nil when there is none.
func (p *pool) reuse() *upstream {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.idle) > 0 {
		up := p.idle[len(p.idle)-1]
		p.forget(len(p.idle)-1, len(p.idle))
		if up.Err() == nil {
			return up
		}
	}
	return nil
}

// forget takes a part of the idle connections out of the list.
func (p *pool) forget(from, to int) {
	p.idle = slices.Delete(p.idle, from, to)
	p.kept.Add(int64(from - to))
}

// put takes back a connection whose exchange is over.
func (p *pool) put(up *upstream) {
	if !p.keep(up) {
		up.Close()
	}
}

func (p *pool) keep(up *upstream) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended || up.Available() == 0 || len(p.idle) >= p.limits.pool {
		return false
	}
	if p.kept.Add(1) > int64(p.limits.idle) {
		p.kept.Add(-1)
		return false
	}
	up.used, up.since = true, time.Now()
	p.idle = append(p.idle, up)
	p.plan()
	return true
}

// plan arranges for trim while there are more idle connections than a steady
// load needs.
func (p *pool) plan() {
	if !p.trimming && len(p.idle) > p.limits.spare {
		p.trimming = true
		time.AfterFunc(p.limits.spareTime, p.trim)
	}
}

// trim gives connections back that a burst left behind: those above a small
// number that nobody has used for some time.
func (p *pool) trim() {
	p.mu.Lock()
	n := 0
	for n < len(p.idle)-p.limits.spare && time.Since(p.idle[n].since) >= p.limits.spareTime {
		n++
	}
	surplus := slices.Clone(p.idle[:n])
	p.forget(0, n)
	p.trimming = false
	p.plan()
	p.mu.Unlock()
	closeAll(surplus)
}

// changed notices an idle connection that ended: a worker never closes one
// while it lives.
func (p *pool) changed(up *upstream) {
	if up.Err() == nil {
		return
	}
	p.mu.Lock()
	at := slices.Index(p.idle, up)
	if at >= 0 {
		p.forget(at, at+1)
	}
	ended := p.ended
	p.mu.Unlock()
	if at >= 0 && !ended {
		p.died()
	}
}

// drop closes the idle connections, because one of them had ended unnoticed.
func (p *pool) drop() {
	p.mu.Lock()
	idle := slices.Clone(p.idle)
	p.forget(0, len(p.idle))
	p.mu.Unlock()
	closeAll(idle)
}

// discard closes the idle connections and those that would become idle.
func (p *pool) discard() {
	p.mu.Lock()
	p.ended = true
	p.mu.Unlock()
	p.drop()
}

// close closes the idle connections and the link.
func (p *pool) close() {
	p.discard()
	p.link.Close()
}

func closeAll(connections []*upstream) {
	for _, up := range connections {
		up.Close()
	}
}

// dataConn notes what was sent and received, and tells when it is closed.
type dataConn struct {
	halfCloser
	sent     atomic.Int64 // bytes
	received atomic.Int64
	reset    atomic.Bool // the worker's end was closed with bytes unread
	onClose  atomic.Pointer[func()]
}

func (c *dataConn) Write(b []byte) (int, error) {
	n, err := c.halfCloser.Write(b)
	c.sent.Add(int64(n))
	c.noteReset(err)
	return n, err
}

func (c *dataConn) Read(b []byte) (int, error) {
	n, err := c.halfCloser.Read(b)
	c.received.Add(int64(n))
	c.noteReset(err)
	return n, err
}

// noteReset keeps a reset in mind: the kernel tells it once only, to the write
// or to the read, whichever comes first.
func (c *dataConn) noteReset(err error) {
	if errors.Is(err, syscall.ECONNRESET) {
		c.reset.Store(true)
	}
}

func (c *dataConn) Close() error {
	if f := c.onClose.Load(); f != nil {
		(*f)()
	}
	return c.halfCloser.Close()
}
