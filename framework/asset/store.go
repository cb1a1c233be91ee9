package asset

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync/atomic"
)

// The directories of a store.
const (
	filesDir     = "files"     // every asset of every generation, by fingerprinted name
	encodedDir   = "encoded"   // CODING/ASSET: the same, compressed
	manifestsDir = "manifests" // GENERATION.json
)

// Store is a directory that several generations of an app publish their files
// into, and a [Source] of all of them: fingerprinted names of any generation,
// plain names of the manifest given to [Store.Use]. It is safe for concurrent
// use, also while other processes publish or prune.
type Store struct {
	root    *os.Root
	current atomic.Pointer[Manifest]
}

// OpenStore opens the store in dir, which is made if it is missing.
func OpenStore(dir string) (*Store, error) {
	for _, sub := range []string{filesDir, manifestsDir} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, fmt.Errorf("asset: open store: %w", err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("asset: open store: %w", err)
	}
	s := &Store{root: root}
	s.Use(nil)
	return s, nil
}

// Dir is the directory of the store.
func (s *Store) Dir() string { return s.root.Name() }

// StorePath is where the form of an asset in a content coding, "" for the file
// as it is, lies below the directory of a store.
func StorePath(asset, coding string) string {
	if coding == "" {
		return path.Join(filesDir, asset)
	}
	return encodedPath(asset, coding)
}

// Close closes the directory; files that are open stay open.
func (s *Store) Close() error { return s.root.Close() }

// Use makes m the manifest that plain names are looked up in, in one step.
// Requests that run keep the one they began with; nil stands for no files.
func (s *Store) Use(m *Manifest) {
	if m == nil {
		m = &Manifest{}
	}
	s.current.Store(m)
}

// Manifest reads the manifest of a published generation.
func (s *Store) Manifest(generation string) (*Manifest, error) {
	name, err := manifestPath(generation)
	if err != nil {
		return nil, err
	}
	text, err := s.root.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("asset: manifest of generation %s: %w", generation, err)
	}
	m := &Manifest{}
	if err := m.UnmarshalJSON(text); err != nil {
		return nil, fmt.Errorf("generation %s: %w", generation, err)
	}
	return m, nil
}

// manifestPath returns the path of a generation's manifest in a store.
func manifestPath(generation string) (string, error) {
	if checkName(generation) != nil || path.Base(generation) != generation {
		return "", fmt.Errorf("asset: generation %q is no file name", generation)
	}
	return path.Join(manifestsDir, generation+".json"), nil
}

// Open opens an asset of any generation by its fingerprinted name. One that
// is not there, or no name of an asset, is fs.ErrNotExist.
func (s *Store) Open(asset string) (*os.File, error) {
	if _, _, ok := splitAsset(asset); !ok || checkName(asset) != nil {
		return nil, &MissingError{Name: asset}
	}
	f, err := s.root.Open(StorePath(asset, ""))
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, &MissingError{Name: asset}
		}
		return nil, fmt.Errorf("asset: %w", err)
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(&MissingError{Name: asset}, f.Close())
	}
	return f, nil
}

// URLName returns the URL path of a file of the manifest in use.
func (s *Store) URLName(name string) (string, error) { return s.current.Load().URLName(name) }

// Found says which file a name below [Prefix] stands for.
type Found struct {
	File
	Fixed bool // it was asked for by its fingerprint
	// Known says that the file belongs to the manifest in use, so that File is
	// complete. Otherwise it may not even be there, and it may have encodings
	// that File does not list.
	Known bool
}

// Lookup finds out what a name stands for: a plain one in the manifest in use,
// or an asset of any generation. It does not look at the disk.
func (s *Store) Lookup(name string) (Found, bool) {
	m := s.current.Load()
	if f, ok := m.Files[name]; ok {
		return Found{File: f, Known: true}, true
	}
	plain, fingerprint, ok := splitAsset(name)
	if !ok || checkName(name) != nil {
		return Found{}, false
	}
	if f, ok := m.Files[plain]; ok && f.Asset == name {
		return Found{File: f, Fixed: true, Known: true}, true
	}
	return Found{File: File{Name: plain, Asset: name, Type: contentType(plain), Hash: fingerprint}, Fixed: true}, true
}

func (s *Store) find(name string) (found, error) {
	f, ok := s.Lookup(name)
	if !ok {
		return found{}, &MissingError{Name: name}
	}
	content, err := s.Open(f.Asset)
	return found{File: f.File, content: content, fixed: f.Fixed}, err
}
