package asset

import (
	"fmt"
	"io"
	"path"
	"strings"
)

// Encoder compresses files when they are published, so that nobody has to when
// they are served. This package has none itself: an app that publishes nothing
// does without their code.
type Encoder struct {
	Coding string // content coding (RFC 9110 section 8.4.1): "br", "gzip", "zstd"
	// Encode returns the compressed content. It is called by several goroutines.
	Encode func(content []byte) ([]byte, error)
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

// encode brings the compressed forms of a file that pay into the store, and
// returns their sizes and the paths that were written. What is there is kept.
func (s *Store) encode(f File, encoders []Encoder) (sizes map[string]int64, written []string, err error) {
	if f.Size < minEncoded || f.Size > maxEncoded || !Compresses(f.Type) {
		return nil, nil, nil
	}
	var content []byte
	for _, e := range encoders {
		target := encodedPath(f.Asset, e.Coding)
		size, err := int64(0), error(nil)
		if info, missing := s.root.Lstat(target); missing == nil && info.Mode().IsRegular() {
			size = info.Size()
		}
		if size == 0 && content == nil {
			if content, err = s.root.ReadFile(path.Join(filesDir, f.Asset)); err != nil {
				return nil, nil, err
			}
		}
		if size == 0 {
			if size, err = s.pack(target, content, e); err != nil {
				return nil, nil, fmt.Errorf("compress %s with %s: %w", f.Name, e.Coding, err)
			}
			if size > 0 {
				written = append(written, target)
			}
		}
		if size > 0 {
			if sizes == nil {
				sizes = map[string]int64{}
			}
			sizes[e.Coding] = size
		}
	}
	return sizes, written, nil
}

// pack writes a compressed form and returns its size, 0 if it does not pay.
func (s *Store) pack(target string, content []byte, e Encoder) (int64, error) {
	packed, err := e.Encode(content)
	if err != nil || len(packed) > len(content)-len(content)/10 {
		return 0, err
	}
	err = replace(s.root, target, func(w io.Writer) error {
		_, err := w.Write(packed)
		return err
	})
	return int64(len(packed)), err
}
