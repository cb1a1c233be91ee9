package strict

import "time"

// RateGrace is how long a client may make a server wait in each direction of an
// exchange before its rate counts, as a default.
const RateGrace = 10 * time.Second

// Pace judges one direction of one exchange: how much a client moved in the
// time that it made us wait.
type Pace struct {
	moved  int64
	waited time.Duration
}

// Patience is how much longer a client may make us wait for anything, if it
// must move rate octets a second after a grace, and may pause for so long. If it
// is not above 0, the client is too slow.
func (p *Pace) Patience(rate int, grace, pause time.Duration) time.Duration {
	owed := time.Duration(float64(p.moved) / float64(rate) * float64(time.Second))
	return min(pause, grace+owed-p.waited)
}

// Add counts octets that were moved, and the time that they took.
func (p *Pace) Add(n int, waited time.Duration) {
	p.moved += int64(n)
	p.waited += waited
}
