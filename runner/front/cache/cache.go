package cache

import (
	"hash/maphash"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Options bound a cache.
type Options struct {
	Size     int64         // bytes of all that is kept
	MaxEntry int64         // bytes of one body
	Patience time.Duration // longest wait for a request that asks for the same
	// Cookies are the names of cookies that make a request somebody's own.
	Cookies []string
}

// Equal reports whether two caches of these options would do the same.
func (o Options) Equal(other Options) bool {
	return o.Size == other.Size && o.MaxEntry == other.MaxEntry && o.Patience == other.Patience && slices.Equal(o.Cookies, other.Cookies)
}

// Cache keeps responses. Its methods may be called by many goroutines.
type Cache struct {
	options Options
	seed    maphash.Seed
	began   time.Time
	now     func() time.Time
	shards  []shard
	epoch   atomic.Uint64 // counts the changes of what serves
	serving atomic.Pointer[string]
	gone    [1 << 12]atomic.Int64 // when pages were invalidated, by hash; nanoseconds since began
	marks   marks
	figures figures
}

// The bounds of the number of shards.
const (
	maxShards  = 64
	shardParts = 4 // a shard holds at least so many of the largest entries
)

// New returns an empty cache.
func New(o Options) *Cache { return newCache(o, time.Now) }

func newCache(o Options, now func() time.Time) *Cache {
	n := 1
	for n < maxShards && o.Size/int64(2*n) >= shardParts*(o.MaxEntry+entryCost) {
		n *= 2
	}
	c := &Cache{options: o, seed: maphash.MakeSeed(), now: now, began: now().Add(-1), shards: make([]shard, n)}
	for i := range c.shards {
		c.shards[i].limit = o.Size / int64(n)
		c.shards[i].resources = make(map[string]*resource)
		c.shards[i].flights = make(map[string]*Flight)
	}
	return c
}

// Options are those that the cache was made with.
func (c *Cache) Options() Options { return c.options }

// clock is the time since the cache began; it is above 0.
func (c *Cache) clock() time.Duration { return c.now().Sub(c.began) }

// Outcome says what to do with a request. Its zero value: ask the app, and keep
// nothing.
type Outcome struct {
	Hit *Entry        // answer with it
	Age time.Duration // of Hit
	TTL time.Duration // for which Hit stays fresh
	// Flight is another request that asks for the same: Wait, then Begin again.
	Flight *Flight
	// Fill takes the response of the app. If Unconditional, the app must be
	// asked without the conditions of the request, which are for what is kept.
	Fill          *Fill
	Unconditional bool
	// Never says that the client wants nothing but what is kept, and there is
	// nothing: the answer is 504.
	Never bool
}

// Begin says what to do with a request. alone: it has waited enough.
func (c *Cache) Begin(r *Request, alone bool) Outcome {
	if bypasses(r, c.options.Cookies) != "" {
		c.figures.bypassed.Add(1)
		return Outcome{}
	}
	var array [512]byte
	b := appendKey(array[:0], r)
	end := len(b)
	s := c.shard(b)
	now := c.clock()

	s.mu.Lock()
	stored := s.resources[string(b)]
	if stored != nil {
		if e := stored.find(b[end:], r); e != nil && c.valid(e, now) {
			s.touch(e)
			s.mu.Unlock()
			c.figures.hits.Add(1)
			return Outcome{Hit: e, Age: e.ageAt(now), TTL: e.lifetime - e.ageAt(now)}
		}
	}
	known := stored != nil
	var offered languages
	if known {
		offered = stored.offered
	}
	s.mu.Unlock()

	switch {
	case r.control().onlyIfCached:
		return Outcome{Never: true}
	case r.Method == http.MethodHead, r.has.contains(byteRange):
		c.figures.misses.Add(1)
		return Outcome{}
	}
	b = appendSelecting(b, r, offered)
	sum := maphash.Bytes(c.seed, b)
	mark := c.marks.get(sum, now)
	if mark == dull && !known {
		c.figures.misses.Add(1)
		return Outcome{}
	}
	fill := &Fill{cache: c, request: *r, asked: now, epoch: c.epoch.Load(), sum: sum, why: why(known)}
	if alone || mark == failed {
		c.figures.misses.Add(1)
		return Outcome{Fill: fill}
	}
	if f := s.join(string(b), fill, known || !r.conditional()); f != nil {
		return Outcome{Flight: f}
	}
	c.figures.misses.Add(1)
	return Outcome{Fill: fill, Unconditional: known && r.conditional()}
}

// why is the reason for a request to the app in words of RFC 9211 (section 2.2).
func why(known bool) string {
	if known {
		return "miss"
	}
	return "uri-miss"
}

// join returns the flight that is in the air, or nil. If lead, fill leads a new
// one then: a request whose answer may be 304 leads only where it is known that
// it could be asked without its conditions.
func (s *shard) join(key string, fill *Fill, lead bool) *Flight {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.flights[key]; f != nil || !lead {
		return f
	}
	fill.flight = &Flight{done: make(chan struct{})}
	fill.shard, fill.key = s, key
	s.flights[key] = fill.flight
	return nil
}

// appendKey appends the key of a request's page.
func appendKey(b []byte, r *Request) []byte {
	if r.Secure {
		b = append(b, 's')
	}
	b = append(b, ':')
	b = appendLower(b, r.Host)
	b = append(b, 0) // which neither of them has
	b = append(b, targetOf(r.Target)...)
	if r.Base != "" {
		b = append(append(b, 0), r.Base...)
	}
	return b
}

// targetOf is path and query of a target, which may be that of a proxy:
// http://host/path.
func targetOf(target string) string {
	if _, rest, absolute := strings.Cut(target, "://"); absolute && !strings.HasPrefix(target, "/") {
		if i := strings.IndexAny(rest, "/?"); i >= 0 {
			return rest[i:]
		}
		return "/"
	}
	return target
}

func appendLower(b []byte, text string) []byte {
	for i := range len(text) {
		c := text[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	return b
}

func (c *Cache) shard(key []byte) *shard {
	return &c.shards[maphash.Bytes(c.seed, key)%uint64(len(c.shards))]
}

// valid reports that an entry may be used now.
func (c *Cache) valid(e *Entry, now time.Duration) bool {
	return e.ageAt(now) < e.lifetime && int64(e.asked) > c.gone[e.page].Load()
}

// page is the slot of c.gone for a path on a host, whatever scheme and query.
// Pages that share one are invalidated together.
func (c *Cache) page(host, target string) uint32 {
	var h maphash.Hash
	h.SetSeed(c.seed)
	h.WriteString(strings.ToLower(host))
	h.WriteByte(0)
	path, _, _ := strings.Cut(targetOf(target), "?")
	h.WriteString(path)
	return uint32(h.Sum64() % uint64(len(c.gone)))
}

// Unsafe reports whether a method may change what pages show, so that its
// success invalidates them (RFC 9111, section 4.4).
func Unsafe(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return false
	}
	return true
}

// Forget drops a page of a host, whatever its scheme and query.
func (c *Cache) Forget(host, target string) {
	c.gone[c.page(host, target)].Store(int64(c.clock()))
}

// Invalidate drops the page that an unsafe request was for, after it was
// answered with this status, and those on the same host that the response named
// in Location and Content-Location. It returns their targets.
func (c *Cache) Invalidate(host, target string, status int, named ...string) (dropped []string) {
	if status < 200 || status > 399 {
		return nil
	}
	c.Forget(host, target)
	dropped = append(dropped, target)
	base := &url.URL{Path: "/"}
	if u, err := url.ParseRequestURI(targetOf(target)); err == nil {
		base = u
	}
	for _, name := range named {
		if to, err := base.Parse(name); err == nil && (to.Host == "" || strings.EqualFold(to.Host, host)) {
			c.Forget(host, to.RequestURI())
			dropped = append(dropped, to.RequestURI())
		}
	}
	return dropped
}

// Serve says which builds answer now. When that changes, everything is dropped:
// old pages name old assets.
func (c *Cache) Serve(generations []int) {
	var b []byte
	list := slices.Clone(generations)
	slices.Sort(list)
	for _, g := range slices.Compact(list) {
		b = append(strconv.AppendInt(b, int64(g), 10), ',')
	}
	if len(b) == 0 {
		return // nobody: whoever comes next will say
	}
	next := string(b)
	if was := c.serving.Swap(&next); was != nil && *was != next {
		c.Clear()
	}
}

// Clear drops everything, also what was asked for and has not come yet.
func (c *Cache) Clear() {
	c.epoch.Add(1)
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		s.clear()
		s.mu.Unlock()
	}
}
