package static

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dram-go/dram/framework/asset"
)

// ErrOutside says that a file lies in none of the directories that may be sent
// from.
var ErrOutside = errors.New("static: file outside of the directories that may be sent from")

// Roots are directories whose files an app may have sent for it, by a response
// that names one.
type Roots struct{ list []*directory }

// NewRoots returns roots with these absolute paths. It opens nothing yet, and
// nobody has to close it: responses that use it may outlive the settings that
// it came with, and os.Root closes itself when nobody has it any more.
func NewRoots(paths []string) *Roots {
	r := &Roots{}
	for _, path := range paths {
		r.list = append(r.list, newDirectory(Directory{Path: filepath.Clean(path)}, time.Second))
	}
	return r
}

// Below returns what a path is below a directory, both absolute.
func Below(root, path string) (name string, ok bool) {
	if root == "/" {
		return strings.TrimPrefix(path, "/"), true
	}
	name, ok = strings.CutPrefix(path, root)
	return strings.TrimPrefix(name, "/"), ok && strings.HasPrefix(name, "/")
}

// open opens a regular file by its absolute path. Links are followed as long as
// they stay within the root.
func (r *Roots) open(path string, now time.Time) (f *os.File, err error) {
	if !filepath.IsAbs(path) || filepath.Clean(path) != path {
		return nil, fmt.Errorf("%w: %q is no clean absolute path", ErrOutside, path)
	}
	err = fmt.Errorf("%w: %s", ErrOutside, path)
	for _, root := range r.list {
		name, ok := Below(root.Path, path)
		if !ok {
			continue
		}
		err = root.use(now, func(in *below) (err error) {
			f, err = in.open(name)
			return err
		})
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
	}
	return nil, err
}

// Send answers a request with the file at path, as the app wants it: fields are
// those of the app's response. On an error nothing has been sent.
func (r *Roots) Send(w Response, head Head, path string, fields iter.Seq2[string, string], now time.Time) error {
	content, err := r.open(path, now)
	if err != nil {
		return err
	}
	defer content.Close() // only read from
	info, err := content.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNoFile
	}
	if err != nil {
		return err
	}
	f := form{content: content, size: info.Size()}
	v := f.adopt(fields, path, stampOf(info), now)
	var request Request
	request.Read(head)
	if request.isHead() || request.method == http.MethodGet {
		f.answer(w, &request, v, now)
		return nil
	}
	w.StartPrepared(http.StatusOK, f.fields, f.size)
	f.send(w, span{0, f.size})
	return nil
}

// adopt makes the fields of a form of those that an app has given, and of what
// the file itself says where it has given none.
func (f *form) adopt(fields iter.Seq2[string, string], path string, at stamp, now time.Time) validators {
	v := validators{modified: at.date()}
	var kept, rest []byte
	var media string
	guarded := false
	for name, value := range fields {
		switch name {
		case "Content-Type":
			media = value
			continue
		case "ETag", "Etag":
			v.tag = value
		case "Last-Modified":
			if date, err := http.ParseTime(value); err == nil {
				v.modified = date
			}
			continue
		case "Accept-Ranges", "Content-Range":
			continue
		case "X-Content-Type-Options":
			guarded = true
		}
		if strings.HasPrefix(name, "Content-") {
			rest = appendField(rest, name, value)
		} else {
			kept = appendField(kept, name, value)
		}
	}
	if v.tag == "" {
		v.tag, _ = stampTag(at, identity, now)
		kept = appendField(kept, "ETag", v.tag)
	}
	if media == "" {
		media = asset.Type(path)
	}
	if !guarded {
		rest = appendField(rest, "X-Content-Type-Options", "nosniff")
	}
	rest = appendField(rest, "Accept-Ranges", "bytes")
	rest = appendField(rest, "Last-Modified", v.modified.UTC().Format(httpDate))
	f.tag, f.kept, f.typed = v.tag, len(kept), len(kept)+len(rest)
	f.fields = appendField(append(kept, rest...), "Content-Type", media)
	return v
}
