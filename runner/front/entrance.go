package front

import (
	"errors"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// entrance bounds the client connections of all listeners. One client too
// many waits in the kernel's queue until another leaves: if it were accepted,
// there might be no descriptor left for a worker. Those leave first who only
// keep a connection open: else whoever opens enough of them, which costs
// nothing, would keep everybody out.
type entrance struct {
	places chan struct{} // filled by each connection
	vacant chan struct{} // holds one signal after the last one left
	admit  func(net.Conn) (leave func(), ok bool)
	log    *slog.Logger

	// relieve ends a few connections that are idle; nil where an engine cannot.
	// It is set before the first listener is guarded.
	relieve func()

	accepted atomic.Uint64 // connections so far

	mu     sync.Mutex
	warned time.Time
}

// newEntrance has places for so many clients. Of these admit decides about each;
// leave is called when an admitted one has left.
func newEntrance(clients int, admit func(net.Conn) (leave func(), ok bool), log *slog.Logger) *entrance {
	return &entrance{places: make(chan struct{}, clients), vacant: make(chan struct{}, 1), admit: admit, log: log}
}

// entranceWarning is the shortest time between two lines about a full house.
const entranceWarning = 10 * time.Second

// full tells the log that clients wait.
func (e *entrance) full() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if now := time.Now(); e.warned.IsZero() || now.Sub(e.warned) >= entranceWarning {
		e.warned = now
		e.log.Warn("no place for more clients: idle ones are closed, new ones wait; raise the limit of open files (ulimit -n, LimitNOFILE)",
			"connections", cap(e.places))
	}
}

// guarded is a listener behind an entrance.
type guarded struct {
	net.Listener
	secure   bool // connections begin with a TLS handshake
	entrance *entrance
	once     sync.Once
	closed   chan struct{}
	last     atomic.Pointer[time.Time] // when nobody can come any more; set by retire
}

func (e *entrance) guard(l net.Listener) *guarded {
	return &guarded{Listener: l, entrance: e, closed: make(chan struct{})}
}

// Accept waits for a place, then for a client that is admitted.
func (g *guarded) Accept() (net.Conn, error) {
	for {
		conn, err := g.acceptAny()
		if err != nil {
			return nil, err
		}
		leave, ok := g.entrance.admit(conn)
		if !ok {
			turnAway(conn)
			g.entrance.leave()
			continue
		}
		gone := sync.OnceFunc(func() { leave(); g.entrance.leave() })
		// A TCPConn keeps its methods; net/http sends files by ReadFrom.
		if tcp, ok := conn.(*net.TCPConn); ok {
			return &tcpGuest{TCPConn: tcp, leave: gone}, nil
		}
		return &guest{Conn: conn, leave: gone}, nil
	}
}

// turnAway closes a connection at once. The client sees a reset; a goodbye would
// leave us with what remains of the connection for a minute.
func turnAway(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // fails on a connection that is gone
	}
	c.Close()
}

// acceptAny waits for a place, then for a client.
func (g *guarded) acceptAny() (net.Conn, error) {
	if !g.takePlace() {
		return nil, net.ErrClosed
	}
	if last := g.last.Load(); last != nil {
		g.look(*last)
	}
	conn, err := g.Listener.Accept()
	if err == nil {
		g.entrance.accepted.Add(1)
	} else {
		g.entrance.leave()
		if errors.Is(err, os.ErrDeadlineExceeded) && g.last.Load() != nil {
			g.Close()
			return nil, net.ErrClosed
		}
		return nil, err
	}
	return conn, nil
}

// reliefPause is the time between two attempts to make room.
const reliefPause = 50 * time.Millisecond

// takePlace waits for a place and makes some; false: nobody comes here any more.
func (g *guarded) takePlace() bool {
	select {
	case g.entrance.places <- struct{}{}:
		return true
	default:
		g.entrance.full()
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case g.entrance.places <- struct{}{}:
			return true
		case <-g.closed:
			return false
		case <-timer.C:
			if g.entrance.relieve != nil {
				g.entrance.relieve()
				timer.Reset(reliefPause)
			}
		}
	}
}

// retire ends the accepting. If this process is the last to listen there, the
// kernel would reset whoever waits to be accepted. So for the time of a
// handshake those are taken who have come, while nobody else gets in.
func (g *guarded) retire(last bool, handshake time.Duration) {
	tcp, ok := g.Listener.(*net.TCPListener)
	if !last || !ok {
		g.Close()
		return
	}
	if err := lockDoor(tcp); err != nil { // such as of a listener for multipath TCP
		g.entrance.log.Debug("who connects in the last moment is reset", "err", err)
	}
	until := time.Now().Add(handshake)
	g.last.Store(&until)
	g.look(until)
}

// look lets Accept look for whoever has come until then, once at least.
func (g *guarded) look(until time.Time) {
	if once := time.Now().Add(time.Millisecond); until.Before(once) {
		until = once
	}
	_ = g.Listener.(*net.TCPListener).SetDeadline(until) // fails on a closed one, as Accept does
}

func (g *guarded) Close() error {
	g.once.Do(func() { close(g.closed) })
	return g.Listener.Close()
}

func (e *entrance) leave() {
	<-e.places
	if len(e.places) == 0 {
		select {
		case e.vacant <- struct{}{}:
		default: // there is a signal already
		}
	}
}

// await waits until no client is connected, limit at most, or until hurried.
// Nobody may be accepted any more.
func (e *entrance) await(limit time.Duration, hurried <-chan struct{}) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for len(e.places) > 0 {
		select {
		case <-e.vacant:
		case <-hurried:
			return
		case <-timer.C:
			return
		}
	}
}

// tcpGuest is a client connection with a place.
type tcpGuest struct {
	*net.TCPConn
	leave func()
}

func (c *tcpGuest) Close() error {
	defer c.leave()
	return c.TCPConn.Close()
}

// guest is a client connection of another kind.
type guest struct {
	net.Conn
	leave func()
}

func (c *guest) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// CloseWrite says the end and still listens, if this kind of connection can.
func (c *guest) CloseWrite() error {
	if half, ok := c.Conn.(halfCloser); ok {
		return half.CloseWrite()
	}
	return c.Conn.Close()
}
