package asset

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// Encoder compresses files when they are published, so that nobody has to when
// they are served. This package has none itself: an app that publishes nothing
// does without their code.
type Encoder struct {
	Coding string // content coding (RFC 9110 section 8.4.1): "br", "gzip", "zstd"
	// Encode returns a writer that compresses to w; the whole is there after
	// Close.
	Encode func(w io.Writer) (io.WriteCloser, error)
}

const (
	minEncoded = 256      // bytes; less fits a packet as it is
	maxEncoded = 32 << 20 // more is a download, not a page's
)

// isCoding allows what can be a directory's name.
func isCoding(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

func areCodings(sizes map[string]int64) bool {
	for name, size := range sizes {
		if !isCoding(name) || size < 0 {
			return false
		}
	}
	return true
}

// encodedPath is where a compressed form of an asset lies in a store.
func encodedPath(asset, coding string) string { return path.Join(encodedDir, coding, asset) }

// Compresses reports whether files of a media type, a value of Content-Type,
// become smaller when they are compressed. Pictures, sound, film, archives and
// woff2 are compressed already.
func Compresses(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	switch {
	case strings.HasPrefix(media, "text/"), strings.HasSuffix(media, "+xml"), strings.HasSuffix(media, "+json"):
		return true
	}
	switch media {
	case "application/json", "application/wasm", "application/pdf", "font/ttf", "font/otf", "image/bmp",
		"image/vnd.microsoft.icon":
		return true
	}
	return false
}

// encodeAll compresses the files of m that gain by it and notes the sizes, and
// in changed the directories that were written to. What is there is kept.
func (s *Store) encodeAll(m *Manifest, encoders []Encoder, changed map[string]bool) error {
	for _, name := range m.names() {
		f := m.Files[name]
		if f.Size < minEncoded || f.Size > maxEncoded || !Compresses(f.Type) {
			continue
		}
		for _, e := range encoders {
			size, err := s.encode(f, e, changed)
			if err != nil {
				return fmt.Errorf("compress %s with %s: %w", name, e.Coding, err)
			}
			if size == 0 {
				continue
			}
			if f.Encoded == nil {
				f.Encoded = map[string]int64{}
			}
			f.Encoded[e.Coding] = size
		}
		m.Files[name] = f
	}
	return nil
}

// errNoGain stops an encoding that is not smaller than the file.
var errNoGain = errors.New("asset: no gain")

// encode brings a compressed form of a file into the store and returns its
// size, 0 if it does not pay.
func (s *Store) encode(f File, e Encoder, changed map[string]bool) (int64, error) {
	target := encodedPath(f.Asset, e.Coding)
	if info, err := s.root.Lstat(target); err == nil && info.Mode().IsRegular() && info.Size() > 0 {
		return info.Size(), nil
	}
	src, err := s.Open(f.Asset)
	if err != nil {
		return 0, err
	}
	defer src.Close()
	counted := &limitedWriter{limit: f.Size - f.Size/10}
	err = replace(s.root, target, func(w io.Writer) error { return compress(counted, w, src, e) })
	switch {
	case errors.Is(err, errNoGain):
		return 0, nil
	case err != nil:
		return 0, err
	}
	for dir := path.Dir(target); dir != "."; dir = path.Dir(dir) {
		changed[dir] = true
	}
	changed["."] = true
	return counted.size, nil
}

func compress(counted *limitedWriter, to io.Writer, from *os.File, e Encoder) error {
	counted.to = to
	w, err := e.Encode(counted)
	if err != nil {
		return err
	}
	_, err = io.Copy(struct{ io.Writer }{w}, from)
	return cmp.Or(err, w.Close())
}

// limitedWriter counts what is written and refuses more than its limit.
type limitedWriter struct {
	to          io.Writer
	size, limit int64
}

func (c *limitedWriter) Write(b []byte) (int, error) {
	if c.size += int64(len(b)); c.size > c.limit {
		return 0, errNoGain
	}
	return c.to.Write(b)
}
