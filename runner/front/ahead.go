package front

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// ahead is the body of a response that is read faster than its client takes it:
// who has made it, and perhaps holds a row of a database or one of a few
// threads for it, should be done with it soon.
//
// At first it reads what it is asked to. When a write to the client has taken
// long, a goroutine reads all that comes while that goes on and keeps it, in
// memory and then in a file; with nothing left to send the sender waits for it.
// Where there is no room it goes on as the client takes what there is.
type ahead struct {
	source io.Reader
	await  func() error // waits, without memory, for source to have something; nil if it cannot
	cut    func()       // makes a Read of source return
	rules  aheadRules
	chunks *sync.Pool

	writes int
	timer  *time.Timer

	mu      sync.Mutex
	changed *sync.Cond
	writing bool // the client is slow if this lasts
	running bool // the goroutine is the one who reads, for good
	closed  bool
	kept    spool
	taken   int64         // of kept, by the sender
	err     error         // what has ended source
	over    chan struct{} // closed when the goroutine has ended
}

// aheadRules bound what is read ahead.
type aheadRules struct {
	slow   time.Duration // a write that takes longer is that of a slow client
	memory int64         // bytes of one response in memory
	each   int64         // bytes of one response
	all    int64         // bytes of all responses in files
}

func (p *proxy) newAhead(source io.Reader, rules aheadRules, await func() error, cut func()) *ahead {
	a := &ahead{source: source, await: await, cut: cut, rules: rules, chunks: p.chunks, kept: spool{used: &p.ahead}}
	a.changed = sync.NewCond(&a.mu)
	return a
}

// write is a write to the client, during which the response may come further.
// The first one is not watched: most responses have no other.
func (a *ahead) write(to io.Writer, p []byte) (int, error) {
	if a.writes++; a.writes > 1 {
		a.begin()
		defer a.end()
	}
	return to.Write(p)
}

func (a *ahead) begin() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.running {
		return
	}
	a.writing = true
	if a.timer == nil {
		a.timer = time.AfterFunc(a.rules.slow, a.run)
	} else {
		a.timer.Reset(a.rules.slow)
	}
}

func (a *ahead) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.writing = false
	a.timer.Stop() // if that is too late, run finds that nothing lasts
}

// run reads until the end.
func (a *ahead) run() {
	a.mu.Lock()
	slow := a.writing && !a.running && !a.closed
	if slow {
		a.running, a.over = true, make(chan struct{})
	}
	a.mu.Unlock()
	if !slow {
		return
	}
	defer close(a.over)
	for a.more() {
	}
}

// more reads once and reports whether there may be more.
func (a *ahead) more() bool {
	if a.await != nil {
		if err := a.await(); err != nil {
			return a.keep(nil, err)
		}
	}
	chunk := a.chunks.Get().(*[]byte)
	defer a.chunks.Put(chunk)
	n, err := a.source.Read(*chunk)
	return a.keep((*chunk)[:n], err)
}

// keep waits for room where there is none until the sender has taken all.
func (a *ahead) keep(p []byte, err error) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(p) > 0 && !a.closed && !a.store(p) {
		a.changed.Wait()
	}
	a.err = err
	a.changed.Broadcast()
	return err == nil && !a.closed
}

// store reports whether there was room; with nothing kept there always is.
func (a *ahead) store(p []byte) bool {
	empty := a.kept.length() == 0
	if !empty && a.kept.length()+int64(len(p)) > a.rules.each {
		return false
	}
	return a.kept.write(p, max(a.rules.memory, int64(len(p))), a.rules.all) == nil
}

// Await waits until Read need not.
func (a *ahead) Await() error {
	if a.reads() {
		if a.await == nil {
			return nil
		}
		return a.await()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.kept.length() == 0 && a.err == nil {
		a.changed.Wait()
	}
	return nil
}

// reads reports that the sender itself reads. Nothing begins to run but during
// a write of its own.
func (a *ahead) reads() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return !a.running
}

// errKept means that what was kept for a slow client cannot be read again.
var errKept = errors.New("front: the file of a response")

func (a *ahead) Read(p []byte) (int, error) {
	if a.reads() {
		return a.source.Read(p)
	}
	if err := a.Await(); err != nil {
		return 0, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.kept.length() == 0 {
		return 0, a.err
	}
	n, err := a.kept.readAt(p, a.taken)
	if err != nil {
		return n, fmt.Errorf("%w: %w", errKept, err)
	}
	if a.taken += int64(n); a.taken == a.kept.length() {
		a.kept.reset()
		a.taken = 0
		a.changed.Broadcast()
	}
	return n, nil
}

// close ends the reading, and drops what the client has not taken.
func (a *ahead) close() {
	a.mu.Lock()
	a.closed = true
	if a.timer != nil {
		a.timer.Stop()
	}
	running, ended := a.running, a.err != nil
	a.changed.Broadcast()
	a.mu.Unlock()
	if running {
		if !ended {
			a.cut()
		}
		<-a.over
	}
	a.kept.close()
}
