package front

import (
	"maps"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/dram-go/dram/runner/metrics"
)

// figures count what a front does, from its start. Each request costs a few
// atomic additions.
type figures struct {
	requests [len(methods)][600]atomic.Uint64 // by method and status
	took     [len(answerers)]histogram        // by who answered
	upstream histogram                        // until a worker or upstream began to answer
	retries  atomic.Uint64
	messages atomic.Uint64 // requests that went to a worker by message
	bytes    atomic.Uint64 // of bodies, to clients
	refused  [600]atomic.Uint64
}

// methods have figures of their own; any other is the last.
var methods = [...]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"}

func methodIndex(method string) int {
	for i, m := range methods[:len(methods)-1] {
		if m == method {
			return i
		}
	}
	return len(methods) - 1
}

// answerer is who has answered a request.
type answerer int

const (
	byFront answerer = iota
	byFile
	byCache
	byWorker
	byUpstream
)

var answerers = [...]string{"front", "file", "cache", "worker", "upstream"}

func (t *turn) answerer() answerer {
	switch {
	case t.ours:
		return byFront
	case t.origin != "":
		return byUpstream
	case t.cache == "hit" || t.cache == "collapsed":
		return byCache
	case t.worker != 0 || t.tries > 0:
		return byWorker
	case t.reason != "": // it left while it waited
		return byFront
	}
	return byFile
}

// bounds of the buckets, for pages from memory as well as for reports.
var bounds = [...]time.Duration{
	500 * time.Microsecond, time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond,
	25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute,
}

// histogram counts durations.
type histogram struct {
	buckets [len(bounds) + 1]atomic.Uint64
	sum     atomic.Int64 // nanoseconds
}

func (h *histogram) observe(d time.Duration) {
	at := 0
	for at < len(bounds) && d > bounds[at] {
		at++
	}
	h.buckets[at].Add(1)
	h.sum.Add(int64(d))
}

func (h *histogram) write(w *metrics.Writer, labels ...string) {
	var counts [len(bounds) + 1]uint64
	for i := range h.buckets {
		counts[i] = h.buckets[i].Load()
	}
	w.Distribution(bounds[:], counts[:], time.Duration(h.sum.Load()), labels...)
}

// count counts a finished turn.
func (f *figures) count(t *turn, took time.Duration) {
	f.requests[methodIndex(t.Method())][min(max(t.status, 0), 599)].Add(1)
	f.took[t.answerer()].observe(took)
	if t.tries > 0 {
		f.upstream.observe(t.upstream)
		if t.tries > 1 {
			f.retries.Add(uint64(t.tries - 1))
		}
		if t.byMessage {
			f.messages.Add(1)
		}
	}
	f.bytes.Add(uint64(t.bytes))
}

// figuresText is everything that this front can say of itself. Only the front's
// own goroutine calls it.
func (f *front) figuresText() []byte {
	w := &metrics.Writer{}
	f.figures.write(w)
	w.One("dram_requests_in_flight", metrics.Gauge, "Requests that run.", float64(f.inFlight.now()))
	w.One("dram_requests_waiting", metrics.Gauge, "Requests that wait for a worker.", float64(f.table.waiting.Load()))
	w.One("dram_connections", metrics.Gauge, "Connections of clients.", float64(max(0, len(f.entrance.places)-len(f.listeners)))) // each listener holds one for who comes next
	w.One("dram_connections_accepted_total", metrics.Counter, "Connections of clients so far.", float64(f.entrance.accepted.Load()))
	w.One("dram_connections_refused_total", metrics.Counter, "Connections that were closed at once, because their address had too many.", float64(f.guard.refused.Load()))
	w.One("dram_log_lines_lost_total", metrics.Counter, "Lines of the access log that were not written.", float64(f.access.queue.Lost()))
	f.kept.write(w)
	f.writeUpstreams(w)
	metrics.WriteRuntime(w)
	return w.Text()
}

func (f *figures) write(w *metrics.Writer) {
	w.Family("dram_requests_total", metrics.Counter, "Requests by method and status; 499 is a client that went away.")
	for m := range f.requests {
		for status := range f.requests[m] {
			if n := f.requests[m][status].Load(); n > 0 {
				w.Count(n, "method", methods[m], "status", strconv.Itoa(status))
			}
		}
	}
	w.Family("dram_request_duration_seconds", metrics.Histogram, "Time from the head of a request to the end of its response, by who answered.")
	for i := range f.took {
		f.took[i].write(w, "by", answerers[i])
	}
	w.Family("dram_upstream_duration_seconds", metrics.Histogram, "Time that workers and upstreams took until they began to answer, or failed.")
	f.upstream.write(w)
	w.One("dram_request_retries_total", metrics.Counter, "Attempts at other workers after one failed.", float64(f.retries.Load()))
	w.One("dram_requests_by_message_total", metrics.Counter, "Requests that shared a connection to their worker with others at the same time.", float64(f.messages.Load()))
	w.One("dram_response_body_bytes_total", metrics.Counter, "Bytes of response bodies.", float64(f.bytes.Load()))
	w.Family("dram_requests_refused_total", metrics.Counter, "Requests that were none, by the status they got.")
	for status := range f.refused {
		if n := f.refused[status].Load(); n > 0 {
			w.Count(n, "status", strconv.Itoa(status))
		}
	}
}

// write says what the cache did and holds, if there is or was one.
func (k *kept) write(w *metrics.Writer) {
	sum, on := k.past, k.cache.Load()
	if on != nil {
		now := on.Figures()
		sum = sum.Plus(now)
		w.One("dram_cache_entries", metrics.Gauge, "Responses that are kept.", float64(now.Entries))
		w.One("dram_cache_bytes", metrics.Gauge, "Memory that they take, about.", float64(now.Bytes))
		w.One("dram_cache_limit_bytes", metrics.Gauge, "Memory that they may take.", float64(now.Limit))
	}
	w.Family("dram_cache_requests_total", metrics.Counter, "Requests by what the cache did with them.")
	w.Count(sum.Hits, "result", "hit")
	w.Count(sum.Misses, "result", "miss")
	w.Count(sum.Bypassed, "result", "bypass")
	w.Count(sum.Collapsed, "result", "collapsed")
	w.One("dram_cache_stored_total", metrics.Counter, "Responses that were kept.", float64(sum.Stored))
	w.One("dram_cache_evicted_total", metrics.Counter, "Of these, dropped for want of memory.", float64(sum.Evicted))
}

// writeUpstreams says how the servers of other makes are.
func (f *front) writeUpstreams(w *metrics.Writer) {
	w.Family("dram_upstream_up", metrics.Gauge, "Whether requests go to an upstream (1) or it is out (0).")
	each := func(say func(mount string, o *origin)) {
		for _, key := range slices.Sorted(maps.Keys(f.apps)) {
			if a := f.apps[key]; a.foreign != nil {
				for _, o := range a.foreign.origins.all {
					say(a.foreign.origins.mount, o)
				}
			}
		}
	}
	each(func(mount string, o *origin) {
		up := 0.0
		o.mu.Lock()
		if o.usable() {
			up = 1
		}
		o.mu.Unlock()
		w.Sample(up, "mount", mount, "upstream", o.name)
	})
	w.Family("dram_upstream_requests_in_flight", metrics.Gauge, "Requests that run at an upstream.")
	each(func(mount string, o *origin) { w.Sample(float64(o.load.Load()), "mount", mount, "upstream", o.name) })
}
