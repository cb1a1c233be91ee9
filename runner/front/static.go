package front

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/dram-go/dram/framework/asset"
	"github.com/dram-go/dram/runner/control"
)

// static answers requests for assets from the store of the current table. It
// is changed by one goroutine and used by all.
type static struct {
	log     *slog.Logger
	place   control.Assets
	store   *asset.Store
	handler atomic.Pointer[asset.Handler]
}

// use makes the files of a generation the current ones. What cannot be read is
// left as it was: workers answer for files that the front does not have.
func (s *static) use(a *control.Assets) {
	if a == nil {
		s.close()
		return
	}
	if *a == s.place {
		return
	}
	manifest, err := asset.ReadManifest(a.Manifest)
	if err != nil {
		s.log.Error("static files of the new generation; workers serve them", "err", err)
		return
	}
	store := s.store
	if store == nil || a.Store != s.place.Store {
		if store, err = asset.OpenStore(a.Store); err != nil {
			s.log.Error("static files of the new generation; workers serve them", "err", err)
			return
		}
	}
	store.Use(manifest)
	if store != s.store {
		s.close()
		s.store = store
		s.handler.Store(asset.NewHandler(store))
	}
	s.place = *a
}

// close ends the use of a store. A request that has just found it falls
// through to a worker.
func (s *static) close() {
	s.handler.Store(nil)
	if s.store != nil {
		_ = s.store.Close() // a directory opened for reading
	}
	s.store, s.place = nil, control.Assets{}
}

// tryServe answers t if it asks for a file that is there.
func (s *static) tryServe(t *turn) bool {
	if !strings.HasPrefix(t.path(), asset.Prefix) {
		return false
	}
	handler := s.handler.Load()
	return handler != nil && handler.TryServe(&responder{turn: t, header: make(http.Header)}, t.Head())
}

// responder lets an http.Handler answer a turn.
type responder struct {
	turn   *turn
	header http.Header
}

func (w *responder) Header() http.Header { return w.header }

func (w *responder) WriteHeader(status int) {
	if !w.turn.started {
		w.turn.Start(status, w.header)
	}
}

func (w *responder) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.turn.Write(b)
}

func (w *responder) ReadFrom(r io.Reader) (int64, error) {
	w.WriteHeader(http.StatusOK)
	return w.turn.ReadFrom(r)
}
