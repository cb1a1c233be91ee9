package cache

import "sync/atomic"

// Figures count what a cache has done, and say what it holds.
type Figures struct {
	Hits      uint64 // requests answered with what was kept
	Misses    uint64 // requests that the app was asked for
	Bypassed  uint64 // requests that are not for a cache
	Collapsed uint64 // requests that waited for another's answer
	Stored    uint64 // responses kept
	Evicted   uint64 // of these, dropped for want of memory
	Entries   int    // kept now
	Bytes     int64  // of memory for them, about
	Limit     int64  // of Bytes
}

// Plus adds what another cache has counted; what is held is that of neither.
func (f Figures) Plus(g Figures) Figures {
	return Figures{
		Hits: f.Hits + g.Hits, Misses: f.Misses + g.Misses, Bypassed: f.Bypassed + g.Bypassed, Collapsed: f.Collapsed + g.Collapsed,
		Stored: f.Stored + g.Stored, Evicted: f.Evicted + g.Evicted,
	}
}

type figures struct {
	hits, misses, bypassed, collapsed, stored, evicted atomic.Uint64
}

// Figures returns the figures of now.
func (c *Cache) Figures() Figures {
	f := Figures{
		Hits: c.figures.hits.Load(), Misses: c.figures.misses.Load(), Bypassed: c.figures.bypassed.Load(),
		Collapsed: c.figures.collapsed.Load(), Stored: c.figures.stored.Load(), Evicted: c.figures.evicted.Load(),
		Limit: c.options.Size,
	}
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		for _, r := range s.resources {
			f.Entries += len(r.entries)
		}
		f.Bytes += s.used
		s.mu.Unlock()
	}
	return f
}
