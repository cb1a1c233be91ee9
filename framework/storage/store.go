package storage

import (
	"context"
	"crypto/rand"
	"io"
	"io/fs"
	"strings"
	"time"
)

// Store keeps uploaded files.
type Store interface {
	// Save keeps what src gives until its end. types says what is accepted,
	// like "image/png" or "image/*"; none accepts everything.
	Save(ctx context.Context, src io.Reader, types ...string) (Upload, error)
	// Open opens a file; the caller closes it. What is not there, or no ID at
	// all, is a [*MissingError].
	Open(ctx context.Context, id string) (File, error)
	// Delete removes a file. One that is not there is no error.
	Delete(ctx context.Context, id string) error
}

// File is an open upload. The name in its Stat is the ID.
type File interface {
	fs.File
	io.Seeker
}

// Upload describes a kept file.
type Upload struct {
	ID    string // "qx3k…7a.png", 26 random characters and an extension
	Type  string // by the content: "image/png", "application/octet-stream" if unknown
	Size  int64  // bytes
	Saved time.Time
}

// idLength is the length of an ID before its extension.
const idLength = 26

// newID returns a fresh ID for a file with an extension of the list.
func newID(ext string) string { return strings.ToLower(rand.Text()) + "." + ext }

// isID reports whether newID could have made id.
func isID(id string) bool {
	name, ext, ok := strings.Cut(id, ".")
	if !ok || len(name) != idLength || typeOf(ext) == "" {
		return false
	}
	return strings.IndexFunc(name, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '2' || r > '7') }) < 0
}

// place returns the path of a file below its directory: 1,024 directories keep
// each of them short.
func place(id string) string { return id[:2] + "/" + id }
