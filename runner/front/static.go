package front

import (
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync/atomic"

	"github.com/dram-go/dram/framework/asset"
	"github.com/dram-go/dram/runner/control"
	"github.com/dram-go/dram/runner/front/static"
)

// files answers requests for static files: those that generations of the app
// have published, and those of directories. It is changed by one goroutine and
// used by all.
type files struct {
	log    *slog.Logger
	place  control.Assets
	store  *asset.Store
	server atomic.Pointer[static.Server]
}

// use makes the files of a generation the current ones. What cannot be read is
// left as it was: workers answer for files that the front does not have.
func (s *files) use(a *control.Assets) {
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
	before := s.store
	s.store, s.place = store, *a
	s.renew()
	if before != nil && before != store {
		_ = before.Close() // a directory opened for reading
	}
}

// renew makes a server of what is to be served now.
func (s *files) renew() {
	before := s.server.Swap(static.New(static.Options{Assets: s.store, Log: s.log}))
	if before != nil {
		before.Close()
	}
}

// close ends the use of the files. A request that has just found one falls
// through to a worker.
func (s *files) close() {
	if before := s.server.Swap(nil); before != nil {
		before.Close()
	}
	if s.store != nil {
		_ = s.store.Close()
	}
	s.store, s.place = nil, control.Assets{}
}

// tryServe answers t if it asks for a file that is there.
func (s *files) tryServe(t *turn) bool {
	if s == nil {
		return false
	}
	var r static.Request
	r.Read(innerHead{t})
	for {
		server := s.server.Load()
		if server == nil {
			return false
		}
		if server.TryServe(t, &r, t.begun) {
			return true
		}
		if server == s.server.Load() { // not one that was closed meanwhile
			return false
		}
	}
}

// direct is an exchange that takes field lines as they are, and sends files
// that others are sending too.
type direct interface {
	Lines(lines []byte)
	SendFile(f *os.File, offset, n int64) (int64, error)
}

// StartPrepared begins a response with field lines that were written before.
func (t *turn) StartPrepared(status int, fields []byte, length int64) {
	if !t.Begin(status) {
		return
	}
	if x, ok := t.exchange.(direct); ok {
		x.Lines(fields)
	} else {
		for line := range strings.Lines(string(fields)) {
			name, value, _ := strings.Cut(strings.TrimSuffix(line, "\r\n"), ": ")
			t.Add(http.CanonicalHeaderKey(name), value)
		}
	}
	if status != http.StatusNotModified { // it would be that of the file
		t.Announce(length)
	}
	t.Ready(true)
}

// SendFile sends n octets of a file from an offset on, which other requests may
// be sending too.
func (t *turn) SendFile(f *os.File, offset, n int64) (sent int64, err error) {
	if x, ok := t.exchange.(direct); ok {
		sent, err = x.SendFile(f, offset, n)
		t.bytes += sent
		return sent, err
	}
	sent, err = t.ReadFrom(io.NewSectionReader(f, offset, n))
	if err == nil && sent < n {
		err = io.ErrUnexpectedEOF
	}
	return sent, err
}
