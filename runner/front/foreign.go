package front

import (
	"context"
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/dram-go/dram/runner/wire"
)

// foreign hands requests to servers of another make, by HTTP/1.1.
type foreign struct {
	*origins
	proxy   *proxy       // what both kinds have in common; it has no table
	spooled atomic.Int64 // bytes of bodies in files
	warned  atomic.Int64 // when the log heard last that there is no room for them, in Unix seconds
}

// errand is a turn on its way to an origin.
type errand struct {
	*handover
	ctx     context.Context // ends when the client goes away
	header  http.Header     // for the origin
	tried   []*origin
	until   time.Time   // it waits for an origin no longer; zero before it has begun to
	out     *outgoing   // the body that is being sent; nil when it is whole
	kept    *spool      // the body, as far as it was collected; nil when it was not
	trailer http.Header // of a body that was collected
}

// serve answers a turn by an origin.
func (f *foreign) serve(t *turn) {
	e := &errand{handover: &handover{turn: t}}
	if !f.proxy.prepare(e.handover) {
		return
	}
	e.ctx, e.header = e.context(), wire.Fields(wire.AppendEnd(e.fields)).Header()
	if t.prefix != "" {
		e.header["X-Forwarded-Prefix"] = []string{t.prefix}
	}
	whole := f.collect(e)
	if e.kept != nil {
		defer e.kept.close()
	}
	if !whole {
		return
	}
	for {
		o, err := f.acquire(e.ctx, e.tried, t.settings, &e.until)
		switch {
		case errors.Is(err, errNoOrigin), errors.Is(err, errCrowdedOrigins):
			t.retryAfter = f.nextTrial(time.Now())
			t.answer(http.StatusServiceUnavailable, err.Error())
			return
		case err != nil:
			t.leave()
			return
		}
		if slices.Contains(e.tried, o) {
			settle(e.ctx, e.settings.ending)
		}
		t.origin = o.name
		t.tries++
		again := f.attempt(e, o)
		o.load.Add(-1)
		if !again {
			return
		}
		if !slices.Contains(e.tried, o) {
			e.tried = append(e.tried, o)
		}
	}
}

// settle waits before a request goes to an origin again at which it has failed.
// When a server ends, its connections may end before its listener does.
func settle(ctx context.Context, limit time.Duration) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// attempt sends the request to one origin and, if it answers, relays the
// response. It reports whether the request shall be sent to another.
func (f *foreign) attempt(e *errand, o *origin) (again bool) {
	ctx, cancel := context.WithCancel(e.ctx)
	defer cancel()
	watch := newWatch(cancel)
	defer watch.close()
	watch.start(e.settings.answer)
	c, begun := f.newCall(e, ctx, watch), time.Now()
	resp, err := c.send(o)
	if err == nil && f.holdsBack(e, resp) {
		f.proxy.held.Add(resp.ContentLength)
		defer f.proxy.held.Add(-resp.ContentLength)
		err = readForeign(resp)
	}
	e.upstream += time.Since(begun)
	if watch.stop() { // and with it the reading of a body
		if err == nil {
			resp.Body.Close()
		}
		err = errLate
	}
	if err == nil {
		o.answer()
		f.relay(e, resp, c)
		resp.Body.Close()
		e.out.finish()
		return false
	}
	e.gone = e.ctx.Err() != nil // before our interrupt, which may end it too
	e.attempts.whole = e.out.finish()
	return f.failed(e, o, c.classify(err), err)
}

// failed finds out whose fault it was and carries out what decide says.
func (f *foreign) failed(e *errand, o *origin, why failure, err error) (again bool) {
	if f.proxy.badBody(e.handover) {
		return false
	}
	if e.left() {
		e.leave()
		return false
	}
	o.fail(why, err, f.alone(o))
	e.attempts.tries++
	if why == lost || why == garbled {
		e.attempts.ends++
	}
	v := decide(why, e.attempts)
	v.reason = foreignReasons[why]
	if v.again && why.twice() && !f.proxy.budget.take() {
		v.again, v.reason = false, v.reason+", "+noBudget
	}
	if !v.again {
		f.log.Warn("upstream failed", "mount", f.mount, "upstream", o.name, "id", e.id, "err", err)
		e.retryAfter = f.nextTrial(time.Now())
		e.answer(v.status, v.reason)
	}
	return v.again
}

// foreignReasons are what the log says instead of the reasons of decide.
var foreignReasons = [...]string{
	unreachable: "no upstream reachable",
	lost:        "upstream closed the connection",
	garbled:     "upstream sent no valid response",
	late:        "upstream timed out",
}

// holdsBack reports that a response is to be read whole before the client sees
// its head: the origin is free again for others however slow the client is,
// and the request can still go elsewhere.
func (f *foreign) holdsBack(e *errand, resp *http.Response) bool {
	return resp.ContentLength > 0 && resp.ContentLength <= e.settings.whole && f.proxy.held.Load() < e.settings.held &&
		e.Method() != http.MethodHead && resp.StatusCode != http.StatusSwitchingProtocols
}

// seconds is a duration as Retry-After has it, "" for none.
func seconds(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return strconv.Itoa(int(math.Ceil(d.Seconds())))
}
