package asset

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
)

// Publish copies the files of fsys into the store in directory store under
// their fingerprinted names and then writes the manifest of generation. What
// is there already is kept, so publishing twice, or the same file in two
// generations, costs nothing. Files that gain by it are also compressed, by
// each of the encoders.
//
// A process that dies on the way, or a machine that loses power, leaves no
// half file under a served name and no manifest of files that are missing:
// publish again. Processes that publish at once take turns.
func Publish(fsys fs.FS, store, generation string, encoders ...Encoder) (*Manifest, error) {
	name, err := manifestPath(generation)
	if err != nil {
		return nil, err
	}
	m, err := Scan(fsys)
	if err != nil {
		return nil, err
	}
	s, err := OpenStore(store)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	unlock, err := s.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := s.copyAll(fsys, m, encoders...); err != nil {
		return nil, fmt.Errorf("asset: publish: %w", err)
	}
	if err := m.write(s.root, name); err != nil {
		return nil, err
	}
	return m, nil
}

// copyAll brings every file of m into the store and makes it last.
func (s *Store) copyAll(fsys fs.FS, m *Manifest, encoders ...Encoder) error {
	changed := map[string]bool{}
	for _, name := range m.names() {
		f := m.Files[name]
		target := path.Join(filesDir, f.Asset)
		if s.has(target, f.Size) {
			continue
		}
		if err := replace(s.root, target, func(w io.Writer) error { return copyFile(w, fsys, f) }); err != nil {
			return err
		}
		for dir := path.Dir(target); dir != "."; dir = path.Dir(dir) {
			changed[dir] = true // its parents too: they may be new
		}
		changed["."] = true
	}
	if err := s.encodeAll(m, encoders, changed); err != nil {
		return err
	}
	for dir := range changed {
		if err := syncDir(s.root, dir); err != nil {
			return err
		}
	}
	return nil
}

// has reports whether an asset is there. Its name is its content, so the size
// only guards against files that something else cut short.
func (s *Store) has(target string, size int64) bool {
	info, err := s.root.Lstat(target)
	return err == nil && info.Mode().IsRegular() && info.Size() == size
}

// copyFile copies a file and checks that it is still what was scanned: under
// a wrong fingerprint it would stay in caches for a year.
func copyFile(w io.Writer, fsys fs.FS, want File) error {
	src, err := fsys.Open(want.Name)
	if err != nil {
		return err
	}
	defer src.Close()
	got, err := readFile(want.Name, io.TeeReader(src, w))
	if err == nil && got.Hash != want.Hash {
		err = errors.New("file changed while it was published, publish again")
	}
	return err
}

// lock waits until no other process changes the store. The kernel gives the
// lock back when its holder dies.
func (s *Store) lock() (unlock func(), err error) {
	f, err := s.root.OpenFile(".lock", os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("asset: lock store: %w", err)
	}
	if err := lockFile(f); err != nil {
		return nil, errors.Join(fmt.Errorf("asset: lock store: %w", err), f.Close())
	}
	return func() { f.Close() }, nil
}
