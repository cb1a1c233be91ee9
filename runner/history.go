package runner

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// historyName is the file in the state directory that tells the next master
// which generations there were: rollback goes back beyond a restart.
const historyName = "generations.json"

// history is what that file holds.
type history struct {
	// Generations that were committed: the one that serves, then the one that
	// a rollback goes back to.
	Generations []pastGeneration `json:"generations"`
}

// pastGeneration is a generation on the disk. Its paths count from the state
// directory, which may be moved.
type pastGeneration struct {
	Number    int       `json:"number"`
	Build     string    `json:"build"`
	Binary    string    `json:"binary"`
	Settings  string    `json:"settings"`
	Sum       string    `json:"sum"`               // of the settings
	NoFile    bool      `json:"no_file,omitempty"` // there were no settings
	Root      string    `json:"root"`              // of the app, absolute
	Committed time.Time `json:"committed"`
}

// remember writes down what a later master needs. The file is the old one or
// the new one, never half of it.
func remember(stateDir string, now time.Time, generations ...generation) error {
	var h history
	for _, g := range generations {
		binary, err := filepath.Rel(stateDir, g.binary)
		if err != nil {
			return err
		}
		settings, err := filepath.Rel(stateDir, g.kept.file)
		if err != nil {
			return err
		}
		h.Generations = append(h.Generations, pastGeneration{
			Number: g.number, Build: g.build, Binary: binary, Settings: settings, Sum: g.kept.sum, NoFile: g.kept.none, Root: g.kept.root, Committed: now,
		})
	}
	text, err := json.MarshalIndent(h, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(stateDir, historyName), append(text, '\n'))
}

// replaceFile writes path whole or not at all.
func replaceFile(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails after the rename, as it should
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// recall reads what an earlier master left: the generation that it served last
// and the one before, as far as there are any, and the highest number of them.
// What can no longer be run is left out, and the error says why.
func recall(stateDir string) (last, before *generation, number int, err error) {
	text, err := os.ReadFile(filepath.Join(stateDir, historyName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, 0, nil
	}
	var h history
	if err == nil {
		err = json.Unmarshal(text, &h)
	}
	if err != nil {
		return nil, nil, 0, fmt.Errorf("%s cannot be read: %w", filepath.Join(stateDir, historyName), err)
	}
	var found [2]*generation
	for i, p := range h.Generations[:min(len(found), len(h.Generations))] {
		number = max(number, p.Number)
		g := p.generation(stateDir)
		if lacking := cmp.Or(isFile(g.binary), isFile(g.kept.file)); lacking != nil {
			err = errors.Join(err, fmt.Errorf("generation %d: %w", p.Number, lacking))
			continue
		}
		found[i] = &g
	}
	return found[0], found[1], number, err
}

func (p pastGeneration) generation(stateDir string) generation {
	return generation{
		number: p.Number, build: p.Build, binary: filepath.Join(stateDir, p.Binary),
		kept: keptSettings{file: filepath.Join(stateDir, p.Settings), root: p.Root, sum: p.Sum, none: p.NoFile},
	}
}

func isFile(path string) error {
	info, err := os.Lstat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file", path)
	}
	return err
}

// sameAs reports that going back to another generation would change nothing:
// the builds are equal, and so are the settings.
func (g generation) sameAs(other generation) bool {
	return g.build == other.build && g.kept.root == other.kept.root && g.kept.sum == other.kept.sum
}

// intact says what is wrong with the kept copy of a generation that is to run
// again.
func (g generation) intact() error {
	build, err := buildID(g.binary)
	if err == nil && build != g.build {
		err = fmt.Errorf("%s is another file now (build %s)", g.binary, build)
	}
	if err != nil {
		return fmt.Errorf("the kept copy of build %s cannot be run: %w", g.build, err)
	}
	return nil
}

// recallHistory takes over what an earlier master left.
func (m *master) recallHistory() {
	var err error
	m.earlier, m.previous, m.lastNumber, err = recall(m.conf.StateDir())
	if err != nil {
		m.log.Warn("no rollback to what served before this start", "err", err)
	}
}

// chores are what a commit leaves to do on the disk. The supervisor does not
// wait for it, because a disk can hang.
type chores struct {
	mu     sync.Mutex
	newest int // generation they were last done for
	all    sync.WaitGroup
}

// choresLimit bounds the wait for them at the end of the tree.
const choresLimit = 5 * time.Second

// tidy removes the copies of generations that nobody needs any more, and keeps
// for the next master which ones there are.
func (m *master) tidy(g generation) {
	dir, alive := m.conf.StateDir(), []generation{g}
	if m.previous != nil {
		alive = append(alive, *m.previous)
	}
	m.chores.all.Go(func() {
		m.chores.mu.Lock()
		defer m.chores.mu.Unlock()
		if m.chores.newest > g.number {
			return // a later commit was faster
		}
		m.chores.newest = g.number
		if err := remember(dir, time.Now(), alive...); err != nil {
			m.log.Warn("after a restart rollback will not know this generation", "err", err)
		}
		var builds []string
		var numbers []int
		for _, a := range alive {
			builds, numbers = append(builds, a.build), append(numbers, a.number)
		}
		if err := pruneBinaries(filepath.Join(dir, "bin"), builds...); err != nil {
			m.log.Warn("old binaries stay on the disk", "err", err)
		}
		if err := pruneSettings(settingsDir(m.conf), g.number, numbers...); err != nil {
			m.log.Warn("old settings stay on the disk", "err", err)
		}
	})
}

// finish waits for them, but not for ever.
func (c *chores) finish() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.all.Wait()
	}()
	select {
	case <-done:
	case <-time.After(choresLimit):
	}
}
