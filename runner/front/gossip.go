package front

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dram-go/dram/runner/control"
)

// gossip is what this front has to tell the others of pages that have changed.
type gossip struct {
	others atomic.Bool   // there are some
	wake   chan struct{} // holds one signal while there is something to be told

	mu    sync.Mutex
	pages map[control.Page]bool
	size  int
	all   bool // there are too many to be named
}

const (
	// gossipPause is the shortest time between two messages.
	gossipPause = 10 * time.Millisecond
	// gossipSize bounds the texts in one.
	gossipSize = 16 << 10
)

func newGossip() *gossip { return &gossip{wake: make(chan struct{}, 1)} }

// note takes what has changed on a host. It never blocks.
func (g *gossip) note(host string, targets []string) {
	if !g.others.Load() || len(targets) == 0 {
		return
	}
	g.mu.Lock()
	for _, target := range targets {
		path, _, _ := strings.Cut(target, "?")
		g.add(control.Page{Host: host, Target: path})
	}
	g.mu.Unlock()
	select {
	case g.wake <- struct{}{}:
	default: // run will look
	}
}

func (g *gossip) add(p control.Page) {
	switch {
	case g.all, g.pages[p]:
		return
	case g.size+len(p.Host)+len(p.Target) > gossipSize:
		g.all, g.pages = true, nil
		return
	case g.pages == nil:
		g.pages = make(map[control.Page]bool)
	}
	g.pages[p] = true
	g.size += len(p.Host) + len(p.Target)
}

// take returns what there is to be told.
func (g *gossip) take() control.Changed {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := control.Changed{All: g.all}
	for p := range g.pages {
		m.Pages = append(m.Pages, p)
	}
	g.pages, g.size, g.all = nil, 0, false
	return m
}

// hear drops what another front says has changed.
func (k *kept) hear(m control.Changed) {
	c := k.cache.Load()
	if c == nil {
		return
	}
	if m.All {
		c.Clear()
	}
	for _, p := range m.Pages {
		c.Forget(p.Host, p.Target)
	}
}
