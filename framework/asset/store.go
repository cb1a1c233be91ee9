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
	f, err := s.root.Open(path.Join(filesDir, asset))
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

func (s *Store) find(name string) (found, error) {
	m := s.current.Load()
	if f, ok := m.Files[name]; ok {
		content, err := s.Open(f.Asset)
		return found{File: f, content: content}, err
	}
	plain, fingerprint, ok := splitAsset(name)
	if !ok {
		return found{}, &MissingError{Name: name}
	}
	content, err := s.Open(name)
	if err != nil {
		return found{}, err
	}
	f := File{Name: plain, Asset: name, Type: contentType(plain), Hash: fingerprint}
	return found{File: f, content: content, fixed: true}, nil
}
