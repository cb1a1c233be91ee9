package front

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dram-go/dram/framework/config"
)

// origin is a server of another make, one of the upstreams of a mount. It is
// used by all requests; keep is its own goroutine.
type origin struct {
	name   string // as the configuration has it
	health config.Health
	host   string          // that checks ask for
	kept   *http.Transport // for what may be sent again: connections are used again
	single *http.Transport // for the rest: a connection for each request
	load   atomic.Int64    // requests in flight
	told   func(*origin)   // called without locks when its usability changes
	wake   chan struct{}   // keep looks again when the next trial is due

	mu    sync.Mutex
	since time.Time // when its usability changed last
	standing
}

const (
	// idleOrigin is how long an idle connection to an origin is kept. Servers
	// close theirs after a time that we do not know.
	idleOrigin = 15 * time.Second
	// originHead bounds the head of a response.
	originHead = 64 << 10
	// originContinue is how long an origin may take to ask for a body that a
	// client wants to be asked for.
	originContinue = time.Second
)

// newOrigin makes an origin of one of a mount's upstreams; it is idle until keep
// runs.
func newOrigin(m *mount, i int, dial time.Duration, told func(*origin)) *origin {
	kept := &http.Transport{
		DialContext:            dialOrigin(m.upstreams[i], m.trust, dial),
		DisableCompression:     true,
		MaxIdleConnsPerHost:    512,
		IdleConnTimeout:        idleOrigin,
		MaxResponseHeaderBytes: originHead,
		ExpectContinueTimeout:  originContinue,
		WriteBufferSize:        16 << 10,
		ReadBufferSize:         16 << 10,
	}
	// A connection that was idle may end just when a request is sent, and then
	// nobody knows whether it arrived.
	single := kept.Clone()
	single.DisableKeepAlives = true
	return &origin{
		name: m.Upstreams[i], health: m.Health, host: checkedHost(m.Host), kept: kept, single: single, told: told, wake: make(chan struct{}, 1), since: time.Now(),
		standing: standing{rules: rules{
			maxFails: m.MaxFails, rise: m.Health.Rise, fall: m.Health.Fall,
			slowStart: m.SlowStart, checked: m.Health.Path != "",
		}},
	}
}

// checkedHost is the host that an app knows as its own, if the mount says it.
func checkedHost(host string) string {
	if host == "" || strings.HasPrefix(host, "*") {
		return "localhost"
	}
	if strings.Contains(host, ":") {
		return "[" + strings.Trim(host, "[]") + "]"
	}
	return host
}

// keep checks the origin, and tries it while it is ejected, until ctx ends.
func (o *origin) keep(ctx context.Context) {
	defer o.kept.CloseIdleConnections()
	timer := time.NewTimer(time.Hour) // wake comes earlier
	defer timer.Stop()
	if o.checked {
		timer.Reset(0)
	}
	for {
		select {
		case <-timer.C:
			err := o.try(ctx)
			if ctx.Err() != nil {
				return
			}
			o.change(func(now time.Time) { o.tried(err, now) })
		case <-o.wake:
		case <-ctx.Done():
			return
		}
		timer.Reset(o.nextTrial(time.Now()))
	}
}

// nextTrial is how long keep has to wait.
func (o *origin) nextTrial(now time.Time) time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.ejected && o.checked:
		return min(o.again.Sub(now), o.health.Interval)
	case o.ejected:
		return o.again.Sub(now)
	case o.checked:
		return o.health.Interval
	}
	return time.Hour // wake comes earlier
}

// try asks how the origin is, or only connects where no check is configured.
func (o *origin) try(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(o.health.Timeout, 5*time.Second))
	defer cancel()
	if o.health.Path == "" {
		conn, err := o.kept.DialContext(ctx, "", "")
		if err == nil {
			conn.Close()
		}
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+o.host+o.health.Path, nil)
	if err != nil {
		return err
	}
	r.Header["User-Agent"] = []string{probeAgent}
	resp, err := o.single.RoundTrip(r)
	if err != nil {
		return fmt.Errorf("GET %s: %w", o.health.Path, err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // it need not be whole
	if resp.StatusCode < 200 || resp.StatusCode >= 400 {
		return fmt.Errorf("GET %s was answered %d", o.health.Path, resp.StatusCode)
	}
	return nil
}

// change lets f change the standing, and tells of what follows from it.
func (o *origin) change(f func(now time.Time)) {
	o.mu.Lock()
	was := o.usable()
	f(time.Now())
	changed := o.usable() != was
	if changed {
		o.since = time.Now()
	}
	o.mu.Unlock()
	if changed {
		select {
		case o.wake <- struct{}{}:
		default: // it will look
		}
		o.told(o)
	}
}

// fail notes that a request failed.
func (o *origin) fail(f failure, err error, alone bool) {
	o.change(func(now time.Time) { o.failed(f, err.Error(), alone, now) })
}

// answer notes that a request was answered.
func (o *origin) answer() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.answered()
}

// glance is what the choice needs to know.
func (o *origin) glance(now time.Time) (usable bool, share float64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.usable(), o.share(now)
}
