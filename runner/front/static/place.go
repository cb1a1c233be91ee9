package static

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

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

// stamp tells one content of a file from the next.
type stamp struct {
	device, inode    uint64
	size             int64
	modified, change time.Time
}

func stampOf(info fs.FileInfo) stamp {
	s := stamp{size: info.Size(), modified: info.ModTime()}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		s.device, s.inode = uint64(sys.Dev), sys.Ino
		s.change = time.Unix(sys.Ctim.Unix())
	}
	return s
}

// errNoFile says that there is something, but no file to serve.
var errNoFile = fmt.Errorf("static: no regular file: %w", fs.ErrNotExist)

// errMoving says that a file changes faster than it can be read.
var errMoving = errors.New("static: file changes while it is read")

// read makes the content of a form of an open file, which it owns then.
func read(content *os.File) (form, stamp, error) {
	info, err := content.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNoFile
	}
	if err != nil {
		content.Close()
		return form{}, stamp{}, err
	}
	at := stampOf(info)
	if at.size > inMemory {
		return form{size: at.size, content: content}, at, nil
	}
	defer content.Close()
	body := make([]byte, at.size)
	if _, err := content.ReadAt(body, 0); err != nil && err != io.EOF {
		return form{}, stamp{}, err
	}
	again, err := content.Stat()
	switch {
	case err != nil:
		return form{}, stamp{}, err
	case stampOf(again) != at:
		return form{}, stamp{}, errMoving
	}
	return form{size: at.size, body: body}, at, nil
}

// The values of Cache-Control for assets: see framework/asset.
const (
	cacheFixed = "public, max-age=31536000, immutable"
	cachePlain = "no-cache"
)

// store is the asset store as a source.
type store struct{ assets *asset.Store }

func (s store) load(name string, now time.Time) (*file, error) {
	found, ok := s.assets.Lookup(name)
	if !ok {
		return nil, fs.ErrNotExist
	}
	f := &file{fixed: true, source: s}
	for c := range codings {
		content, err := s.open(found, c)
		if content == nil {
			if c == identity {
				return nil, err
			}
			continue
		}
		form, _, err := read(content)
		if err != nil {
			f.close()
			return nil, err
		}
		f.add(c, form)
	}
	d := description{media: found.Type, cache: cachePlain, varies: f.encodings != 0}
	if found.Fixed {
		d.cache = cacheFixed
	}
	for c := range codings {
		if c == identity || f.encodings&(1<<c) != 0 {
			d.tag, d.encodingName = hashTag(found.Fingerprint(), c), ""
			if c != identity {
				d.encodingName = codingNames[c].name
			}
			d.write(&f.forms[c])
		}
	}
	return f, nil
}

// open opens an asset in an encoding, nil if there is none.
func (s store) open(found asset.Found, c coding) (*os.File, error) {
	if c == identity {
		return s.assets.Open(found.Asset)
	}
	if found.Known && found.Encoded[codingNames[c].name] == 0 {
		return nil, nil
	}
	return s.assets.OpenEncoded(found.Asset, codingNames[c].name)
}

func (s store) holds(*file, string, time.Time) bool { return true }

func (s store) close() {} // its owner does
