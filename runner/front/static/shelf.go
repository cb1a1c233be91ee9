package static

import "sync"

// shelf keeps files ready. It is bounded: files that were not asked for while
// half of what it may hold came in are let go.
type shelf struct {
	octets int64 // of memory that it may hold
	files  int   // descriptors that it may hold

	mu    sync.RWMutex
	young map[string]*file
	old   map[string]*file
	used  int64 // by the young
	open  int
}

func newShelf(octets int64, files int) *shelf {
	return &shelf{octets: octets, files: files, young: map[string]*file{}}
}

// get finds a file, which the caller must be done with.
func (s *shelf) get(path string) *file {
	s.mu.RLock()
	f, young := s.young[path]
	if !young {
		f = s.old[path]
	}
	if f != nil {
		f.take()
	}
	s.mu.RUnlock()
	if f != nil && !young {
		s.promote(f)
	}
	return f
}

// promote makes an old file young.
func (s *shelf) promote(f *file) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.old[f.path] != f {
		return // somebody else did
	}
	delete(s.old, f.path)
	s.store(f)
}

// put keeps a file. One that is too large for the shelf is not kept.
func (s *shelf) put(f *file) {
	if f.cost() > s.octets/4 || f.open > s.files/4 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f.take()
	s.forget(f.path)
	s.store(f)
}

// store adds a file to the young ones; the lock is held.
func (s *shelf) store(f *file) {
	s.young[f.path] = f
	s.used += f.cost()
	s.open += f.open
	if s.used > s.octets/2 || s.open > s.files/2 {
		letGo(s.old)
		s.old, s.young = s.young, map[string]*file{}
		s.used, s.open = 0, 0
	}
}

// forget lets a file go; the lock is held.
func (s *shelf) forget(path string) {
	if f := s.young[path]; f != nil {
		delete(s.young, path)
		s.used -= f.cost()
		s.open -= f.open
		f.done()
	}
	if f := s.old[path]; f != nil {
		delete(s.old, path)
		f.done()
	}
}

// drop lets a file go that is not on the disk any more as it was.
func (s *shelf) drop(f *file) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.young[f.path] == f || s.old[f.path] == f {
		s.forget(f.path)
	}
}

// clear lets everything go.
func (s *shelf) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	letGo(s.young)
	letGo(s.old)
	s.young, s.old, s.used, s.open = map[string]*file{}, nil, 0, 0
}

func letGo(files map[string]*file) {
	for _, f := range files {
		f.done()
	}
}
