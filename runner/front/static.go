package front

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/dram-go/dram/framework/asset"
	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
	"github.com/dram-go/dram/runner/front/static"
)

// staticRules are what a configuration says of static files.
type staticRules struct {
	memory      int64
	directories []static.Directory
	roots       *static.Roots // whose files workers may name
	files       string        // the same, as workers are told it
}

// staticRulesOf returns the rules, or what MissingDirectories finds.
func staticRulesOf(c *config.Config) (staticRules, error) {
	r := staticRules{memory: int64(c.Static.Memory)}
	for _, name := range slices.Sorted(maps.Keys(c.Static.Directories)) {
		d := c.Static.Directories[name]
		r.directories = append(r.directories, static.Directory{
			Prefix: d.Prefix, Path: c.Path(d.Path), MaxAge: d.MaxAge, Index: d.Index, Precompressed: d.Precompressed, Untrusted: d.Untrusted,
		})
	}
	paths := make([]string, len(c.Static.Sendfile))
	for i, path := range c.Static.Sendfile {
		paths[i] = c.Path(path)
	}
	r.roots, r.files = static.NewRoots(paths), strings.Join(paths, "\x00")
	return r, errors.Join(MissingDirectories(c)...)
}

// MissingDirectories returns a fault for each directory of [static.directories]
// that is not there. Those of static.sendfile may still be made, by the app that
// puts files there.
func MissingDirectories(c *config.Config) (faults []error) {
	for _, name := range slices.Sorted(maps.Keys(c.Static.Directories)) {
		path := c.Path(c.Static.Directories[name].Path)
		if info, err := os.Stat(path); err != nil || !info.IsDir() {
			key := "static.directories." + name + ".path"
			faults = append(faults, fmt.Errorf("%s: %s: %s is no directory that can be read: make it, or name another", c.Where(key), key, path))
		}
	}
	return faults
}

// ofNeighbours are the rules for the assets of another app.
func (r staticRules) ofNeighbours() staticRules { return staticRules{memory: r.memory} }

// files answers requests for static files: those that generations of the app
// have published, and those of directories. It is changed by one goroutine and
// used by all.
type files struct {
	log    *slog.Logger
	rules  staticRules
	place  control.Assets
	store  *asset.Store
	server atomic.Pointer[static.Server]
}

func newFiles(rules staticRules, log *slog.Logger) *files {
	s := &files{log: log, rules: rules}
	s.renew()
	return s
}

// use makes the files of a generation the current ones. What cannot be read is
// left as it was: workers answer for files that the front does not have.
func (s *files) use(a *control.Assets) {
	if a == nil {
		s.leave()
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

// follow takes over other rules. Those that are the same leave what is kept.
func (s *files) follow(rules staticRules) {
	before := s.rules
	s.rules = rules
	if before.memory != rules.memory || !slices.Equal(before.directories, rules.directories) {
		s.renew()
	}
}

// renew makes a server of what is to be served now.
func (s *files) renew() {
	o := static.Options{Assets: s.store, Directories: s.rules.directories, Memory: s.rules.memory, Log: s.log}
	next, err := static.New(o)
	if err != nil {
		s.log.Error("static files of the app; workers serve them", "err", err)
		o.Assets = nil
		next, _ = static.New(o) // which fails for assets alone
	}
	if before := s.server.Swap(next); before != nil {
		before.Close()
	}
}

// leave ends the use of the app's files. A request that has just found one
// falls through to a worker.
func (s *files) leave() {
	store := s.store
	s.store, s.place = nil, control.Assets{}
	s.renew()
	if store != nil {
		_ = store.Close()
	}
}

// close ends the use of all files.
func (s *files) close() {
	s.leave()
	s.server.Load().Close()
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
		if server.TryServe(t, &r, t.begun) {
			return true
		}
		if server == s.server.Load() { // not one that was closed meanwhile
			return false
		}
	}
}

// liner is an exchange that takes field lines as they are.
type liner interface{ Lines(lines []byte) }

// fileSender is an exchange that sends files that others are sending too.
type fileSender interface {
	SendFile(f *os.File, offset, n int64) (int64, error)
}

// StartPrepared begins a response with field lines that were written before.
func (t *turn) StartPrepared(status int, fields []byte, length int64) {
	if !t.Begin(status) {
		return
	}
	if x, ok := t.exchange.(liner); ok {
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
func (t *turn) SendFile(f *os.File, offset, n int64) (int64, error) {
	sent, err := sendFile(t.exchange, f, offset, n)
	t.bytes += sent
	return sent, err
}

func sendFile(x exchange, f *os.File, offset, n int64) (int64, error) {
	if s, ok := x.(fileSender); ok {
		return s.SendFile(f, offset, n)
	}
	sent, err := x.ReadFrom(io.NewSectionReader(f, offset, n))
	if err == nil && sent < n {
		err = io.ErrUnexpectedEOF
	}
	return sent, err
}
