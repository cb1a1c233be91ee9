package devserver

import (
	"context"
	"sync/atomic"
)

// phase says how the app is.
type phase string

// The phases.
const (
	phaseBuilding phase = "building" // a change is being built or started
	phaseOK       phase = "ok"       // what is saved is what is served
	phaseFailed   phase = "failed"   // the build failed
	phaseCrashed  phase = "crashed"  // the app did not start, or ended by itself
)

// state is what a browser is told, always as a whole.
type state struct {
	// Version changes whenever a page made before should be loaded again. It
	// differs between runs of the dev server.
	Version string `json:"version"`
	// Styles counts the changes of stylesheets, Changed are those of the last.
	Styles  int      `json:"styles"`
	Changed []string `json:"changed,omitempty"`
	Phase   phase    `json:"phase"`
	Build   int      `json:"build"` // number of the newest build begun
	PID     int      `json:"pid,omitempty"`
	Note    string   `json:"note,omitempty"` // what takes so long
	Problem *problem `json:"problem,omitempty"`
}

// view is one moment of the dev server, immutable. The loop publishes views,
// everything that serves requests reads them.
type view struct {
	state
	app     *app          // serving, or nil
	hold    bool          // a better answer is being made: wait
	changed chan struct{} // closed when a newer view is published
}

// board carries the newest view from the loop to everyone else.
type board struct {
	newest atomic.Pointer[view]
}

func newBoard(first view) *board {
	b := &board{}
	first.changed = make(chan struct{})
	b.newest.Store(&first)
	return b
}

// publish makes v the newest view. Only the loop calls it.
func (b *board) publish(v view) {
	v.changed = make(chan struct{})
	close(b.newest.Swap(&v).changed)
}

// view returns the newest view.
func (b *board) view() *view { return b.newest.Load() }

// await returns the newest view once ok accepts it, or when ctx ends.
func (b *board) await(ctx context.Context, ok func(*view) bool) *view {
	for {
		v := b.view()
		if ok(v) {
			return v
		}
		select {
		case <-v.changed:
		case <-ctx.Done():
			return b.view()
		}
	}
}
