package cache

import (
	"net/http"
	"time"
)

// Fill takes the response to one request. It must be told how it went, by Keep
// or Fail; both may be called more than once, the first counts.
type Fill struct {
	cache   *Cache
	request Request
	asked   time.Duration
	epoch   uint64
	sum     uint64
	why     string

	shard  *shard  // of flight
	key    string  // of flight
	flight *Flight // nil: nobody waits
	over   bool

	status   int
	fields   []Field
	by       set
	offered  languages
	age      time.Duration
	lifetime time.Duration
	arrived  time.Duration
}

// Why is the reason for the request to the app, as RFC 9211 calls it (fwd).
func (f *Fill) Why() string { return f.why }

// Head takes the head of the response; length is that of its body, -1 if it is
// not known. It says why the response will not be kept, "" if it shall be. It
// keeps a copy of h. public: the app wanted it to be kept.
func (f *Fill) Head(status int, h http.Header, length int64) (why string, public bool) {
	d := parseControl(h["Cache-Control"]...)
	public = d.public || d.sMaxAge >= 0
	arrived := f.cache.now()
	if why = storable(&f.request, status, h, d); why == "" {
		asked := f.cache.began.Add(f.asked)
		if f.by, _ = varies(h["Vary"]); f.by.contains(acceptLanguage) {
			f.offered = languagesOf(&f.request, h)
		}
		f.age, f.lifetime = initialAge(h, asked, arrived), lifetime(d, h)
		switch {
		case f.lifetime <= f.age:
			why = "it is not fresh"
		case length > f.cache.options.MaxEntry:
			why = "it is too large"
		}
	}
	if why != "" {
		f.refuse(status)
		return why, public
	}
	f.status, f.fields = status, keptFields(h, arrived)
	f.arrived = f.cache.clock()
	return "", public
}

// How long nobody waits for a page that was not for keeping, and for one that
// failed; the latter is still kept if it comes.
const (
	dullTime   = time.Minute
	failedTime = time.Second
)

// refuse lets all go that wait, now and for a while.
func (f *Fill) refuse(status int) {
	if f.over {
		return
	}
	switch now := f.cache.clock(); {
	case status >= http.StatusInternalServerError:
		f.cache.marks.set(f.sum, failed, now+failedTime)
	case !f.request.conditional(): // or it says nothing of the page
		f.cache.marks.set(f.sum, dull, now+dullTime)
	}
	f.land()
}

// Fail says that there is no response that could be kept. If left, the client
// was the reason, and the next one who waits asks the app.
func (f *Fill) Fail(left bool) {
	if f.over {
		return
	}
	if left {
		f.land()
		return
	}
	f.refuse(http.StatusBadGateway)
}

// Exceeds reports that a body of this many bytes is too long to be kept. Then
// the response is refused.
func (f *Fill) Exceeds(n int) bool {
	if int64(n) <= f.cache.options.MaxEntry {
		return false
	}
	f.refuse(http.StatusOK)
	return true
}

// Keep keeps the whole response and returns it; nil if it is out of date
// already, which those who wait do not learn: the next of them asks.
func (f *Fill) Keep(body []byte) *Entry {
	if f.over || f.fields == nil {
		return nil
	}
	defer f.Fail(true)
	c, r := f.cache, &f.request
	key := string(appendKey(nil, r))
	variant := string(appendSelected(nil, f.by, r, f.offered))
	e := &Entry{
		Status: f.status, Fields: f.fields, Body: body,
		by: f.by, offered: f.offered, variant: variant,
		asked: f.asked, arrived: f.arrived, age: f.age, lifetime: f.lifetime,
		page: c.page(r.Host, r.Target),
		cost: costOf(key, variant, f.fields, len(body)),
	}
	s := c.shard([]byte(key))
	if e.cost > s.limit {
		f.refuse(f.status)
		return nil
	}
	if !c.valid(e, c.clock()) {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.epoch != c.epoch.Load() { // Clear changes it before it takes the lock
		return nil
	}
	c.figures.evicted.Add(s.add(key, e))
	c.figures.stored.Add(1)
	return e
}

// TTL is how long an entry that was just kept stays fresh.
func (e *Entry) TTL() time.Duration { return e.lifetime - e.age }

// land ends the flight.
func (f *Fill) land() {
	f.over = true
	if f.flight == nil {
		return
	}
	f.shard.mu.Lock()
	delete(f.shard.flights, f.key)
	f.shard.mu.Unlock()
	close(f.flight.done)
}
