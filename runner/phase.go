package runner

import (
	"fmt"
	"slices"
	"time"

	"github.com/dram-go/dram/runner/control"
)

// phase is where a worker or a front stands in its life.
//
//	starting ──► probing ──► ready ◄──► suspect
//	   │            │          │           │
//	   │            │          ▼           │
//	   │            │       draining ◄─────┤
//	   │            │          │           │
//	   │            └────► stopping ◄──────┤
//	   │                       │           │
//	   └──────────────────► killing ◄──────┘
//	                           │
//	                           ▼
//	                         ended        (from anywhere: it died)
//
// A worker that fills the place of an equal one goes from starting to ready; a
// new generation's is probed first. A front is starting, ready, stopping,
// killing.
type phase string

const (
	starting phase = "starting" // runs, has not said READY
	probing  phase = "probing"  // said READY; fronts ask it for a page before it serves
	ready    phase = "ready"    // serves
	suspect  phase = "suspect"  // serves, but has not beaten in time; fronts prefer others and probe it
	draining phase = "draining" // finishes what fronts still have there
	stopping phase = "stopping" // was told to end
	killing  phase = "killing"  // SIGKILL is on its way
	ended    phase = "ended"    // its process is gone
)

// steps lists where a process may go from each phase.
var steps = map[phase][]phase{
	starting: {probing, ready, killing, ended},
	probing:  {ready, stopping, killing, ended},
	ready:    {suspect, draining, stopping, killing, ended},
	suspect:  {ready, draining, stopping, killing, ended},
	draining: {stopping, killing, ended},
	stopping: {killing, ended},
	killing:  {ended},
	ended:    nil,
}

// process is what the supervisor knows of one child. It holds no handles: the
// policy works on it alone.
type process struct {
	ID         int // of a worker; never used again. Of a front: its number
	Slot       int // the place it fills, 1 to N; 0 for the front
	Generation int
	PID        int
	Phase      phase
	Started    time.Time
	Since      time.Time // begin of the phase
	Until      time.Time // when the phase has lasted too long; zero: never
	Served     time.Time // when it became ready; zero: never
	Reason     string    // why we ended it, when we did
	Retire     string    // why another one shall take its place; empty: none shall

	// What it said last, and when anything was last heard from it.
	Pulse   control.Pulse
	BeatAt  time.Time
	RSS     int64   // bytes
	Jitter  float64 // 0.9 to 1.1, for limits that equal processes reach together
	lingers bool    // a front that waits for its idle clients
	asked   bool    // its own handler was asked for the probe, there being no front
	dumpAt  time.Time
	quitted bool // was sent QUIT, which prints every goroutine

	probe   int       // number of the last probe
	probeAt time.Time // when it was asked for
	passed  bool      // somebody got a good answer to it
	failed  string    // somebody got another

	// removed is the first table revision that gives this worker no new
	// requests, and when it was sent; 0 before.
	removed   uint64
	removedAt time.Time
}

// move goes to the next phase. An illegal step is a defect of the supervisor
// and changes nothing.
func (p *process) move(to phase, now, until time.Time) error {
	if !slices.Contains(steps[p.Phase], to) {
		return fmt.Errorf("%s cannot go from %s to %s", p, p.Phase, to)
	}
	p.Phase, p.Since, p.Until = to, now, until
	if to == ready && p.Served.IsZero() {
		p.Served = now
	}
	return nil
}

// serves reports whether a front may send it requests.
func (p *process) serves() bool { return p.Phase == ready || p.Phase == suspect }

// alive reports whether it serves or is about to.
func (p *process) alive() bool { return p.Phase == starting || p.Phase == probing || p.serves() }

// isFront reports whether the process is a front.
func (p *process) isFront() bool { return p.Slot == 0 }

// String names a process as logs, titles and status do.
func (p process) String() string {
	if p.isFront() {
		return "front"
	}
	return fmt.Sprintf("worker %d", p.ID)
}
