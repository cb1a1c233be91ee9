package front

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// origins are the servers that answer for one mount.
type origins struct {
	mount   string
	log     *slog.Logger
	news    func() // called when one has changed
	all     []*origin
	turn    atomic.Uint64
	waiting atomic.Int64 // requests that wait for one

	mu      sync.Mutex
	changed chan struct{} // closed when an origin has come back

	stop    context.CancelFunc
	keeping sync.WaitGroup
}

// errNoOrigin is the error of acquire beside errCrowded and those of the
// context.
var errNoOrigin = errors.New("no upstream available")

// newOrigins makes the origins of a mount and begins to look after them.
func newOrigins(m *mount, dial time.Duration, log *slog.Logger, news func()) *origins {
	g := &origins{mount: m.name, log: log, news: news, changed: make(chan struct{})}
	for i := range m.Upstreams {
		g.all = append(g.all, newOrigin(m, i, dial, g.told))
	}
	ctx, stop := context.WithCancel(context.Background())
	g.stop = stop
	for _, o := range g.all {
		g.keeping.Go(func() { o.keep(ctx) })
	}
	return g
}

// close ends the looking after. Requests may end, and even begin.
func (g *origins) close() {
	g.stop()
	g.keeping.Wait()
}

// told logs a change and wakes requests that wait.
func (g *origins) told(o *origin) {
	o.mu.Lock()
	usable, why, again := o.usable(), o.why, time.Until(o.again)
	o.mu.Unlock()
	g.news()
	if !usable {
		g.log.Warn("upstream taken out", "mount", g.mount, "upstream", o.name, "reason", why, "next_trial", again.Round(time.Millisecond))
		return
	}
	g.log.Info("upstream is back", "mount", g.mount, "upstream", o.name)
	g.mu.Lock()
	close(g.changed)
	g.changed = make(chan struct{})
	g.mu.Unlock()
}

// acquire picks an origin, preferably none of those tried, and counts the
// request in there. While none is usable it waits.
func (g *origins) acquire(ctx context.Context, tried []*origin, s *settings, until *time.Time) (*origin, error) {
	for {
		g.mu.Lock()
		changed := g.changed
		g.mu.Unlock()
		if o := g.choose(tried, time.Now()); o != nil {
			o.load.Add(1)
			return o, nil
		}
		if until.IsZero() {
			*until = time.Now().Add(s.hold)
		}
		if err := g.wait(ctx, changed, time.Until(*until), s.holders); err != nil {
			return nil, err
		}
	}
}

// choose returns the best origin, nil when none is usable.
func (g *origins) choose(tried []*origin, now time.Time) *origin {
	turn := g.turn.Add(1)
	var array [16]candidate
	candidates, usable := array[:0], make([]*origin, 0, len(g.all))
	for i, o := range g.all {
		ok, share := o.glance(now)
		if !ok {
			continue
		}
		c := candidate{load: o.load.Load()}
		if share < 1 && float64(scramble(turn+uint64(i))>>11)/(1<<53) >= share {
			c.rank = 1 // this one is for the others
		}
		if slices.Contains(tried, o) {
			c.rank += 2
		}
		candidates, usable = append(candidates, c), append(usable, o)
	}
	at := pick(candidates, turn)
	if at < 0 {
		return nil
	}
	return usable[at]
}

// alone reports that no other origin is usable.
func (g *origins) alone(o *origin) bool {
	now := time.Now()
	return !slices.ContainsFunc(g.all, func(other *origin) bool {
		usable, _ := other.glance(now)
		return other != o && usable
	})
}

// wait waits for an origin to come back.
func (g *origins) wait(ctx context.Context, changed <-chan struct{}, limit time.Duration, holders int) error {
	if limit <= 0 {
		return errNoOrigin
	}
	if g.waiting.Add(1) > int64(holders) {
		g.waiting.Add(-1)
		return errCrowdedOrigins
	}
	defer g.waiting.Add(-1)
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-changed:
		return nil
	case <-timer.C:
		return errNoOrigin
	case <-ctx.Done():
		return fmt.Errorf("while waiting for an upstream: %w", context.Cause(ctx))
	}
}

// errCrowdedOrigins is errCrowded for origins.
var errCrowdedOrigins = errors.New("too many requests wait for an upstream")

// nextTrial is when the next origin is tried, for those who shall come again.
func (g *origins) nextTrial(now time.Time) time.Duration {
	next := longestPause
	for _, o := range g.all {
		o.mu.Lock()
		left := time.Duration(0)
		if o.ejected {
			left = o.again.Sub(now)
		}
		o.mu.Unlock()
		next = min(next, left)
	}
	return max(next, maxRetry)
}
