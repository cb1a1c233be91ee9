package asset

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// File is one static file of one build.
type File struct {
	Name  string `json:"name"`  // as the app knows it: "css/site.css"
	Asset string `json:"asset"` // with its fingerprint: "css/site.3fa9c1d2e4b5.css"
	Type  string `json:"type"`  // value of Content-Type
	Size  int64  `json:"size"`  // bytes
	Hash  string `json:"hash"`  // SHA-256 of the content, 64 hex digits
	// Encoded is the size in bytes of each compressed form by its content
	// coding, as "br".
	Encoded map[string]int64 `json:"encoded,omitempty"`
}

// Fingerprint is the beginning of the hash that the name of the asset has.
func (f File) Fingerprint() string { return f.Hash[:fingerprintLength] }

// ETag returns the strong entity tag of the content (RFC 9110 section 8.8.3).
func (f File) ETag() string { return `"` + f.Fingerprint() + `"` }

// Manifest is the static files of one build by name. It does not change once
// it is made; do not modify Files of a manifest that a [Handler] or a [Store]
// uses.
type Manifest struct {
	Files map[string]File
}

// version is the version of the JSON form of a manifest.
const version = 1

// Scan reads every file of fsys. Hidden files and directories (.DS_Store,
// .git) and what is no regular file are left out, as go:embed does. A nil or
// missing fsys has no files. Names that could not be served are an error.
func Scan(fsys fs.FS) (*Manifest, error) {
	m := &Manifest{Files: map[string]File{}}
	if fsys == nil {
		return m, nil
	}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case name == "." && errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case strings.HasPrefix(d.Name(), ".") && d.IsDir() && name != ".":
			return fs.SkipDir
		case strings.HasPrefix(d.Name(), ".") || !d.Type().IsRegular():
			return nil
		}
		f, err := scanFile(fsys, name)
		if err == nil {
			m.Files[name] = f
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("asset: scan: %w", err)
	}
	return m, nil
}

func scanFile(fsys fs.FS, name string) (File, error) {
	if err := checkName(name); err != nil {
		return File{}, fmt.Errorf("file %q cannot be served, rename it: %w", name, err)
	}
	file, err := fsys.Open(name)
	if err != nil {
		return File{}, err
	}
	defer file.Close()
	return readFile(name, file)
}

// readFile makes a File of its content.
func readFile(name string, content io.Reader) (File, error) {
	h := sha256.New()
	size, err := io.Copy(h, content)
	if err != nil {
		return File{}, fmt.Errorf("read %s: %w", name, err)
	}
	return newFile(name, size, hex.EncodeToString(h.Sum(nil))), nil
}

func newFile(name string, size int64, hash string) File {
	return File{Name: name, Asset: assetName(name, hash), Type: contentType(name), Size: size, Hash: hash}
}

// Asset returns the fingerprinted name of a file.
func (m *Manifest) Asset(name string) (asset string, ok bool) {
	f, ok := m.Files[name]
	return f.Asset, ok
}

// Name returns the file that a fingerprinted name of this build belongs to.
func (m *Manifest) Name(asset string) (name string, ok bool) {
	name, _, ok = splitAsset(asset)
	if !ok || m.Files[name].Asset != asset {
		return "", false
	}
	return name, true
}

// URLName returns the URL path of a file: "/static/css/site.3fa9c1d2e4b5.css"
// for "css/site.css". A name that no file has is an error.
func (m *Manifest) URLName(name string) (string, error) {
	f, ok := m.Files[name]
	if !ok {
		return "", missing(name, m.names())
	}
	return urlPath(f.Asset), nil
}

// names lists the files in order.
func (m *Manifest) names() []string {
	names := make([]string, 0, len(m.Files))
	for name := range m.Files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// sorted lists the files by name.
func (m *Manifest) sorted() []File {
	files := make([]File, 0, len(m.Files))
	for _, name := range m.names() {
		files = append(files, m.Files[name])
	}
	return files
}

// manifestJSON is the form of a manifest in a file.
type manifestJSON struct {
	Version int             `json:"version"`
	Files   map[string]File `json:"files"`
}

// MarshalJSON writes the manifest with the version of its form.
func (m *Manifest) MarshalJSON() ([]byte, error) {
	return json.Marshal(manifestJSON{Version: version, Files: m.Files})
}

// UnmarshalJSON reads what MarshalJSON wrote. A manifest of another version,
// or one whose names and hashes do not belong together, is an error.
func (m *Manifest) UnmarshalJSON(text []byte) error {
	var j manifestJSON
	if err := json.Unmarshal(text, &j); err != nil {
		return fmt.Errorf("asset: manifest: %w", err)
	}
	if j.Version != version {
		return fmt.Errorf("asset: manifest has version %d, this program reads version %d", j.Version, version)
	}
	for name, f := range j.Files {
		if checkName(name) != nil || f.Name != name || len(f.Hash) != sha256.Size*2 || !isHex(f.Hash) ||
			f.Asset != assetName(name, f.Hash) || f.Size < 0 || !areCodings(f.Encoded) {
			return fmt.Errorf("asset: manifest: entry %q does not fit together", name)
		}
	}
	m.Files = j.Files
	if m.Files == nil {
		m.Files = map[string]File{}
	}
	return nil
}

// WriteFile writes the manifest to path in one step: a reader sees the old
// file or the whole new one, also after a loss of power.
func (m *Manifest) WriteFile(path string) error {
	dir, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("asset: write manifest: %w", err)
	}
	defer dir.Close()
	return m.write(dir, filepath.Base(path))
}

// write writes the manifest to a file below dir in one step.
func (m *Manifest) write(dir *os.Root, name string) error {
	text, err := m.MarshalJSON()
	if err == nil {
		err = replace(dir, name, func(w io.Writer) error {
			_, err := w.Write(text)
			return err
		})
	}
	if err == nil {
		err = syncDir(dir, path.Dir(name))
	}
	if err != nil {
		return fmt.Errorf("asset: write manifest: %w", err)
	}
	return nil
}

// ReadManifest reads the file that [Manifest.WriteFile] wrote.
func ReadManifest(path string) (*Manifest, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("asset: %w", err)
	}
	m := &Manifest{}
	if err := m.UnmarshalJSON(text); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}
