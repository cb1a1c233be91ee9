package runner

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/dram-go/dram/runner/control"
)

// peer is the master's end of a control connection. Sending never blocks the
// supervisor: messages wait in a queue of their own, and a peer that lets it
// fill up is cut off, which is what its death would look like.
type peer struct {
	conn  *control.Conn
	queue chan envelope
	limit time.Duration // for the sending of one message; 0: none
	once  sync.Once
	done  chan struct{} // the writer has ended

	upstreams []control.Upstream // of mounts, as a front said last
	behind    bool               // a front has not been told of all that has changed
}

type envelope struct {
	kind  control.Kind
	body  any
	files []*os.File
}

// queueLength is far beyond what a healthy peer ever leaves unread.
const queueLength = 256

func newPeer(conn *control.Conn) *peer { return startPeer(conn, 0) }

// answerLimit is how long a command line may take to read a message.
const answerLimit = 10 * time.Second

// newAsker is the peer of a command line. Unlike a process of the tree, which
// may be stopped for a while and go on, one that does not read is given up: it
// must not hold a descriptor for ever.
func newAsker(conn *control.Conn) *peer { return startPeer(conn, answerLimit) }

func startPeer(conn *control.Conn, limit time.Duration) *peer {
	p := &peer{conn: conn, limit: limit, queue: make(chan envelope, queueLength), done: make(chan struct{})}
	go p.write()
	return p
}

// send queues a message and takes the files over. Only the supervisor's own
// goroutine calls send and close.
func (p *peer) send(kind control.Kind, body any, files ...*os.File) {
	select {
	case p.queue <- envelope{kind, body, files}:
	default:
		closeFiles(files)
		p.conn.Close()
	}
}

// close ends the connection after what is queued.
func (p *peer) close() { p.once.Do(func() { close(p.queue) }) }

func (p *peer) write() {
	defer close(p.done)
	defer p.conn.Close()
	broken := false
	for e := range p.queue {
		if p.limit > 0 {
			p.conn.Unix().SetWriteDeadline(time.Now().Add(p.limit))
		}
		if !broken {
			if err := p.conn.Send(e.kind, e.body, e.files...); err != nil {
				broken = true // the reader sees it too and reports the end
				if !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
					p.conn.Close() // otherwise its last words may still be there to be read
				}
			}
		}
		closeFiles(e.files)
	}
}

func closeFiles(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}
