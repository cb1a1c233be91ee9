package asset

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
)

// Namer gives the URL path of a static file, as {{static "css/site.css"}}
// needs it. A name that no file has is a [*MissingError].
type Namer interface {
	URLName(name string) (string, error)
}

// Source is where a [Handler] finds files: a [Bundle], a [Directory] or a
// [Store].
type Source interface {
	Namer
	// find opens the file that a path below Prefix names, by its plain or its
	// fingerprinted name. The path has passed checkName.
	find(name string) (found, error)
}

// found is an open file. The caller closes content.
type found struct {
	File
	content io.ReadSeekCloser
	fixed   bool // asked for by the fingerprint that it has
}

// Bundle is files that do not change while the program runs, as an embed.FS.
type Bundle struct {
	fsys     fs.FS
	manifest *Manifest
}

// NewBundle scans fsys once. A nil or missing fsys is an empty bundle.
func NewBundle(fsys fs.FS) (*Bundle, error) {
	m, err := Scan(fsys)
	if err != nil {
		return nil, err
	}
	return &Bundle{fsys: fsys, manifest: m}, nil
}

// Manifest returns the files of the bundle.
func (b *Bundle) Manifest() *Manifest { return b.manifest }

// URLName returns the URL path of a file.
func (b *Bundle) URLName(name string) (string, error) { return b.manifest.URLName(name) }

func (b *Bundle) find(name string) (found, error) {
	f, ok := b.manifest.Files[name]
	plain, fixed := b.manifest.Name(name)
	switch {
	case ok:
		fixed = false
	case fixed:
		f = b.manifest.Files[plain]
	default:
		return found{}, &MissingError{Name: name}
	}
	file, err := b.fsys.Open(f.Name)
	if err != nil {
		return found{}, fmt.Errorf("asset: %w", err)
	}
	content, err := seekable(file)
	return found{File: f, content: content, fixed: fixed}, err
}

// seekable returns an open file that ranges can be read from. *os.File and
// the files of embed are; others are read into memory.
func seekable(file fs.File) (io.ReadSeekCloser, error) {
	if f, ok := file.(io.ReadSeekCloser); ok {
		return f, nil
	}
	defer file.Close()
	text, err := io.ReadAll(file)
	if err != nil {
		return nil, fmt.Errorf("asset: %w", err)
	}
	return memory{bytes.NewReader(text)}, nil
}

// memory is content without a file.
type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }
