package runner

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/dram-go/dram/runner/control"
)

// stopMode is how the whole tree is ending.
type stopMode int

const (
	serving  stopMode = iota
	graceful          // requests in flight may finish
	quick             // they may not
)

// limits are the times that the policy keeps.
type limits struct {
	Boot     time.Duration // from the start of a process to its READY
	Graceful time.Duration // for requests in flight of a process that ends
}

// killAfter is how long a process may take to end beyond its grace.
const killAfter = 5 * time.Second

// state is all that the supervisor decides by. Events change it through the
// methods here, which do nothing else; [state.decide] says what to do about it.
type state struct {
	limits  limits
	stop    stopMode
	quickAt time.Time // when stop became quick

	generation int // the one that serves; 0 before the first
	target     int // workers of it
	workers    map[int]*process
	slots      map[int]*slot
	lastWorker int // the highest worker number given out

	wantFront bool // this tree has a front of its own
	front     *process
	frontSlot slot
	lastFront int

	peers    map[int]*peerState // connected fronts, by number
	table    []control.TableWorker
	revision uint64

	rollout *rollout
}

// peerState is a connected front: our own child, or one that runs apart.
type peerState struct {
	acked uint64
	links map[int]bool // workers it was given a link to
	idle  map[int]bool // of these, the ones it is done with

	owed    time.Time // since when it waits for a table that could not be sent; zero: it does not
	retryAt time.Time // when to try again
}

// rollout is a generation on its way: all its workers must be ready before
// one of them serves.
type rollout struct {
	Generation int
	Target     int
	First      bool // there is no older generation to fall back on
	Starting   bool // prepared: its workers may be started
	Swapped    bool // its workers serve, the older ones drain
	Failed     string
	started    map[int]bool // slots that had their one try

	blocked time.Time // since when the swap fails; zero: it does not
	retryAt time.Time // when to try it again
}

func newState(l limits, wantFront bool) *state {
	return &state{
		limits: l, workers: map[int]*process{}, slots: map[int]*slot{},
		peers: map[int]*peerState{}, wantFront: wantFront,
	}
}

// sortedWorkers are all workers in the order of their numbers, so that what
// is decided does not depend on the order of a map.
func (s *state) sortedWorkers() []*process {
	return slices.SortedFunc(maps.Values(s.workers), func(a, b *process) int { return cmp.Compare(a.ID, b.ID) })
}

func (s *state) slot(n int) *slot {
	if s.slots[n] == nil {
		s.slots[n] = &slot{}
	}
	return s.slots[n]
}

// filled are the slots of the serving generation that have a worker.
func (s *state) filled() map[int]bool {
	filled := map[int]bool{}
	for _, w := range s.workers {
		if w.Generation == s.generation && (w.Phase == starting || w.Phase == ready) {
			filled[w.Slot] = true
		}
	}
	return filled
}

// notAt is when a slot may get its next process: later after each death, but
// not much while nobody is served.
func (s *state) notAt(n int) time.Time {
	slot := s.slots[n]
	switch {
	case slot == nil:
		return time.Time{}
	case s.serves():
		return slot.notAt
	}
	return earlier(slot.notAt, slot.diedAt.Add(longestOutage))
}

// serves reports whether there is a worker for requests.
func (s *state) serves() bool {
	for _, w := range s.workers {
		if w.Phase == ready && w.Generation == s.generation {
			return true
		}
	}
	return false
}

// over reports that nothing is left of the tree.
func (s *state) over() bool {
	return s.stop != serving && len(s.workers) == 0 && s.front == nil
}

// beginStop ends the tree; a second time it can only become quicker.
func (s *state) beginStop(mode stopMode, now time.Time) {
	if mode == quick && s.stop != quick {
		s.quickAt = now
	}
	s.stop = max(s.stop, mode)
}

// beginRollout announces a generation. Its workers wait for startRollout.
func (s *state) beginRollout(generation int) {
	s.rollout = &rollout{Generation: generation, First: s.generation == 0, started: map[int]bool{}}
}

// startRollout lets the workers of the coming generation start.
func (s *state) startRollout(target int) {
	s.rollout.Target, s.rollout.Starting = target, true
}

func (s *state) workerStarted(p process, now time.Time) {
	p.Phase, p.Since, p.Until = starting, now, now.Add(s.limits.Boot)
	s.workers[p.ID] = &p
	if r := s.rollout; r != nil && !r.Swapped && p.Generation == r.Generation {
		r.started[p.Slot] = true
	}
}

func (s *state) workerReady(id int, now time.Time) error {
	w := s.workers[id]
	if w == nil || w.Phase == stopping {
		return nil // it was told to end in the meantime
	}
	return w.move(ready, now, time.Time{})
}

// workerEnded records that a worker's process is gone, or never came to be.
func (s *state) workerEnded(p process, reason string, now time.Time, jitter float64) {
	delete(s.workers, p.ID)
	for _, peer := range s.peers {
		delete(peer.links, p.ID)
		delete(peer.idle, p.ID)
	}
	switch {
	case p.Phase == stopping && p.Reason == "", p.Phase == draining:
		// It was to go anyway.
	case s.rollout.mayFail() && p.Generation == s.rollout.Generation:
		s.failRollout(reason)
	case p.Generation == s.generation:
		s.slot(p.Slot).died(now, servedSince(p), jitter)
	}
}

// servedSince is when a process that has just ended began to serve; zero when
// it never did.
func servedSince(p process) time.Time {
	if p.Phase != ready {
		return time.Time{}
	}
	return p.Since
}

// failRollout gives the coming generation up; the first reason stays.
func (s *state) failRollout(reason string) {
	if r := s.rollout; r.mayFail() && r.Failed == "" {
		r.Failed = reason
	}
}

// mayFail reports whether a death still calls the generation off: until its
// workers serve, and at the first start until everything does.
func (r *rollout) mayFail() bool { return r != nil && (!r.Swapped || r.First) }

func (s *state) frontStarted(p process, now time.Time) {
	p.Phase, p.Since, p.Until = starting, now, now.Add(s.limits.Boot)
	s.front = &p
}

func (s *state) frontReady(now time.Time) error {
	if s.front == nil || s.front.Phase == stopping {
		return nil
	}
	return s.front.move(ready, now, time.Time{})
}

// frontEnded records the end of our own front's process. Without a front
// nobody is served, so its first death costs no pause.
func (s *state) frontEnded(p process, reason string, now time.Time, jitter float64) {
	s.front = nil
	if p.Phase == stopping && p.Reason == "" {
		return // it was to go anyway
	}
	if r := s.rollout; r != nil && r.First {
		s.failRollout(reason)
		return
	}
	s.frontSlot.frontDied(now, servedSince(p), jitter)
}

func (s *state) peerConnected(n int) {
	s.peers[n] = &peerState{links: map[int]bool{}, idle: map[int]bool{}}
}

func (s *state) peerGone(n int) { delete(s.peers, n) }

const (
	// linkRetry is the pause after links could not be made: for want of
	// descriptors, most likely.
	linkRetry = 200 * time.Millisecond
	// linkPatience is how long a rollout waits for links.
	linkPatience = 10 * time.Second
)

// tableFailed records that a front could not be sent the table.
func (s *state) tableFailed(n int, why string, now time.Time) {
	p := s.peers[n]
	if p.owed.IsZero() {
		p.owed = now
	}
	p.retryAt = now.Add(linkRetry)
	if now.Sub(p.owed) >= linkPatience {
		s.failRollout(why)
	}
}

// tableSent records that a front was sent the table.
func (s *state) tableSent(n int) { s.peers[n].owed = time.Time{} }

// swapFailed records that the coming generation cannot be linked.
func (s *state) swapFailed(why string, now time.Time) {
	r := s.rollout
	if r.blocked.IsZero() {
		r.blocked = now
	}
	r.retryAt = now.Add(linkRetry)
	if now.Sub(r.blocked) >= linkPatience {
		s.failRollout(why)
	}
}

func (s *state) peerAcked(n int, revision uint64) {
	if p := s.peers[n]; p != nil && revision <= s.revision {
		p.acked = max(p.acked, revision)
	}
}

func (s *state) peerIdle(n, worker int) {
	if p := s.peers[n]; p != nil && p.links[worker] {
		p.idle[worker] = true
	}
}

// wantTable is the table that fronts should work by now.
func (s *state) wantTable() []control.TableWorker {
	var table []control.TableWorker
	for _, w := range s.sortedWorkers() {
		row := control.TableWorker{ID: w.ID, Generation: w.Generation, PID: w.PID}
		switch {
		case w.Phase == ready && w.Generation == s.generation:
			row.State = control.WorkerReady
		case w.Phase == draining:
			row.State = control.WorkerDraining
		default:
			continue
		}
		table = append(table, row)
	}
	return table
}

// published records that the table was sent to every front.
func (s *state) published(table []control.TableWorker, now time.Time) {
	s.table = table
	s.revision++
	for _, row := range table {
		if w := s.workers[row.ID]; row.State == control.WorkerDraining && w.removed == 0 {
			w.removed, w.removedAt = s.revision, now
		}
	}
}

// maxLinks is how many links one table message carries; the kernel takes 253
// files, the control protocol 64.
const maxLinks = 64

// forPeer is the table as one front gets it, with the workers marked that it
// needs a link to: it never hears of a worker that drains and that it never
// used. complete is false when there are more new workers than links fit into
// a message; those wait for the next one.
func (s *state) forPeer(n int) (t control.Table, complete bool) {
	peer := s.peers[n]
	t = control.Table{Revision: s.revision}
	links := 0
	for _, row := range s.table {
		row.NewLink = !peer.links[row.ID]
		if row.State == control.WorkerDraining && row.NewLink {
			continue
		}
		if row.NewLink {
			if links++; links > maxLinks {
				return t, false
			}
		}
		t.Workers = append(t.Workers, row)
	}
	return t, true
}

// swap lets the coming generation serve and the older ones drain.
func (s *state) swap(now time.Time) error {
	r := s.rollout
	for _, w := range s.sortedWorkers() {
		if w.Generation == r.Generation || w.Phase != ready {
			continue
		}
		if err := w.move(draining, now, now.Add(s.limits.Graceful)); err != nil {
			return err
		}
	}
	s.generation, s.target, r.Swapped = r.Generation, r.Target, true
	s.slots = map[int]*slot{}
	return nil
}
