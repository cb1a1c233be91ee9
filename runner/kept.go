package runner

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/dram-go/dram/framework/config"
)

// A generation reads the settings as they were when it was deployed: an edit
// that nobody has reloaded yet, or that is wrong, must not reach a worker that
// merely replaces one that crashed. So each generation has a copy, and the
// master tells its processes of it in these two variables.
const (
	keptFileVariable = "DRAM_KEPT_CONFIG" // the copy
	keptRootVariable = "DRAM_KEPT_ROOT"   // the directory of the original
)

// keptSettings are the settings of one generation.
type keptSettings struct {
	file string // the copy
	root string // the directory that relative paths count from
	sum  string // of what is in the copy
	none bool   // there was no original
}

// variables tell a process of the generation.
func (k keptSettings) variables() []string {
	return []string{keptFileVariable + "=" + k.file, keptRootVariable + "=" + k.root}
}

// inheritSettings takes what a master passed out of the environment, so that
// programs that the app runs read the settings as everybody does.
func inheritSettings() keptSettings {
	k := keptSettings{file: os.Getenv(keptFileVariable), root: os.Getenv(keptRootVariable)}
	os.Unsetenv(keptFileVariable)
	os.Unsetenv(keptRootVariable)
	return k
}

// load reads the copy as config.Load would have read the original then.
func (k keptSettings) load(flags map[string]string) (*config.Config, error) {
	conf, err := config.Load(config.Options{
		Dir: filepath.Dir(k.file), File: k.file, Environ: absoluteSecrets(os.Environ(), k.root), Flags: flags,
	})
	if err != nil {
		return nil, err
	}
	conf.Root = k.root
	return conf, nil
}

// absoluteSecrets makes the names in Dram's own variables …_FILE count from
// root. Those of the app are read later, by the root of the configuration.
func absoluteSecrets(environ []string, root string) []string {
	out := make([]string, 0, len(environ))
	for _, entry := range environ {
		name, path, _ := strings.Cut(entry, "=")
		ours := strings.HasPrefix(name, "DRAM_") && !strings.HasPrefix(name, "DRAM_APP_")
		ours = ours || strings.HasPrefix(name, "SECRET_KEY") || strings.HasPrefix(name, "DATABASE_URL")
		if ours && strings.HasSuffix(name, "_FILE") && path != "" && !filepath.IsAbs(path) {
			entry = name + "=" + filepath.Join(root, path)
		}
		out = append(out, entry)
	}
	return out
}

// settingsFile is the file that the settings come from; it need not exist.
func (p *program) settingsFile() (string, error) {
	return filepath.Abs(cmp.Or(p.file, os.Getenv("DRAM_CONFIG"), "dram.toml"))
}

// maxSettings bounds a settings file or secret.
const maxSettings = 1 << 20

// keepSettings copies the settings file, and the secret that lies beside it,
// to dir/<number>. A missing file is an empty one. The copy lies in a
// directory named as the original, after which an app without a name is named.
func keepSettings(file, dir string, number int) (keptSettings, error) {
	root := filepath.Dir(file)
	place := filepath.Join(dir, strconv.Itoa(number))
	if err := os.RemoveAll(place); err != nil { // of a master before this one
		return keptSettings{}, fmt.Errorf("keep the settings: %w", err)
	}
	base := filepath.Base(root)
	if base == "/" {
		base = "root"
	}
	place = filepath.Join(place, base)
	kept := keptSettings{file: filepath.Join(place, filepath.Base(file)), root: root}
	secret := filepath.Join(".dram", "secret")
	_, missing := os.Stat(file)
	kept.none = errors.Is(missing, fs.ErrNotExist)
	sum := sha256.New()
	err := cmp.Or(
		os.MkdirAll(filepath.Join(place, ".dram"), 0o700),
		copySettings(file, kept.file, sum),
		copySettings(filepath.Join(root, secret), filepath.Join(place, secret), sum),
	)
	if err == nil {
		err = ensureFile(kept.file)
	}
	kept.sum = hex.EncodeToString(sum.Sum(nil))
	if err != nil {
		return keptSettings{}, fmt.Errorf("keep the settings: %w", err)
	}
	return kept, nil
}

// copySettings copies a file that may be missing, with its rights, and adds it
// to sum.
func copySettings(from, to string, sum io.Writer) error {
	in, info, err := openRegular(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, maxSettings+1))
	if err != nil {
		return err
	}
	if len(text) > maxSettings {
		return fmt.Errorf("%s is longer than %d bytes", from, maxSettings)
	}
	fmt.Fprintf(sum, "%s %d\n%s", filepath.Base(to), len(text), text)
	if err := os.WriteFile(to, text, 0o600); err != nil {
		return err
	}
	if filepath.Base(to) != "secret" {
		return nil // ours alone: it may hold secrets, too
	}
	return os.Chmod(to, info.Mode().Perm()) // rights that are too wide stay a fault
}

func ensureFile(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// openRegular opens a regular file for reading. Anything else is refused
// before it can block: a FIFO without a writer would do so for ever.
func openRegular(path string) (*os.File, fs.FileInfo, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file (%v)", path, info.Mode().Type())
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// pruneSettings removes the copies of all generations up to newest but these;
// a newer one may be in the making.
func pruneSettings(dir string, newest int, alive ...int) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if n, numErr := strconv.Atoi(e.Name()); numErr == nil && n <= newest && !slices.Contains(alive, n) {
			err = cmp.Or(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return err
}
