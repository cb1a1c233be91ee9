package auth

import "sync"

// maxWays is how many foreign ways of hashing a level keeps.
const maxWays = 8

// level knows the ways in which stored hashes were made, apart from the
// Hasher's own, and so what work makes all failures alike. It is done as work
// and not as waiting, because work takes longer under load and a pause does not.
type level struct {
	mu    sync.Mutex
	known []recipe // one for each way, the one with most turns
}

// expect remembers the way of a recipe.
func (l *level) expect(r recipe) {
	if !r.usual() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, k := range l.known {
		if k.way() == r.way() {
			if r.turns() > k.turns() {
				l.known[i] = r
			}
			return
		}
	}
	if len(l.known) < maxWays {
		l.known = append(l.known, r)
	}
}

// rest returns the work that is left after done, which may be nil: that of the
// Hasher's own way and of all that are known.
func (l *level) rest(own, done recipe) []recipe {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := []recipe{own}
	for _, k := range l.known {
		if k.way() != own.way() {
			all = append(all, k)
		}
	}
	var rest []recipe
	for _, r := range all {
		turns := r.turns()
		if done != nil && done.way() == r.way() {
			turns -= done.turns()
		}
		if turns > 0 {
			rest = append(rest, r.with(turns))
		}
	}
	return rest
}
