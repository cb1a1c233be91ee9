package front

import (
	"time"

	"github.com/dram-go/dram/runner/control"
)

// upstreams says how the apps of the mounts in force are. It may be called
// from any goroutine.
func (f *front) upstreams() []control.Upstream {
	all := []control.Upstream{}
	for _, m := range f.live.Load().mounts {
		if m.app.look != nil {
			all = append(all, m.app.look(m.name)...)
		}
	}
	return all
}

// news notes, from any goroutine, that one of the upstreams has changed.
func (f *front) news() {
	select {
	case f.changed <- struct{}{}:
	default: // run will look
	}
}

// tellUpstreams tells the master, if there is anything to be told.
func (f *front) tellUpstreams() {
	now := f.upstreams()
	if f.master != nil && (len(now) > 0 || f.toldSome) {
		f.toldSome = len(now) > 0
		f.tell(f.master, control.KindMounted, control.Mounted{Upstreams: now})
	}
}

// look says how the origins of a mount are.
func (g *origins) look(mount string) []control.Upstream {
	all := make([]control.Upstream, len(g.all))
	for i, o := range g.all {
		o.mu.Lock()
		all[i] = control.Upstream{Mount: mount, Name: o.name, Usable: o.usable(), Since: o.since}
		if !all[i].Usable {
			all[i].Reason = o.why
		}
		o.mu.Unlock()
	}
	return all
}

// look says whether the gateway has workers for us.
func (n *neighbour) look(mount string) []control.Upstream {
	n.mu.Lock()
	defer n.mu.Unlock()
	up := control.Upstream{Mount: mount, Name: n.path, Usable: n.serves, Since: n.since}
	if !up.Usable {
		up.Reason = n.why
	}
	return []control.Upstream{up}
}

// note notes whether the gateway has workers for us.
func (n *neighbour) note(serves bool, why string) {
	n.mu.Lock()
	changed := n.serves != serves
	if changed {
		n.serves, n.since = serves, time.Now()
	}
	n.why = why
	n.mu.Unlock()
	if changed {
		n.news()
	}
}
