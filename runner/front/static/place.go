package static

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dram-go/dram/framework/asset"
)

// place is where the files of a URL prefix lie.
type place struct {
	prefix string // of the path, from "/" to "/"
	source source
}

// source reads files. Names have passed asset.Servable, or are empty.
type source interface {
	// load reads a file. Its error is fs.ErrNotExist, or *directoryError for
	// a directory that has an index.
	load(name string, now time.Time) (*file, error)
	// holds reports whether a file is still what load would make of it.
	holds(f *file, name string, now time.Time) bool
	close()
}

// inMemory is the largest file that is kept in memory. More is sent as cheaply
// by the kernel.
const inMemory = 64 << 10

// stamp tells one content of a file from the next. The times are in Unix
// nanoseconds.
type stamp struct {
	device, inode          uint64
	size, modified, change int64
}

func stampOf(info fs.FileInfo) stamp {
	sys, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return stamp{size: info.Size(), modified: info.ModTime().UnixNano()}
	}
	return stamp{
		device: uint64(sys.Dev), inode: sys.Ino, size: sys.Size,
		modified: syscall.TimespecToNsec(sys.Mtim), change: syscall.TimespecToNsec(sys.Ctim),
	}
}

func stampOfStat(sys *unix.Stat_t) stamp {
	return stamp{
		device: uint64(sys.Dev), inode: sys.Ino, size: sys.Size,
		modified: unix.TimespecToNsec(sys.Mtim), change: unix.TimespecToNsec(sys.Ctim),
	}
}

// date is when the content was last changed, in whole seconds.
func (s stamp) date() time.Time { return time.Unix(0, s.modified).Truncate(time.Second) }

// age is how long ago the content was last changed.
func (s stamp) age(now time.Time) time.Duration { return time.Duration(now.UnixNano() - s.modified) }

// errNoFile says that there is something, but no file to serve.
var errNoFile = fmt.Errorf("static: no regular file: %w", fs.ErrNotExist)

// errMoving says that a file changes faster than it can be read.
var errMoving = errors.New("static: file changes while it is read")

// The values of Cache-Control for assets: see framework/asset.
const (
	cacheFixed = "public, max-age=31536000, immutable"
	cachePlain = "no-cache"
)

// store is the asset store as a source.
type store struct {
	assets *asset.Store
	files  *below // its directory
}

func (s store) load(name string, now time.Time) (*file, error) {
	found, ok := s.assets.Lookup(name)
	if !ok {
		return nil, fs.ErrNotExist
	}
	f := &file{fixed: true, source: s}
	for c := range codings {
		if c != identity && found.Known && found.Encoded[codingNames[c].name] == 0 {
			continue
		}
		got, _, err := s.files.read(asset.StorePath(found.Asset, codingNames[c].coding))
		if err == nil {
			f.add(c, got)
		} else if c == identity || !errors.Is(err, fs.ErrNotExist) {
			f.close()
			return nil, err
		}
	}
	d := description{media: found.Type, cache: cachePlain, varies: f.encodings != 0}
	if found.Fixed {
		d.cache = cacheFixed
	}
	for c := range codings {
		if c == identity || f.encodings&(1<<c) != 0 {
			d.tag, d.encoding = hashTag(found.Fingerprint(), c), codingNames[c].coding
			d.write(f.forms[c])
		}
	}
	return f, nil
}

func (s store) holds(*file, string, time.Time) bool { return true }

func (s store) close() { s.files.close() }
