package pubsub

import (
	"bufio"
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

const (
	// maxBacklog bounds what waits for one connection of a hub, in bytes.
	maxBacklog = 1 << 20
	// acceptPause is how long a hub waits when it can open no more files.
	acceptPause = 100 * time.Millisecond
)

// Hub relays between the nodes of several processes: what one sends reaches
// all others. It looks at no topic and keeps nothing. A process that does not
// read holds nobody up: after 1 MiB its backlog gives way to a gap mark. The
// zero Hub is ready.
type Hub struct {
	mu    sync.Mutex
	peers map[*peer]struct{}
	stats HubStats
}

// HubStats are counts since the hub began.
type HubStats struct {
	Peers   int    // connections now
	Relayed uint64 // frames that came in
	Gaps    uint64 // backlogs that gave way to a gap mark
}

// Stats returns the present counts.
func (h *Hub) Stats() HubStats {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.stats
	s.Peers = len(h.peers)
	return s
}

// Serve accepts connections until ctx ends, which closes them and l and is no
// error. It returns when nothing of it runs any more. Who may connect is a
// matter of the socket's directory: make it 0700.
func (h *Hub) Serve(ctx context.Context, l net.Listener) error {
	var peers sync.WaitGroup
	defer peers.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { l.Close() })()
	for {
		c, err := l.Accept()
		switch {
		case err == nil:
			peers.Go(func() { h.serve(ctx, c) })
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		default:
			pause(ctx, acceptPause) // out of files or memory: both pass
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// serve passes on what one connection sends, until it ends.
func (h *Hub) serve(ctx context.Context, c net.Conn) {
	ctx, cancel := context.WithCancel(ctx)
	defer context.AfterFunc(ctx, func() { c.Close() })()
	p := &peer{wake: make(chan struct{}, 1)}
	p.put(appendFrame(nil, kindHello, "", []byte{version}))
	h.add(p)
	defer h.remove(p)

	var writer sync.WaitGroup
	writer.Go(func() {
		defer cancel()
		p.write(ctx, c)
	})
	for r := bufio.NewReader(c); ; {
		f, err := readFrame(r)
		if err != nil {
			break
		}
		h.relay(p, f)
	}
	cancel()
	c.Close()
	writer.Wait()
}

func (h *Hub) add(p *peer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.peers == nil {
		h.peers = map[*peer]struct{}{}
	}
	h.peers[p] = struct{}{}
}

func (h *Hub) remove(p *peer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.peers, p)
}

// relay puts a frame into the backlog of every connection but its own.
func (h *Hub) relay(from *peer, f frame) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stats.Relayed++
	for p := range h.peers {
		if p != from && !p.put(f) {
			h.stats.Gaps++
		}
	}
}

// peer is what waits for one connection.
type peer struct {
	wake chan struct{} // holds one signal after a put

	mu      sync.Mutex
	backlog []byte // frames
}

// put appends a frame; false means that the backlog was full and gave way, the
// frame with it, to the mark of a gap on any topic.
func (p *peer) put(f frame) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	fits := len(p.backlog)+len(f) <= maxBacklog
	if fits {
		p.backlog = append(p.backlog, f...)
	} else {
		p.backlog = appendMessage(p.backlog[:0], Message{Gap: true})
	}
	select {
	case p.wake <- struct{}{}:
	default: // the writer has been told already
	}
	return fits
}

// write sends the backlog again and again until ctx or the connection ends.
func (p *peer) write(ctx context.Context, c net.Conn) {
	var sending []byte
	for {
		p.mu.Lock()
		sending, p.backlog = p.backlog, sending[:0]
		p.mu.Unlock()
		if len(sending) == 0 {
			select {
			case <-p.wake:
				continue
			case <-ctx.Done():
				return
			}
		}
		if _, err := c.Write(sending); err != nil {
			return
		}
	}
}
