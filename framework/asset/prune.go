package asset

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// KeepFor is how long assets stay after a newer generation replaced theirs:
// pages in open tabs and in caches still name them.
const KeepFor = 30 * 24 * time.Hour

// published is the manifest of a generation in a store.
type published struct {
	generation string
	at         time.Time
}

// Prune removes from the store in directory store what nobody needs at now:
// manifests of generations that were replaced more than keep ago, then files
// that are older than keep and in no manifest left. The newest manifest and
// those of the generations inUse always stay. A manifest that cannot be read
// stops it before any file is removed.
func Prune(store string, keep time.Duration, now time.Time, inUse ...string) error {
	s, err := OpenStore(store)
	if err != nil {
		return err
	}
	defer s.Close()
	unlock, err := s.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if err := s.prune(keep, now, inUse); err != nil {
		return fmt.Errorf("asset: prune: %w", err)
	}
	return nil
}

func (s *Store) prune(keep time.Duration, now time.Time, inUse []string) error {
	all, err := s.generations()
	if err != nil {
		return err
	}
	old := expired(all, keep, now, inUse)
	needed := map[string]bool{}
	for _, p := range all {
		if slices.Contains(old, p.generation) {
			continue
		}
		m, err := s.Manifest(p.generation)
		if err != nil {
			return err
		}
		for _, f := range m.Files {
			needed[f.Asset] = true
		}
	}
	for _, generation := range old {
		if err := s.root.Remove(path.Join(manifestsDir, generation+".json")); err != nil {
			return err
		}
	}
	return s.sweep(needed, now.Add(-keep), now.Add(-time.Hour))
}

// generations lists the published manifests, the oldest first.
func (s *Store) generations() ([]published, error) {
	entries, err := fs.ReadDir(s.root.FS(), manifestsDir)
	if err != nil {
		return nil, err
	}
	var list []published
	for _, e := range entries {
		generation, ok := strings.CutSuffix(e.Name(), ".json")
		if !ok || strings.HasPrefix(generation, ".") {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		list = append(list, published{generation, info.ModTime()})
	}
	slices.SortStableFunc(list, func(a, b published) int { return a.at.Compare(b.at) })
	return list, nil
}

// expired picks the generations that were replaced more than keep before now;
// list is sorted by time.
func expired(list []published, keep time.Duration, now time.Time, inUse []string) []string {
	var old []string
	for i := range len(list) - 1 {
		replaced := list[i+1].at
		if now.Sub(replaced) > keep && !slices.Contains(inUse, list[i].generation) {
			old = append(old, list[i].generation)
		}
	}
	return old
}

// assetAt returns the asset that a file of the store is a form of.
func assetAt(name string) (asset string, ok bool) {
	if asset, ok = strings.CutPrefix(name, filesDir+"/"); ok {
		return asset, true
	}
	rest, ok := strings.CutPrefix(name, encodedDir+"/")
	if !ok {
		return "", false
	}
	_, asset, ok = strings.Cut(rest, "/")
	return asset, ok
}

// sweep removes files that are not needed and older than before, and files of
// writers that died: they are not written for hours.
func (s *Store) sweep(needed map[string]bool, before, tempsBefore time.Time) error {
	tree := s.root.FS()
	return fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		limit := tempsBefore
		if !strings.HasPrefix(d.Name(), tempPrefix) {
			asset, isAsset := assetAt(name)
			if !isAsset || needed[asset] {
				return nil
			}
			limit = before
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) || err == nil && !info.ModTime().Before(limit) {
			return nil
		}
		if err != nil {
			return err
		}
		return ignoreMissing(s.root.Remove(name))
	})
}
