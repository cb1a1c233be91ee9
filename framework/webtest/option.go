package webtest

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dram-go/dram/framework/config"
)

// Option changes the settings of an app under test.
type Option func(*setting)

type setting struct {
	file  string
	flags map[string]string
}

// Set gives one setting by its dotted key another value, in the form of a
// command line's flag: Set("locale.default", "ko"), Set("app.samples", "0").
func Set(key, value string) Option {
	return func(s *setting) { s.flags[key] = value }
}

// File takes the settings of another file than the app's dram.toml.
func File(path string) Option {
	return func(s *setting) { s.file = path }
}

func settings(options []Option) *setting {
	s := &setting{flags: map[string]string{}}
	for _, o := range options {
		o(s)
	}
	return s
}

// key tells apart settings under which migrations could differ.
func (s *setting) key() string {
	var b strings.Builder
	b.WriteString(s.file)
	for _, k := range slices.Sorted(maps.Keys(s.flags)) {
		b.WriteString("\x00" + k + "\x00" + s.flags[k])
	}
	return b.String()
}

// load makes the configuration of an app whose files lie in root.
func (s *setting) load(root string, clock *Clock) (*config.Config, error) {
	dir, file, err := s.place()
	if err != nil {
		return nil, err
	}
	flags := map[string]string{
		"env":          string(config.Test),
		"secret":       "the secret of apps under test, known to everyone",
		"log.level":    "warn",
		"database.url": "sqlite:" + filepath.Join(root, "app.db"),
	}
	maps.Copy(flags, s.flags)
	conf, err := config.Load(config.Options{Dir: dir, File: file, Environ: []string{}, Flags: flags})
	if err != nil {
		return nil, err
	}
	conf.Root = root
	conf.Now = clock.Now
	return conf, nil
}

// place returns the directory of the app and its settings file, "" for none.
func (s *setting) place() (dir, file string, err error) {
	here, err := os.Getwd()
	if err != nil || s.file != "" {
		return here, s.file, err
	}
	for dir := here; ; dir = filepath.Dir(dir) {
		if file := filepath.Join(dir, "dram.toml"); exists(file) {
			return dir, file, nil
		}
		if exists(filepath.Join(dir, "go.mod")) || dir == filepath.Dir(dir) {
			return here, "", nil
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
