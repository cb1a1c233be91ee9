package asset

import (
	"fmt"
	"io/fs"
	"path"

	"github.com/dram-go/dram/framework/nearest"
)

// MissingError says that no static file has a name; errors.Is finds
// fs.ErrNotExist in it.
type MissingError struct {
	Name string // what was asked for: "css/stie.css"
	Near string // the file that was probably meant, or ""
}

// missing makes the error; names are the files there are.
func missing(name string, names []string) *MissingError {
	e := &MissingError{Name: name}
	for _, other := range names {
		if path.Base(other) == path.Base(name) {
			e.Near = other // the right file in another folder
		}
	}
	if near := nearest.Name(name, names); near != "" {
		e.Near = near
	}
	return e
}

// Error names the file and the one that was probably meant.
func (e *MissingError) Error() string {
	text := fmt.Sprintf("no static file %q", e.Name)
	if e.Near != "" {
		text += fmt.Sprintf(", did you mean %q?", e.Near)
	}
	return text
}

// Unwrap returns fs.ErrNotExist.
func (e *MissingError) Unwrap() error { return fs.ErrNotExist }
