package static

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dram-go/dram/framework/asset"
)

// Options of a Server. The zero value of a number or a time is its default.
type Options struct {
	// Assets is the store whose files are served below asset.Prefix, nil for
	// none. It stays the caller's. When another manifest is used, make another
	// Server: this one remembers which file a plain name stood for.
	Assets      *asset.Store
	Directories []Directory
	Memory      int64         // octets of small files that are kept ready, default 64 MiB
	Open        int           // large files that are kept open, default 256
	Trust       time.Duration // how long a file is believed to be unchanged, default 1 s
	Log         *slog.Logger  // default: slog.Default
}

// Server answers requests for files. It is safe for concurrent use.
type Server struct {
	places []place // the longest prefix first
	shelf  *shelf
	trust  time.Duration
	log    *slog.Logger

	closing sync.RWMutex // a reader loads a file
	closed  bool
}

// New returns a Server. It fails if it cannot open the store. A directory is
// opened when it is asked for; one that does not exist has no files until it
// does.
func New(o Options) (*Server, error) {
	s := &Server{
		shelf: newShelf(cmp.Or(o.Memory, 64<<20), cmp.Or(o.Open, 256)),
		trust: cmp.Or(o.Trust, time.Second),
		log:   o.Log,
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	if o.Assets != nil {
		files, err := openBelow(o.Assets.Dir())
		if err != nil {
			return nil, fmt.Errorf("static: assets: %w", err)
		}
		s.places = append(s.places, place{asset.Prefix, store{o.Assets, files}})
	}
	for _, d := range o.Directories {
		s.places = append(s.places, place{d.Prefix, newDirectory(d, s.trust)})
	}
	slices.SortStableFunc(s.places, func(a, b place) int { return len(b.prefix) - len(a.prefix) })
	return s, nil
}

// Close lets all files go. A response that is being sent is sent to its end;
// a request that comes later is not answered.
func (s *Server) Close() {
	s.closing.Lock()
	defer s.closing.Unlock()
	s.closed = true
	s.shelf.clear()
	for _, p := range s.places {
		p.source.close()
	}
}

// Covers reports whether a path, as it was sent, may be that of a file.
func (s *Server) Covers(path string) bool {
	if len(path) == 0 {
		return false
	}
	if strings.IndexByte(path, '%') >= 0 {
		return len(s.places) > 0
	}
	for i := range s.places {
		if strings.HasPrefix(path, s.places[i].prefix) {
			return true
		}
	}
	return false
}

// TryServe answers a request for a file that is there and reports whether it
// did. Otherwise it has sent nothing.
func (s *Server) TryServe(w Response, r *Request, now time.Time) bool {
	if !s.Covers(r.path) {
		return false
	}
	path, ok := decode(r.path)
	if !ok {
		return false
	}
	if f := s.shelf.get(path); f != nil {
		if f.fixed || s.holds(f, now) {
			f.answer(w, r, now)
			f.done()
			return true
		}
		f.done()
	}
	return s.load(w, r, path, now)
}

// decode removes escapes from a path. An encoded separator is refused rather
// than decoded: what stands in front of us may have judged the path without.
func decode(path string) (string, bool) {
	if strings.IndexByte(path, '%') < 0 {
		return path, true
	}
	lower := strings.ToLower(path)
	if strings.Contains(lower, "%2f") || strings.Contains(lower, "%5c") {
		return "", false
	}
	decoded, err := url.PathUnescape(path)
	return decoded, err == nil
}

// holds reports whether a file on the shelf is what there is on the disk. One
// request looks; others go on with what was true a moment ago.
func (s *Server) holds(f *file, now time.Time) bool {
	checked := f.checked.Load()
	if now.UnixNano()-checked < int64(s.trust) || !f.checked.CompareAndSwap(checked, now.UnixNano()) {
		return true
	}
	s.closing.RLock()
	defer s.closing.RUnlock()
	name, ok := strings.CutPrefix(f.path, f.prefix)
	if ok && !s.closed && f.source.holds(f, name, now) {
		return true
	}
	s.shelf.drop(f)
	return false
}

// load reads a file and answers with it.
func (s *Server) load(w Response, r *Request, path string, now time.Time) bool {
	for _, p := range s.places {
		name, ok := strings.CutPrefix(path, p.prefix)
		if !ok || !servable(name) {
			continue
		}
		f, err := s.read(p, name, path, now)
		switch {
		case err == nil:
			f.answer(w, r, now)
			f.done()
			return true
		case errors.Is(err, directoryError{}):
			redirect(w, r)
			return true
		case errors.Is(err, fs.ErrNotExist):
		default:
			s.log.Error("file that cannot be served; a worker is asked", "path", path, "err", err)
		}
	}
	return false
}

// servable allows the names of files, and of directories by "/" at the end.
func servable(name string) bool {
	return name == "" || asset.Servable(strings.TrimSuffix(name, "/"))
}

func (s *Server) read(p place, name, path string, now time.Time) (*file, error) {
	s.closing.RLock()
	defer s.closing.RUnlock()
	if s.closed {
		return nil, fs.ErrNotExist
	}
	f, err := p.source.load(name, now)
	if err != nil {
		return nil, err
	}
	f.path, f.prefix = strings.Clone(path), p.prefix // path is a part of a whole head
	f.take()
	s.shelf.put(f)
	return f, nil
}

// redirect sends a client to the path of a directory, where the links of its
// index lead to the right place. The reference is relative: the path may have a
// prefix that we do not see, and this one cannot be taken for another host.
func redirect(w Response, r *Request) {
	if r.refused(w) {
		return
	}
	last := r.path[strings.LastIndexByte(r.path, '/')+1:]
	b := appendField(nil, "Cache-Control", cachePlain)
	b = appendField(b, "Location", "./"+last+"/"+r.query)
	w.StartPrepared(http.StatusMovedPermanently, b, 0)
}
