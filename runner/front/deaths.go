package front

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	// deathMemory is how long a death counts against the request that met it.
	deathMemory = time.Minute
	// deathsKept bounds the paths that are remembered.
	deathsKept = 256
)

// deaths remembers which paths were at a worker when it died. A worker takes
// everything with it that it has, so one death says little; but a path that
// meets the deaths of two workers in a minute, and was never answered in
// between, kills them, as far as anybody can tell from outside.
type deaths struct {
	known atomic.Int32 // len(paths), to be read without the lock
	mu    sync.Mutex
	paths map[string]death
}

// death is the last one that a path met.
type death struct {
	worker *worker
	at     time.Time
	count  int // of workers, one after the other
}

// note counts a death, once for each worker, and reports whether the path has
// killed.
func (d *deaths) note(path string, w *worker, now time.Time) (guilty bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.paths == nil {
		d.paths = make(map[string]death)
	}
	last, ok := d.paths[path]
	switch {
	case !ok:
		d.makeRoom(now)
		last = death{count: 1}
	case now.Sub(last.at) > deathMemory:
		last.count = 1
	case last.worker != w:
		last.count++
	}
	last.worker, last.at = w, now
	d.paths[path] = last
	d.known.Store(int32(len(d.paths)))
	return last.count >= 2
}

// makeRoom forgets what is old, and the oldest if there is too much.
func (d *deaths) makeRoom(now time.Time) {
	var oldest string
	for path, last := range d.paths {
		if now.Sub(last.at) > deathMemory {
			delete(d.paths, path)
		} else if oldest == "" || last.at.Before(d.paths[oldest].at) {
			oldest = path
		}
	}
	if len(d.paths) >= deathsKept {
		delete(d.paths, oldest)
	}
}

// any reports that some path is remembered; the usual answer costs nothing.
func (d *deaths) any() bool { return d.known.Load() > 0 }

// answered clears a path: it was answered.
func (d *deaths) answered(path string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.paths, path)
	d.known.Store(int32(len(d.paths)))
}
