package asset

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"sync"
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

// writers is how many files are written at once: a disk makes many last in the
// time of one.
const writers = 16

// copyAll brings every file of m into the store, with its compressed forms, and
// makes all last.
func (s *Store) copyAll(fsys fs.FS, m *Manifest, encoders ...Encoder) error {
	var (
		mu      sync.Mutex
		faults  []error
		changed = map[string]bool{}
		work    sync.WaitGroup
	)
	next := make(chan File)
	for range min(writers, len(m.Files)) {
		work.Go(func() {
			for f := range next {
				made, written, err := s.copy(fsys, f, encoders)
				mu.Lock()
				m.Files[f.Name] = made
				faults = append(faults, err)
				for _, target := range written {
					for dir := path.Dir(target); dir != "."; dir = path.Dir(dir) {
						changed[dir] = true // its parents too: they may be new
					}
					changed["."] = true
				}
				mu.Unlock()
			}
		})
	}
	for _, f := range m.sorted() {
		next <- f
	}
	close(next)
	work.Wait()
	if err := errors.Join(faults...); err != nil {
		return err
	}
	for dir := range changed {
		if err := syncDir(s.root, dir); err != nil {
			return err
		}
	}
	return nil
}

// copy brings one file into the store. It returns what the manifest says of it,
// and the paths that were written.
func (s *Store) copy(fsys fs.FS, f File, encoders []Encoder) (made File, written []string, err error) {
	target := path.Join(filesDir, f.Asset)
	if !s.has(target, f.Size) {
		if err := replace(s.root, target, func(w io.Writer) error { return copyFile(w, fsys, f) }); err != nil {
			return f, nil, err
		}
		written = append(written, target)
	}
	sizes, more, err := s.encode(f, encoders)
	f.Encoded = sizes
	return f, append(written, more...), err
}

// has reports whether an asset is there. Its name is its content, so the size
// only guards against files that something else cut short.
func (s *Store) has(target string, size int64) bool {
	info, err := s.root.Lstat(target)
	return err == nil && info.Mode().IsRegular() && info.Size() == size
}

// pieceSize is how much of a file is written at once. The kernel keeps what it
// was given at once in memory that lies together, as far as it can, and what
// lies together is sent in fewer steps. It is as large as a large page, beyond
// which nothing lies together.
const pieceSize = 2 << 20

// copyFile copies a file and checks that it is still what was scanned: under
// a wrong fingerprint it would stay in caches for a year.
func copyFile(w io.Writer, fsys fs.FS, want File) error {
	src, err := fsys.Open(want.Name)
	if err != nil {
		return err
	}
	defer src.Close()
	out := bufio.NewWriterSize(w, int(min(want.Size, pieceSize)))
	got, err := readFile(want.Name, io.TeeReader(src, out))
	if err == nil {
		err = out.Flush()
	}
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
