package front

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/dram-go/dram/runner/control"
	"github.com/dram-go/dram/runner/wire"
)

const (
	// probeTimes is how often a worker is asked before it is trusted: one good
	// answer can be luck.
	probeTimes = 3
	// probeLimit bounds all of that. The master waits a little longer.
	probeLimit = 8 * time.Second
	// probeAgent is what workers see in User-Agent.
	probeAgent = "dram-probe"
)

// probes adds the probe that a table asks for, if it is a new one. A ready
// worker that is probed is under suspicion, so others are preferred meanwhile.
func (t *table) probes(all []func(), w *worker, number int, path string, tell func(control.Kind, any)) []func() {
	if number <= w.probed {
		return all
	}
	w.probed = number
	w.suspect()
	return append(all, func() {
		said := control.Probed{Worker: w.id, Probe: number}
		err := w.probe(path)
		switch {
		case err == nil:
		case w.closed():
			return // we have let go of it, or end: that says nothing of the worker
		default:
			said.Failure = err.Error()
		}
		tell(control.KindProbed, said)
	})
}

// probe asks the worker for a page over the way that requests take, several
// times. Any answer below 500 is good.
func (w *worker) probe(path string) error {
	ctx, cancel := context.WithTimeout(context.Background(), probeLimit)
	defer cancel()
	if path == "" {
		path = "/"
	}
	for range probeTimes {
		status, err := w.pool.ask(ctx, probeRequest(path))
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("GET %s was not answered within %s", path, probeLimit)
		case err != nil:
			return fmt.Errorf("GET %s: %w", path, err)
		case status >= http.StatusInternalServerError:
			return fmt.Errorf("GET %s was answered %d", path, status)
		}
	}
	return nil
}

// probeRequest is the request of a probe.
func probeRequest(path string) *wire.Request {
	return &wire.Request{
		Method: http.MethodGet, Target: path, Host: "localhost", Major: 1, Minor: 1, Whole: true,
		Facts:  wire.Facts{Client: "127.0.0.1:0", Scheme: "http"},
		Header: http.Header{"User-Agent": {probeAgent}, "X-Forwarded-For": {"127.0.0.1"}},
	}
}
