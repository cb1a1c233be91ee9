package limit

import (
	"hash/maphash"
	"sync"
	"time"
)

// Rate is so much each second on the average, and so much at once.
type Rate struct {
	PerSecond int // 0: no limit
	Burst     int // at least 1
}

// interval is what one costs in time.
func (r Rate) interval() time.Duration { return time.Second / time.Duration(r.PerSecond) }

// take is the generic cell rate algorithm: due is when an address would have
// done all it did at the plain rate. It returns the next due, or how long to
// wait instead.
func (r Rate) take(due, now time.Duration) (next, wait time.Duration) {
	interval := r.interval()
	next = max(due, now) + interval
	if wait = next - now - interval*time.Duration(max(r.Burst, 1)); wait > 0 {
		return due, wait
	}
	return next, 0
}

// The size of a Meter.
const (
	rows = 1 << 12
	ways = 8
)

// Meter says who does too much in a time.
type Meter struct {
	seed  maphash.Seed
	began time.Time
	rows  [rows]row
}

// row has the addresses of one hash.
type row struct {
	mu   sync.Mutex
	who  [ways]Address
	dues [ways]time.Duration // since began
}

// NewMeter returns a meter that has seen nobody.
func NewMeter() *Meter { return &Meter{seed: maphash.MakeSeed(), began: time.Now()} }

// Take counts one for an address. If that is too much it is not counted, and
// wait says when it will not be too much any more.
func (m *Meter) Take(a Address, r Rate, now time.Time) (wait time.Duration) {
	if r.PerSecond <= 0 {
		return 0
	}
	at := now.Sub(m.began)
	w := &m.rows[maphash.Bytes(m.seed, a[:])%rows]
	w.mu.Lock()
	defer w.mu.Unlock()
	i := w.find(a)
	w.dues[i], wait = r.take(w.dues[i], at)
	return wait
}

// find returns the place of an address, which may be that of the one that did
// least.
func (w *row) find(a Address) int {
	least := 0
	for i := range w.who {
		if w.who[i] == a {
			return i
		}
		if w.dues[i] < w.dues[least] {
			least = i
		}
	}
	w.who[least], w.dues[least] = a, 0
	return least
}
