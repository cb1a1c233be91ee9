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
	died      func() // called when an idle connection ends by itself

	mu     sync.Mutex
	idle   []*upstream // the most recently used last
	closed bool
}

// upstream is one data connection to a worker.
type upstream struct {
	*http.ClientConn
	data *dataConn
}

func newPool(link *wire.Link, l limits, died func()) *pool {
	return &pool{
		link:   link,
		limits: l,
		died:   died,
		transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return ctx.Value(dataKey{}).(*dataConn), nil
			},
			DisableCompression:    true,
			ResponseHeaderTimeout: l.answer,
			// The worker decides when to send 100 Continue; the transport
			// would give up waiting and send the body.
			ExpectContinueTimeout: 24 * time.Hour,
			WriteBufferSize:       16 << 10,
			ReadBufferSize:        16 << 10,
		},
	}
}

// dataKey is where get leaves the connection for the transport's dial.
type dataKey struct{}

// get returns an idle connection or opens one. Its errors mean that nothing
// was sent; wire.ErrGone that nothing ever will.
func (p *pool) get(ctx context.Context) (*upstream, error) {
	p.mu.Lock()
	for len(p.idle) > 0 {
		up := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		if up.Err() == nil {
			p.mu.Unlock()
			return up, nil
		}
	}
	p.mu.Unlock()

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
	data := &dataConn{halfCloser: half}
	client, err := p.transport.NewClientConn(context.WithValue(ctx, dataKey{}, data), "http", "worker:80")
	if err != nil {
		conn.Close()
		return nil, err
	}
	up := &upstream{ClientConn: client, data: data}
	client.SetStateHook(func(*http.ClientConn) { p.changed(up) })
	return up, nil
}

// put takes back a connection whose exchange is over.
func (p *pool) put(up *upstream) {
	p.mu.Lock()
	if up.Available() > 0 && !p.closed && len(p.idle) < p.limits.pool {
		p.idle = append(p.idle, up)
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	up.Close()
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
		p.idle = slices.Delete(p.idle, at, at+1)
	}
	closed := p.closed
	p.mu.Unlock()
	if at >= 0 && !closed {
		p.died()
	}
}

// close closes the idle connections and the link.
func (p *pool) close() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.mu.Unlock()
	for _, up := range idle {
		up.Close()
	}
	p.link.Close()
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
	return n, err
}

func (c *dataConn) Read(b []byte) (int, error) {
	n, err := c.halfCloser.Read(b)
	c.received.Add(int64(n))
	if errors.Is(err, syscall.ECONNRESET) {
		c.reset.Store(true)
	}
	return n, err
}

func (c *dataConn) Close() error {
	if f := c.onClose.Load(); f != nil {
		(*f)()
	}
	return c.halfCloser.Close()
}
