package front

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/dram-go/dram/runner/control"
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
		if err := w.probe(path); err != nil {
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
		status, err := w.ask(ctx, path)
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

// ask sends one request and returns the status of its answer.
func (w *worker) ask(ctx context.Context, path string) (int, error) {
	up, err := w.pool.get(ctx, true)
	if err != nil {
		return 0, err
	}
	defer up.Close()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost"+path, nil)
	if err != nil {
		return 0, err
	}
	r.Header.Set("User-Agent", probeAgent)
	r.Header.Set("X-Forwarded-For", "127.0.0.1")
	resp, err := up.RoundTrip(r)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	return resp.StatusCode, err
}
