package runner

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/dram-go/dram/runner/control"
)

// peerState is a connected front: our own child, or one that runs apart.
type peerState struct {
	acked  uint64
	links  map[int]bool // workers it was given a link to
	idle   map[int]bool // of these, the ones it is done with
	probed map[int]int  // the last probe of each that it has answered

	owed    time.Time // since when it waits for a table that could not be sent; zero: it does not
	retryAt time.Time // when to try again

	askedAt time.Time // since when it owes us an ACK; zero: it does not
	cut     bool      // it hangs, and its connection is being closed
}

// tableState is what fronts are told, apart from what belongs to each.
type tableState struct {
	rows     []control.TableWorker
	files    int // generation whose static files are the newest
	draining bool

	maintenance *control.Maintenance
}

func (t tableState) equal(other tableState) bool {
	return t.draining == other.draining && t.maintenance == other.maintenance && t.files == other.files && slices.Equal(t.rows, other.rows)
}

func (s *state) peerConnected(n int) {
	s.peers[n] = &peerState{links: map[int]bool{}, idle: map[int]bool{}, probed: map[int]int{}}
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
func (s *state) tableSent(n int, now time.Time) {
	p := s.peers[n]
	p.owed = time.Time{}
	if p.askedAt.IsZero() && p.acked < s.revision {
		p.askedAt = now
	}
}

func (s *state) peerAcked(n int, revision uint64, now time.Time) {
	p := s.peers[n]
	if p == nil || revision > s.revision {
		return
	}
	p.acked = max(p.acked, revision)
	p.askedAt = now // it is alive
	if p.acked == s.revision {
		p.askedAt = time.Time{}
	}
}

const (
	// republishAfter is how long a table stands until it is sent again: a front
	// that hangs is found by the ACK that does not come.
	republishAfter = 30 * time.Second
	// frontPatience is how long our own front may owe an ACK. It is longer than
	// the lease, which is all that others wait for, because its end cuts
	// clients.
	frontPatience = 2 * control.Lease
)

// decideHungFronts cuts fronts off that do not acknowledge a table. They give
// no sign of life for so long that they serve nobody either.
func (s *state) decideHungFronts(p *plan) {
	for _, n := range slices.Sorted(maps.Keys(s.peers)) {
		peer, own := s.peers[n], s.fronts[n]
		limit := control.Lease
		if own != nil {
			limit = frontPatience
		}
		switch {
		case peer.cut || peer.askedAt.IsZero() || own != nil && own.Phase != ready:
		case p.due(peer.askedAt.Add(limit)):
			p.add(action{Do: doCut, Front: n, Why: fmt.Sprintf("it hangs: it has not acknowledged a table for %s", limit)})
		}
	}
}

func (s *state) peerIdle(n, worker int) {
	if p := s.peers[n]; p != nil && p.links[worker] {
		p.idle[worker] = true
	}
}

// wantTable is the table that fronts should work by now.
func (s *state) wantTable() tableState {
	t := tableState{draining: s.draining, maintenance: s.maintenance, files: s.newestFiles()}
	for _, w := range s.sortedWorkers() {
		row := control.TableWorker{ID: w.ID, Generation: w.Generation, PID: w.PID}
		switch w.Phase {
		case ready:
			row.State = control.WorkerReady
		case suspect:
			row.State, row.Probe = control.WorkerReady, w.probe
		case probing:
			row.State, row.Probe = control.WorkerProbing, w.probe
		case draining:
			row.State = control.WorkerDraining
		default:
			continue
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// newestFiles is the generation whose pages may reach clients already: its
// static files have to be there before. Fronts keep those of older ones.
func (s *state) newestFiles() int {
	if r := s.rollout; r != nil && (r.First || r.canary) && r.Failed == "" {
		return r.Generation
	}
	return s.generation
}

// published records that the table was sent to every front.
func (s *state) published(table tableState, now time.Time) {
	s.table, s.publishedAt = table, now
	s.revision++
	for _, row := range table.rows {
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
	t = control.Table{Revision: s.revision, Wanted: s.target, Draining: s.table.draining, Maintenance: s.table.maintenance}
	links := 0
	for _, row := range s.table.rows {
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

// needed is the rule that makes loss impossible: a worker may end only after
// every front that has a link to it has acknowledged a table without it and
// has said that it is idle there. A front that does not even acknowledge may
// use its table for a lease only; requests may take the drain's time only.
func (s *state) needed(p *plan, w *process) bool {
	for _, peer := range s.peers {
		if !peer.links[w.ID] || peer.idle[w.ID] {
			continue
		}
		if !peer.owed.IsZero() && peer.acked < w.removed {
			return true // our fault, not the front's: it still uses the worker
		}
		until := w.Until
		if peer.acked < w.removed {
			until = earlier(until, w.removedAt.Add(control.Lease))
		}
		if !p.due(until) {
			return true
		}
	}
	return false
}
