package static

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/dram-go/dram/framework/asset"
)

// Directory is files that are served below a prefix as they are on the disk.
type Directory struct {
	Prefix string        // of the URL's path, from "/" to "/"
	Path   string        // absolute
	MaxAge time.Duration // how long a client may keep a file without asking; 0: it asks each time
	Index  string        // the file that a path stands for that ends with "/"; "" for none
	// Precompressed says that x.css.br, x.css.zst and x.css.gz are x.css.
	Precompressed bool
	// Untrusted says that strangers may have written the files: browsers save
	// what is no picture, and no script in it runs.
	Untrusted bool
}

// directory is a Directory as a source. The directory may be replaced by
// another one while it is served.
type directory struct {
	Directory
	cache string
	trust time.Duration

	mu      sync.RWMutex // a reader uses root
	root    *below       // nil while there is none
	at      stamp        // of root
	checked time.Time    // when root was last seen to be what Path names
	closed  bool
}

func newDirectory(d Directory, trust time.Duration) *directory {
	s := &directory{Directory: d, trust: trust, cache: cachePlain}
	if d.MaxAge > 0 {
		s.cache = "public, max-age=" + strconv.FormatInt(int64(d.MaxAge/time.Second), 10)
	}
	return s
}

// directoryError says that a name is that of a directory with an index.
type directoryError struct{}

func (directoryError) Error() string { return "static: directory" }

// use calls f with the root, fs.ErrNotExist if there is none.
func (d *directory) use(now time.Time, f func(*below) error) error {
	d.mu.RLock()
	if now.Sub(d.checked) >= d.trust {
		d.mu.RUnlock()
		d.reopen(now)
		d.mu.RLock()
	}
	defer d.mu.RUnlock()
	if d.root == nil {
		return fs.ErrNotExist
	}
	return f(d.root)
}

// reopen follows Path to what it names now.
func (d *directory) reopen(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed || now.Sub(d.checked) < d.trust {
		return
	}
	d.checked = now
	info, err := os.Stat(d.Path)
	if err == nil && d.root != nil {
		at := stampOf(info)
		if at.device == d.at.device && at.inode == d.at.inode {
			return
		}
	}
	if d.root != nil {
		d.root.close()
		d.root = nil
	}
	if err != nil {
		return
	}
	if root, err := openBelow(d.Path); err == nil {
		if info, err = root.root.Stat("."); err == nil {
			d.at = stampOf(info)
		}
		d.root = root
	}
}

func (d *directory) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	if d.root != nil {
		d.root.close()
		d.root = nil
	}
}

func (d *directory) load(name string, now time.Time) (f *file, err error) {
	err = d.use(now, func(root *below) error {
		f, err = d.loadFrom(root, name, now)
		return err
	})
	return f, err
}

// tries is how often a file is read that changes meanwhile.
const tries = 3

func (d *directory) loadFrom(root *below, name string, now time.Time) (f *file, err error) {
	if name, err = d.indexed(root, name); err != nil {
		return nil, err
	}
	for range tries {
		if f, err = d.read(root, name, now); !errors.Is(err, errMoving) {
			break
		}
	}
	if isNoFile(err) {
		err = errNoFile
	}
	return f, err
}

// isNoFile reports an error that any client can bring about by a name: one that
// leads out of the directory, which os.Root says without an errno, or nowhere.
func isNoFile(err error) bool {
	var failure *fs.PathError
	if !errors.As(err, &failure) {
		return false
	}
	errno, ok := failure.Err.(syscall.Errno)
	return !ok || errno == syscall.ELOOP || errno == syscall.ENAMETOOLONG || errno == syscall.ENOTDIR ||
		errno == syscall.ENXIO || errno == syscall.EXDEV // as openat2 says of what leads out
}

// indexed returns the file that a name stands for.
func (d *directory) indexed(root *below, name string) (string, error) {
	switch {
	case name == "" || strings.HasSuffix(name, "/"):
		if d.Index == "" {
			return "", fs.ErrNotExist
		}
		return name + d.Index, nil
	case d.Index != "":
		if info, err := root.root.Stat(name); err == nil && info.IsDir() {
			if _, err := root.root.Stat(name + "/" + d.Index); err != nil {
				return "", err
			}
			return "", directoryError{}
		}
	}
	return name, nil
}

func (d *directory) read(root *below, name string, now time.Time) (*file, error) {
	f := &file{source: d, stamps: new([codings]stamp)}
	for c := range codings {
		if c != identity && !d.Precompressed {
			break
		}
		got, at, err := root.read(named(name, c))
		if err == nil {
			f.stamps[c] = at
			f.add(c, got)
		} else if c == identity || !errors.Is(err, fs.ErrNotExist) {
			f.close()
			return nil, err
		}
	}
	d.describe(f, name, now)
	return f, nil
}

// named is the name of a file in an encoding.
func named(name string, c coding) string {
	if c == identity {
		return name
	}
	return name + "." + codingNames[c].ending
}

func (d *directory) describe(f *file, name string, now time.Time) {
	f.modified = f.stamps[identity].date()
	f.checked.Store(now.UnixNano())
	about := description{media: asset.Type(name), cache: d.cache, modified: f.modified, varies: f.encodings != 0}
	if d.Untrusted {
		if !asset.ShowsInline(about.media) {
			about.disposition = "attachment"
		}
		about.sandboxed = true
	}
	for c := range codings {
		if c == identity || f.encodings&(1<<c) != 0 {
			var weak bool
			about.tag, weak = stampTag(f.stamps[c], c, now)
			f.weak = f.weak || weak
			about.encoding = codingNames[c].coding
			about.write(f.forms[c])
		}
	}
}

// holds looks at the disk.
func (d *directory) holds(f *file, name string, now time.Time) bool {
	if f.weak && f.stamps[identity].age(now) >= settled {
		return false // it gets a strong tag
	}
	if name == "" || strings.HasSuffix(name, "/") {
		name += d.Index
	}
	err := d.use(now, func(root *below) error {
		for c := range codings {
			if c != identity && !d.Precompressed {
				break
			}
			at, err := root.stamp(named(name, c))
			switch {
			case err == nil && at == f.stamps[c]:
			case errors.Is(err, fs.ErrNotExist) && f.stamps[c] == stamp{}:
			default:
				return errMoving
			}
		}
		return nil
	})
	return err == nil
}
