package front

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/dram-go/dram/runner/wire"
)

// wiring is what the connections to all workers share.
type wiring struct {
	buffers *wire.Buffers
	log     *slog.Logger
	kept    atomic.Int64 // idle connections
	record  string       // directory for recordings, "" for none
	number  atomic.Int64 // of connections that are recorded

	once    sync.Once
	hangups *wire.Hangups // nil: idle connections that end are found when they are used
}

func newWiring(log *slog.Logger) *wiring { return &wiring{buffers: wire.NewBuffers(), log: log} }

// watch calls f when the worker's end of c is closed, and returns what ends
// the watch.
func (w *wiring) watch(c *wire.Conn, f func()) (forget func()) {
	w.once.Do(func() {
		var err error
		if w.hangups, err = wire.NewHangups(); err != nil {
			w.log.Warn("connections to workers that end are noticed late", "err", err)
		}
	})
	if w.hangups != nil {
		if forget, err := w.hangups.Watch(c, f); err == nil {
			return forget
		}
	}
	return func() {}
}

// close ends the watching, after the last connection.
func (w *wiring) close() {
	w.once.Do(func() {})
	if w.hangups != nil {
		_ = w.hangups.Close() // an epoll
	}
}

// pool is the data connections to one worker.
type pool struct {
	worker int
	link   *wire.Link
	live   *live
	wiring *wiring
	died   func() // called when an idle connection ends by itself

	mu       sync.Mutex
	idle     []*upstream // the most recently used last
	trimming bool        // trim will be called
	ended    bool        // no connection is kept any more
}

// upstream is one data connection to a worker.
type upstream struct {
	*wire.Conn
	abandon func()    // closes it under whoever uses it
	watch   *watch    // of the attempt that uses it, which it abandons
	forget  func()    // ends the watch for its hangup
	used    bool      // it was idle before, so it may have ended meanwhile
	since   time.Time // when it became idle
}

// Close closes the connection; the worker takes it as the end of whatever is
// on it.
func (up *upstream) Close() error {
	up.forget()
	up.watch.close()
	return up.Conn.Close()
}

func newPool(worker int, link *wire.Link, l *live, wiring *wiring, died func()) *pool {
	return &pool{worker: worker, link: link, live: l, wiring: wiring, died: died}
}

// get returns an idle connection, unless a fresh one is wanted, or opens one.
// Its errors mean that nothing was sent; wire.ErrGone that nothing ever will.
func (p *pool) get(ctx context.Context, fresh bool) (*upstream, error) {
	if !fresh {
		if up := p.reuse(); up != nil {
			return up, nil
		}
	}
	ctx, cancel := context.WithTimeout(ctx, p.live.Load().dial)
	defer cancel()
	return p.dial(ctx, (*wire.Conn).Greet)
}

// dial opens a connection and greets the worker.
func (p *pool) dial(ctx context.Context, hello func(*wire.Conn) error) (*upstream, error) {
	conn, err := p.link.Dial(ctx)
	if err != nil {
		return nil, err
	}
	if p.wiring.record != "" {
		conn = p.wiring.tap(conn, p.worker)
	}
	up := p.adopt(wire.NewConn(conn, wire.Front, p.wiring.buffers, 0))
	if err := greet(ctx, up, hello); err != nil {
		up.Close()
		return nil, err
	}
	return up, nil
}

// greet exchanges HELLO until ctx ends.
func greet(ctx context.Context, up *upstream, hello func(*wire.Conn) error) error {
	stop := context.AfterFunc(ctx, func() { up.NetConn().Close() })
	err := hello(up.Conn)
	switch {
	case !stop():
		return fmt.Errorf("front: the worker does not say HELLO: %w", ctx.Err())
	case err == io.EOF, errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return errNoHello
	}
	return err
}

var errNoHello = errors.New("front: the worker closed a connection before its HELLO")

// adopt makes an upstream of a connection.
func (p *pool) adopt(conn *wire.Conn) *upstream {
	up := &upstream{Conn: conn, abandon: func() { conn.NetConn().Close() }}
	up.watch = newWatch(up.abandon)
	up.forget = p.wiring.watch(conn, func() { p.hungUp(up) })
	return up
}

// reuse takes the idle connection that was used last; nil when there is none.
func (p *pool) reuse() *upstream {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) == 0 {
		return nil
	}
	up := p.idle[len(p.idle)-1]
	p.remove(len(p.idle)-1, len(p.idle))
	return up
}

// remove takes a part of the idle connections out of the list.
func (p *pool) remove(from, to int) {
	p.idle = slices.Delete(p.idle, from, to)
	p.wiring.kept.Add(int64(from - to))
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
	if p.ended || !up.Rested() || len(p.idle) >= p.live.Load().pool {
		return false
	}
	if p.wiring.kept.Add(1) > int64(p.live.Load().idle) {
		p.wiring.kept.Add(-1)
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
	if !p.trimming && len(p.idle) > p.live.Load().spare {
		p.trimming = true
		time.AfterFunc(p.live.Load().spareTime, p.trim)
	}
}

// trim gives connections back that a burst left behind: those above a small
// number that nobody has used for some time.
func (p *pool) trim() {
	p.mu.Lock()
	n := 0
	for n < len(p.idle)-p.live.Load().spare && time.Since(p.idle[n].since) >= p.live.Load().spareTime {
		n++
	}
	surplus := slices.Clone(p.idle[:n])
	p.remove(0, n)
	p.trimming = false
	p.plan()
	p.mu.Unlock()
	closeAll(surplus)
}

// hungUp notices an idle connection that ended: a worker never closes one
// while it lives.
func (p *pool) hungUp(up *upstream) {
	p.mu.Lock()
	at := slices.Index(p.idle, up)
	if at >= 0 {
		p.remove(at, at+1)
	}
	ended := p.ended
	p.mu.Unlock()
	if at < 0 {
		return // whoever uses it finds out
	}
	up.Close()
	if !ended {
		p.died()
	}
}

// drop closes the idle connections, because one of them had ended unnoticed.
func (p *pool) drop() {
	p.mu.Lock()
	idle := slices.Clone(p.idle)
	p.remove(0, len(p.idle))
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

// ask sends one request of the front's own over a connection of its own and
// returns the status of the answer, whose body is read up to a limit.
func (p *pool) ask(ctx context.Context, r *wire.Request) (status int, err error) {
	up, err := p.get(ctx, true)
	if err != nil {
		return 0, err
	}
	defer up.Close()
	stop := context.AfterFunc(ctx, func() { up.NetConn().Close() })
	defer stop()
	if _, err := up.WriteRequest(r, nil, true); err != nil {
		return 0, err
	}
	var resp wire.Response
	for resp.Status < http.StatusOK {
		if err := up.ReadResponse(&resp, r.Method); err != nil {
			return 0, err
		}
	}
	_, err = io.Copy(io.Discard, io.LimitReader(up, 1<<20))
	return resp.Status, err
}
