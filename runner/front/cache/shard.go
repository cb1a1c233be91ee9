package cache

import (
	"slices"
	"sync"
)

// shard is a part of a cache with a lock of its own.
type shard struct {
	mu        sync.Mutex
	limit     int64 // bytes
	used      int64
	resources map[string]*resource
	flights   map[string]*Flight
	newest    *Entry
	oldest    *Entry
}

// add keeps an entry in place of the one before it, and reports how many
// others had to go.
func (s *shard) add(key string, e *Entry) (evicted uint64) {
	r := s.resources[key]
	if r != nil && (r.by != e.by || r.offered.text != e.offered.text) {
		s.drop(r) // what varied differently is older than the page
		r = nil
	}
	if r != nil {
		if i := slices.IndexFunc(r.entries, func(other *Entry) bool { return other.variant == e.variant }); i >= 0 {
			s.remove(r.entries[i])
		} else if len(r.entries) >= maxVariants {
			s.remove(r.entries[0])
			evicted++
		}
	}
	for s.used+e.cost > s.limit && s.oldest != nil {
		s.remove(s.oldest)
		evicted++
	}
	if r = s.resources[key]; r == nil { // the last entry of one may have gone
		r = &resource{key: key, by: e.by, offered: e.offered}
		s.resources[key] = r
	}
	e.resource = r
	r.entries = append(r.entries, e)
	s.used += e.cost
	s.link(e)
	return evicted
}

func (s *shard) drop(r *resource) {
	for _, e := range slices.Clone(r.entries) {
		s.remove(e)
	}
}

// remove forgets an entry, and its resource with the last one.
func (s *shard) remove(e *Entry) {
	s.unlink(e)
	s.used -= e.cost
	r := e.resource
	r.entries = slices.DeleteFunc(r.entries, func(other *Entry) bool { return other == e })
	if len(r.entries) == 0 {
		delete(s.resources, r.key)
	}
}

// touch makes an entry the newest.
func (s *shard) touch(e *Entry) {
	if s.newest != e {
		s.unlink(e)
		s.link(e)
	}
}

func (s *shard) link(e *Entry) {
	e.older, e.newer = s.newest, nil
	if s.newest != nil {
		s.newest.newer = e
	} else {
		s.oldest = e
	}
	s.newest = e
}

func (s *shard) unlink(e *Entry) {
	if e.newer != nil {
		e.newer.older = e.older
	} else {
		s.newest = e.older
	}
	if e.older != nil {
		e.older.newer = e.newer
	} else {
		s.oldest = e.newer
	}
	e.newer, e.older = nil, nil
}

// clear forgets all entries. Flights go on.
func (s *shard) clear() {
	clear(s.resources)
	s.used, s.newest, s.oldest = 0, nil, nil
}
