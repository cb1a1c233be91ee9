// Package limit counts what single addresses do, in bounded memory.
//
//	var requests = limit.NewMeter()
//
//	a, ok := limit.AddressOf(r.RemoteAddr)
//	if wait := requests.Take(a, limit.Rate{PerSecond: 100, Burst: 500}, time.Now()); wait > 0 {
//		// refuse: 429, Retry-After
//	}
//
// An address of IPv6 stands for its /64: that is what one customer gets, who
// may use any of its addresses.
//
// A [Meter] holds to a rate with a burst (the generic cell rate algorithm:
// what a token bucket does, in one number). It has a place for 32,768
// addresses and forgets the ones that did least when others come, which is no
// loss for those that have rested. [Counts] are exact: each count is somebody
// who is still there.
package limit
