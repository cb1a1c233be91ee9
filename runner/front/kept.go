package front

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
	"github.com/dram-go/dram/runner/front/cache"
)

// kept answers requests with responses that were kept, and keeps those of
// workers. Package cache says which and for how long.
type kept struct {
	cache  atomic.Pointer[cache.Cache] // nil: nothing is kept
	gossip *gossip                     // with other fronts

	// The rest belongs to the front's goroutine.
	made  cache.Options // of cache
	past  cache.Figures // of the caches before
	ready []int         // generations of the workers that serve
}

// cacheOptions are those of a configuration; without Size nothing is kept.
func cacheOptions(c *config.Config) cache.Options {
	if !c.Cache.On {
		return cache.Options{}
	}
	return cache.Options{
		Size: int64(c.Cache.Size), MaxEntry: int64(c.Cache.MaxEntry), Patience: c.Cache.Wait,
		// The framework calls its session's cookie after the app.
		Cookies: append([]string{c.Name, "__Host-" + c.Name}, c.Cache.Cookies...),
	}
}

// use goes on with these options. If they are others than before, what was
// kept is forgotten.
func (k *kept) use(o cache.Options) {
	switch {
	case o.Equal(k.made):
		return
	case o.Size == 0:
		k.endCount(k.cache.Swap(nil))
	default:
		c := cache.New(o)
		c.Serve(k.ready)
		k.endCount(k.cache.Swap(c))
	}
	k.made = o
}

// endCount keeps what a cache has counted that is used no more.
func (k *kept) endCount(c *cache.Cache) {
	if c != nil {
		k.past = k.past.Plus(c.Figures())
	}
}

// servedBy says whose responses come from now on: those of requests that begin
// now.
func (k *kept) servedBy(workers []control.TableWorker) {
	k.ready = nil
	for _, w := range workers {
		if w.State == control.WorkerReady {
			k.ready = append(k.ready, w.Generation)
		}
	}
	if c := k.cache.Load(); c != nil {
		c.Serve(k.ready)
	}
}

// serve answers a turn, by next if need be.
func (k *kept) serve(t *turn, next func(*turn)) {
	c := k.cache.Load()
	switch {
	case c == nil, t.settings.uncached:
		next(t)
	case cache.Unsafe(t.Method()):
		t.exchange = &changing{exchange: t.exchange, cache: c, gossip: k.gossip, host: t.host, outer: t.outer}
		next(t)
	default:
		k.look(c, t, next)
	}
}

// look answers with what is kept, waits for somebody who asks for the same, or
// asks.
func (k *kept) look(c *cache.Cache, t *turn, next func(*turn)) {
	r := t.forCache()
	o := c.Begin(&r, false)
	waited := false
	for wait := (wait{}); o.Flight != nil; waited = true {
		err := wait.For(c, t, o.Flight)
		if err != nil && err != cache.ErrLate {
			t.leave()
			return
		}
		o = c.Begin(&r, err == cache.ErrLate)
	}
	switch {
	case o.Hit != nil:
		t.sendKept(&r, o, waited)
	case o.Never:
		t.answer(http.StatusGatewayTimeout, "not in the cache, and the client wants nothing else")
	case o.Fill == nil:
		next(t)
	default:
		keep(t, &r, o, next)
	}
}

// forCache is what the cache wants to know of the request.
func (t *turn) forCache() cache.Request {
	r := cache.Request{Method: t.Method(), Host: t.host, Base: t.outer, Target: t.Target(), Secure: t.tls != nil, Bodied: t.Length() != 0}
	for i := range t.Fields() {
		r.Field(t.Field(i))
	}
	return r
}

// keep has a worker answer, and keeps the response if it may.
func keep(t *turn, r *cache.Request, o cache.Outcome, next func(*turn)) {
	defer o.Fill.Fail(false) // after a panic; otherwise it has been told
	k := &keeper{exchange: t.exchange, turn: t, fill: o.Fill}
	t.exchange = k
	if o.Unconditional {
		k.withhold()
	}
	next(t)
	k.end()
}

// sendKept answers with a response that is kept.
func (t *turn) sendKept(r *cache.Request, o cache.Outcome, waited bool) {
	e, how := o.Hit, "dram; hit; ttl="
	t.cache = "hit"
	if waited {
		t.cache, how = "collapsed", "dram; fwd=miss; collapsed; ttl="
	}
	how += strconv.FormatInt(int64(o.TTL/time.Second), 10)
	age := strconv.FormatInt(int64(o.Age/time.Second), 10)
	if r.Selective() {
		h := make(http.Header, len(e.Fields)+5)
		for _, f := range e.Fields {
			h[f.Name] = append(h[f.Name], f.Value)
		}
		h["Age"] = []string{age}
		h["Cache-Status"] = append(h["Cache-Status"], how)
		t.sendWhole(e.Status, h, e.Body)
		return
	}
	if !t.Begin(e.Status) {
		return
	}
	for _, f := range e.Fields {
		t.Add(f.Name, f.Value)
	}
	t.Add("Age", age)
	t.Add("Cache-Status", how)
	if e.Status != http.StatusNoContent {
		t.Announce(int64(len(e.Body)))
	}
	t.Ready(false)
	if r.Method != http.MethodHead && len(e.Body) > 0 {
		_, _ = t.Write(e.Body) // nobody is left to be told
	}
}

// sendWhole sends a response whose body is at hand, or what the conditions and
// ranges of the request leave of it.
func (t *turn) sendWhole(status int, h http.Header, body []byte) {
	if status == http.StatusOK {
		if len(h["Content-Type"]) == 0 {
			h["Content-Type"] = nil // not to be guessed
		}
		changed, _ := http.ParseTime(h.Get("Last-Modified")) // not known is the zero time
		http.ServeContent(&answering{turn: t, header: h}, withoutFlood(t.Head()), "", changed, bytes.NewReader(body))
		return
	}
	if status != http.StatusNoContent {
		h["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	t.Start(status, h)
	if t.Method() != http.MethodHead && len(body) > 0 {
		_, _ = t.Write(body) // nobody is left to be told
	}
}

// withoutFlood is a request without its Range, if that has more than two: many
// small ones cost more than they save (RFC 9110, section 14.2), and the heads of
// the parts many times what was asked for. Files are served by the same rule.
func withoutFlood(r *http.Request) *http.Request {
	if strings.Count(r.Header.Get("Range"), ",") < 2 {
		return r
	}
	whole := *r
	whole.Header = r.Header.Clone()
	delete(whole.Header, "Range")
	return &whole
}

// answering lets net/http answer a turn.
type answering struct {
	turn   *turn
	header http.Header
}

func (w *answering) Header() http.Header { return w.header }

func (w *answering) WriteHeader(status int) { w.turn.Start(status, w.header) }

func (w *answering) Write(b []byte) (int, error) { return w.turn.Write(b) }

// tellCache adds what we did to Cache-Status (RFC 9211).
func tellCache(h http.Header, what string) {
	was := h["Cache-Status"]
	h["Cache-Status"] = append(was[:len(was):len(was)], "dram; "+what)
}

// wait is how long a turn may still wait for others.
type wait struct{ deadline time.Time }

// For waits for a flight, unless the client goes away.
func (w *wait) For(c *cache.Cache, t *turn, f *cache.Flight) error {
	if w.deadline.IsZero() {
		w.deadline = c.Deadline()
	}
	gone := make(chan struct{})
	t.Watch(func() { close(gone) })
	defer t.Unwatch()
	return c.Wait(gone, f, w.deadline)
}

// changing is the exchange of an unsafe request: its success invalidates what
// is kept, before the client can ask for it.
type changing struct {
	exchange
	cache  *cache.Cache
	gossip *gossip
	host   string
	outer  string // stands before the paths that the response names, and not before ours
	status int
	named  []string
}

func (x *changing) Start(status int, h http.Header) {
	x.invalidate(status, slices.Concat(h["Location"], h["Content-Location"]))
	x.exchange.Start(status, h)
}

func (x *changing) Begin(status int) bool {
	x.status = status
	return x.exchange.Begin(status)
}

func (x *changing) Add(name, value string) {
	if name == "Location" || name == "Content-Location" {
		x.named = append(x.named, value)
	}
	x.exchange.Add(name, value)
}

func (x *changing) Ready(dated bool) {
	x.invalidate(x.status, x.named)
	x.exchange.Ready(dated)
}

func (x *changing) invalidate(status int, named []string) {
	for i := range named {
		if rest, ok := strings.CutPrefix(named[i], x.outer); ok && strings.HasPrefix(rest, "/") {
			named[i] = rest
		}
	}
	x.gossip.note(x.host, x.cache.Invalidate(x.host, x.Target(), status, named...))
}
