package wire

import (
	"errors"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/dram-go/dram/runner/nonblock"
)

// outbox is what is to be sent on a message connection. Many put frames into
// it, and whoever finds that nobody sends sends for all: it lets others that
// can run go first, who have something to send, too, more often than not, so
// that one system call carries it all.
//
// Nobody sends for others for long, nor waits for the other side: what is left
// after two rounds, and what the kernel has no room for, goes to a goroutine.
type outbox struct {
	conn net.Conn
	raw  syscall.RawConn // nil: conn has no descriptor
	side Side
	// stall is how long the other side may take nothing of what waits for it; 0
	// for any time.
	stall time.Duration

	courtesy courtesy // of who sends

	try   func(fd uintptr) bool // tryOnce
	left  []byte                // what it sends
	wait  bool                  // it returns false when there is no room
	full  bool                  // there was no room
	timed bool                  // a deadline is set
	err   error                 // why it could not

	mu      sync.Mutex
	frames  []byte
	spare   []byte
	sending bool
	failed  error         // nothing is sent any more
	rested  chan struct{} // closed when nobody sends any more; nil when nobody waits for that
}

// Sizes of a buffer of frames: one that is larger is not kept, and who finds
// more than crowded of them should go elsewhere.
const (
	keptFrames    = 256 << 10
	crowdedFrames = 256 << 10
)

// courtesy decides whether who sends lets others go first. They have something
// to send and are soon done with it, unless they compute: then everybody's
// frames would wait for them.
type courtesy struct{ not time.Time } // before that

const (
	// longTurn is how long others take who compute: the scheduler's slice.
	longTurn = 10 * time.Millisecond
	// noCourtesy is how long they are taken to go on.
	noCourtesy = time.Second
)

func (c *courtesy) due(now time.Time) bool { return !now.Before(c.not) }

// took notes how long others took.
func (c *courtesy) took(begun time.Time, turn time.Duration) {
	if turn >= longTurn {
		c.not = begun.Add(turn + noCourtesy)
	}
}

func newOutbox(c *Conn) *outbox {
	o := &outbox{conn: c.conn, raw: c.raw, side: c.side, stall: c.stall}
	o.try = o.tryOnce
	return o
}

// begin returns the frames that wait, behind which the caller appends one;
// end or undo must follow.
func (o *outbox) begin() []byte {
	o.mu.Lock()
	return o.frames
}

// undo leaves the frames as begin has found them.
func (o *outbox) undo() { o.mu.Unlock() }

// end takes the frames back and sees to it that they are sent. The error is
// that of an earlier sending, after which nothing is.
func (o *outbox) end(frames []byte) error {
	if o.failed != nil {
		defer o.mu.Unlock()
		return o.failed
	}
	o.frames = frames
	if o.sending {
		o.mu.Unlock()
		return nil
	}
	o.sending = true
	o.mu.Unlock()
	if begun := time.Now(); o.courtesy.due(begun) {
		runtime.Gosched()
		o.courtesy.took(begun, time.Since(begun))
	}
	o.send()
	return nil
}

// send sends what is there, twice at most.
func (o *outbox) send() {
	for range 2 {
		frames := o.take()
		if frames == nil {
			return
		}
		if !o.write(false) {
			go o.sendAll(frames)
			return
		}
		o.give(frames)
	}
	if frames := o.take(); frames != nil {
		go o.sendAll(frames)
	}
}

// sendAll sends until nothing is left; it waits when there is no room. It ends
// with the connection.
func (o *outbox) sendAll(frames []byte) {
	o.write(true)
	for o.give(frames); ; o.give(frames) {
		if frames = o.take(); frames == nil {
			return
		}
		o.write(true)
	}
}

// take returns what is to be sent; nil, and nobody sends any more, when there
// is nothing.
func (o *outbox) take() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.frames) == 0 || o.failed != nil {
		o.sending, o.frames = false, o.frames[:0]
		if o.rested != nil {
			close(o.rested)
			o.rested = nil
		}
		return nil
	}
	frames := o.frames
	o.frames, o.spare = o.spare[:0], nil
	o.left = frames
	return frames
}

// rest returns a channel that is closed when nothing is left to be sent; nil
// when that is so.
func (o *outbox) rest() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.sending && o.rested == nil {
		o.rested = make(chan struct{})
	}
	return o.rested
}

// give takes a buffer back.
func (o *outbox) give(frames []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.spare == nil && cap(frames) <= keptFrames {
		o.spare = frames[:0]
	}
}

// write sends o.left, and reports false when that would have to wait for room.
// A failure ends the connection.
func (o *outbox) write(wait bool) bool {
	if o.raw == nil {
		_, err := o.conn.Write(o.left)
		o.left = nil
		o.fail(err)
		return true
	}
	o.wait, o.full, o.err = wait, false, nil
	err := o.raw.Write(o.try)
	if o.timed {
		o.timed = false
		_ = o.conn.SetWriteDeadline(time.Time{}) // fails only when closed
	}
	o.fail(errors.Join(err, o.err))
	return !o.full
}

// tryOnce is called by the runtime when there may be room.
func (o *outbox) tryOnce(fd uintptr) bool {
	for len(o.left) > 0 {
		var n int
		var err error
		if o.side == Front {
			n, err = nonblock.Write(fd, o.left, nil)
		} else {
			n, err = syscall.Write(int(fd), o.left)
		}
		switch err {
		case nil:
			o.left = o.left[n:]
		case syscall.EINTR:
		case syscall.EAGAIN:
			o.full = !o.wait
			if o.wait && o.stall > 0 {
				o.timed = true
				_ = o.conn.SetWriteDeadline(time.Now().Add(o.stall)) // fails only when closed
			}
			return o.full
		default:
			o.err = os.NewSyscallError("write", err)
			return true
		}
	}
	return true
}

// lastAnswers is how long a front reads what a worker has said before its end.
const lastAnswers = time.Second

// fail notes an error, and makes the reading side see the end: a front after
// the answers that came before it.
func (o *outbox) fail(err error) {
	if err == nil {
		return
	}
	o.mu.Lock()
	if o.failed == nil {
		o.failed = err
	}
	o.mu.Unlock()
	if o.side == Front && (errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)) &&
		o.conn.SetReadDeadline(time.Now().Add(lastAnswers)) == nil {
		return
	}
	o.conn.Close()
}

// crowded reports that the other side does not read as fast as it should.
func (o *outbox) crowded() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.frames) > crowdedFrames
}
