package asset

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"
	"time"
)

// Directory is files that change while the program runs: static files in
// development, straight from the disk. A file is read again when its time or
// size has changed, so the URL in the next page is that of the new content.
// It is safe for concurrent use.
type Directory struct {
	fsys  fs.FS
	mu    sync.Mutex
	known map[string]seen
}

// seen is what a file was when it was last read.
type seen struct {
	file File
	time time.Time // of its last change
	read time.Time
}

// Live serves fsys as it is at every moment, usually os.DirFS of static/.
func Live(fsys fs.FS) *Directory {
	return &Directory{fsys: fsys, known: map[string]seen{}}
}

// URLName returns the URL path of a file as it is now.
func (d *Directory) URLName(name string) (string, error) {
	f, err := d.open(name)
	if err != nil {
		return "", d.missing(name, err)
	}
	defer f.content.Close()
	return urlPath(f.Asset), nil
}

// missing adds the file that was probably meant to an error.
func (d *Directory) missing(name string, err error) error {
	if d.fsys == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var names []string
	walkErr := fs.WalkDir(d.fsys, ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() && checkName(name) == nil {
			names = append(names, name)
		}
		return err
	})
	if walkErr != nil {
		return err
	}
	return missing(name, names)
}

// find takes the fingerprint of an earlier version too, because a page may be
// older than the last save; the browser is then told to ask again.
func (d *Directory) find(name string) (found, error) {
	f, err := d.open(name)
	if err == nil {
		return f, nil
	}
	plain, fingerprint, ok := splitAsset(name)
	if !ok {
		return found{}, err
	}
	f, err = d.open(plain)
	if err != nil {
		return found{}, err
	}
	f.fixed = strings.HasPrefix(f.Hash, fingerprint)
	return f, nil
}

// open opens a file by its plain name.
func (d *Directory) open(name string) (found, error) {
	if d.fsys == nil || checkName(name) != nil {
		return found{}, &MissingError{Name: name}
	}
	// What go:embed would leave out must not work in development only.
	info, err := fs.Lstat(d.fsys, name)
	if err != nil || !info.Mode().IsRegular() {
		return found{}, &MissingError{Name: name}
	}
	file, err := d.fsys.Open(name)
	if err != nil {
		return found{}, fmt.Errorf("asset: %w", err)
	}
	content, err := seekable(file)
	if err != nil {
		return found{}, err
	}
	f, err := d.identify(name, info, content)
	if err != nil {
		content.Close()
		return found{}, err
	}
	return found{File: f, content: content}, nil
}

// settled is how much older than its reading a change must be until we trust
// that the same time and size mean the same content: clocks of file systems
// are as coarse as two seconds.
const settled = 2 * time.Second

// identify returns the fingerprint of a file, from memory if it has not changed.
func (d *Directory) identify(name string, info fs.FileInfo, content io.ReadSeeker) (File, error) {
	d.mu.Lock()
	last, ok := d.known[name]
	d.mu.Unlock()
	if ok && last.time.Equal(info.ModTime()) && last.file.Size == info.Size() && last.read.Sub(last.time) > settled {
		return last.file, nil
	}
	read := time.Now()
	f, err := readFile(name, content)
	if err != nil {
		return File{}, fmt.Errorf("asset: %w", err)
	}
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return File{}, fmt.Errorf("asset: %w", err)
	}
	d.mu.Lock()
	d.known[name] = seen{file: f, time: info.ModTime(), read: read}
	d.mu.Unlock()
	return f, nil
}
