package storage

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/dram-go/dram/framework/config"
)

const (
	defaultPath = "data/uploads"
	// tempPrefix begins the names of files that are still being written.
	tempPrefix = ".tmp-"
	// tempAge is when a file that is still being written has been given up.
	tempAge = 24 * time.Hour
)

// Options of a [Dir].
type Options struct {
	// Path is the directory, relative to the app's root; empty means
	// data/uploads.
	Path string
	// Max is the largest file; 0 means the largest request body that the
	// server takes ([server] max_body).
	Max config.Size
}

// Dir is a [Store] in a directory of this machine. It is a component of an app
// and may be used by many goroutines and processes.
type Dir struct {
	path string
	max  int64
	now  func() time.Time
	root atomic.Pointer[os.Root] // between Start and Close
}

var errClosed = errors.New("storage: the directory is not open: give it to app.Add, or call Start")

// New describes a directory. It opens nothing.
func New(conf *config.Config, o Options) *Dir {
	d := &Dir{path: o.Path, max: int64(o.Max), now: conf.Now}
	if d.path == "" {
		d.path = defaultPath
	}
	d.path = conf.Path(d.path)
	if d.max <= 0 {
		d.max = int64(conf.Server.MaxBody)
	}
	return d
}

// Start opens the directory, which is made if it is missing (0700), and
// removes what crashed processes have left half-written.
func (d *Dir) Start(context.Context) error {
	if err := os.MkdirAll(d.path, 0o700); err != nil {
		return fmt.Errorf("storage: make the directory for uploads: %w", err)
	}
	root, err := os.OpenRoot(d.path)
	if err != nil {
		return fmt.Errorf("storage: open the directory for uploads: %w", err)
	}
	if !d.root.CompareAndSwap(nil, root) {
		return errors.Join(errors.New("storage: Start was called twice"), root.Close())
	}
	return d.sweep(root)
}

// Close closes the directory; files that are open stay open.
func (d *Dir) Close(context.Context) error {
	root := d.root.Swap(nil)
	if root == nil {
		return nil
	}
	return root.Close()
}

// Check reports whether files could be written. A directory that Start has
// still to make is no fault.
func (d *Dir) Check(context.Context) error {
	f, err := os.CreateTemp(d.path, tempPrefix+"check-*")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("storage: nothing can be written to the directory for uploads: %w", err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// sweep removes half-written files that nobody writes any more.
func (d *Dir) sweep(root *os.Root) error {
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return fmt.Errorf("storage: read the directory for uploads: %w", err)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || !strings.HasPrefix(entry.Name(), tempPrefix) || d.now().Sub(info.ModTime()) < tempAge {
			continue
		}
		if err := root.Remove(entry.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("storage: remove a half-written file: %w", err)
		}
	}
	return nil
}

// Save writes what src gives to a new file. The errors that are the visitor's
// are [*TooLargeError] and [*TypeError]; nothing is kept then, nor when ctx
// ends on the way. An error of src comes back as it is, wrapped.
func (d *Dir) Save(ctx context.Context, src io.Reader, types ...string) (Upload, error) {
	root := d.root.Load()
	if root == nil {
		return Upload{}, errClosed
	}
	head := make([]byte, sniffLength)
	n, err := io.ReadFull(src, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return Upload{}, fmt.Errorf("storage: read the upload: %w", err)
	}
	head = head[:n]
	ext := sniff(head)
	if media := typeOf(ext); !isAccepted(media, types) {
		return Upload{}, &TypeError{Type: media, Accepted: types}
	}
	up := Upload{ID: newID(ext), Type: typeOf(ext), Saved: d.now()}
	body := &limited{ctx: ctx, src: io.MultiReader(bytes.NewReader(head), src), left: d.max, limit: d.max}
	up.Size, err = write(root, place(up.ID), body)
	if err != nil {
		return Upload{}, fmt.Errorf("storage: save the upload: %w", err)
	}
	return up, nil
}

// write gives name the content of src in one step. When it returns, both are
// on the disk.
func write(root *os.Root, name string, src io.Reader) (size int64, err error) {
	temp := tempPrefix + rand.Text()
	f, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	size, err = io.Copy(f, src)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = settle(root, temp, name)
	}
	if err != nil {
		root.Remove(temp) // what cannot be removed is swept later
		return 0, err
	}
	return size, nil
}

// settle renames a written file to its place.
func settle(root *os.Root, temp, name string) error {
	dir := path.Dir(name)
	switch err := root.Mkdir(dir, 0o700); {
	case err == nil:
		if err := syncDir(root, "."); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrExist):
		return err
	}
	if err := root.Rename(temp, name); err != nil {
		return err
	}
	return syncDir(root, dir)
}

// syncDir makes the names in a directory last.
func syncDir(root *os.Root, name string) error {
	d, err := root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// limited reads up to a limit, and while its context lasts.
type limited struct {
	ctx   context.Context
	src   io.Reader
	left  int64
	limit int64
}

func (l *limited) Read(p []byte) (int, error) {
	if err := l.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := l.src.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, &TooLargeError{Limit: l.limit}
	}
	return n, err
}

// Open opens a file, an [*os.File].
func (d *Dir) Open(_ context.Context, id string) (File, error) {
	root := d.root.Load()
	if root == nil {
		return nil, errClosed
	}
	if !isID(id) {
		return nil, &MissingError{ID: id}
	}
	f, err := root.Open(place(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &MissingError{ID: id}
	}
	if err != nil {
		return nil, fmt.Errorf("storage: %w", err)
	}
	return f, nil
}

// Delete removes a file. One that is not there is no error; what has the file
// open reads on.
func (d *Dir) Delete(_ context.Context, id string) error {
	root := d.root.Load()
	if root == nil {
		return errClosed
	}
	if !isID(id) {
		return nil
	}
	if err := root.Remove(place(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("storage: delete: %w", err)
	}
	return nil
}

// All lists the files, in no order that means anything. A fault is yielded as
// an error and ends the list. To find what no row names any more, leave out
// what was saved in the last minutes: its transaction may be under way.
func (d *Dir) All(ctx context.Context) iter.Seq2[Upload, error] {
	return func(yield func(Upload, error) bool) {
		root := d.root.Load()
		if root == nil {
			yield(Upload{}, errClosed)
			return
		}
		err := fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil || !entry.Type().IsRegular() || !isID(entry.Name()) {
				return err
			}
			info, err := entry.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil // deleted meanwhile
			}
			if err != nil {
				return err
			}
			_, ext, _ := strings.Cut(entry.Name(), ".")
			if !yield(Upload{ID: entry.Name(), Type: typeOf(ext), Size: info.Size(), Saved: info.ModTime()}, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && err != errStop {
			yield(Upload{}, fmt.Errorf("storage: list: %w", err))
		}
	}
}

// errStop ends a walk whose caller has seen enough.
var errStop = errors.New("stop")

// Path returns the directory, absolute if the app's root is.
func (d *Dir) Path() string { return filepath.Clean(d.path) }
