package webtest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/dram-go/dram/framework/config"
)

// migrated remembers the databases that were migrated by this test binary, by
// what made them. It is the only state that tests share, and never changes once
// an entry is there.
var migrated sync.Map // template → func() (snapshot, error)

// template says when two tests may start from the same database: same app,
// same function, same settings.
type template struct {
	app      reflect.Type
	new      uintptr // identity of the function with what it closes over
	settings string
}

// snapshot holds the files of a database by their suffix: "" and "-wal". It
// also keeps the function alive, so that no other gets its identity.
type snapshot struct {
	files map[string][]byte
	made  any
}

// copyMigrated puts a migrated database where conf wants one. It does nothing
// for an app without Migrate or without SQLite.
func copyMigrated[H http.Handler](t testing.TB, newApp func(*config.Config) (H, error), set *setting, conf *config.Config) error {
	target, ok := sqliteFile(conf)
	if !ok || !reflect.TypeFor[H]().Implements(reflect.TypeFor[migrator]()) {
		return nil
	}
	key := template{reflect.TypeFor[H](), identity(&newApp), set.key()}
	once, _ := migrated.LoadOrStore(key, sync.OnceValues(func() (snapshot, error) {
		return migrate(t.Context(), newApp, set)
	}))
	s, err := once.(func() (snapshot, error))()
	if err != nil {
		return fmt.Errorf("migrating the database that tests start from: %w", err)
	}
	for suffix, data := range s.files {
		if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(target+suffix, data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// identity returns the address of a function value: the same for the same
// function and, unlike reflect.Value.Pointer, different for two closures of one
// function literal.
func identity[F any](f *F) uintptr {
	return *(*uintptr)(reflect.ValueOf(f).UnsafePointer())
}

// migrate makes an app of its own, migrates and closes it, and returns the
// files it leaves.
func migrate[H http.Handler](ctx context.Context, newApp func(*config.Config) (H, error), set *setting) (s snapshot, err error) {
	root, err := os.MkdirTemp("", "webtest-")
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(root)) }()
	conf, err := set.load(root, &Clock{})
	if err != nil {
		return s, err
	}
	app, err := newApp(conf)
	if err != nil {
		return s, fmt.Errorf("New of the app: %w", err)
	}
	if err := any(app).(migrator).Migrate(ctx); err != nil {
		return s, err
	}
	if c, ok := any(app).(closer); ok {
		if err := c.Close(ctx); err != nil {
			return s, err
		}
	}
	file, _ := sqliteFile(conf)
	return read(file, newApp)
}

func read(file string, made any) (snapshot, error) {
	s := snapshot{files: map[string][]byte{}, made: made}
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(file + suffix)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return snapshot{}, err
		}
		s.files[suffix] = data
	}
	return s, nil
}

// sqliteFile returns the file of an SQLite database below the test's Root. A
// database elsewhere, which a test asked for, is not ours to write.
func sqliteFile(conf *config.Config) (string, bool) {
	path, ok := strings.CutPrefix(conf.Database.URL, "sqlite:")
	if !ok {
		return "", false
	}
	path, _, _ = strings.Cut(path, "?")
	path = conf.Path(path)
	return path, strings.HasPrefix(path, conf.Root+string(filepath.Separator))
}
