package storage

import (
	"fmt"
	"io/fs"
	"net/http"
	"strings"
)

// MissingError is the error of a file that is not there; errors.Is finds it to
// be fs.ErrNotExist.
type MissingError struct{ ID string }

// Error names the id.
func (e *MissingError) Error() string { return fmt.Sprintf("storage: there is no file %q", e.ID) }

// Is reports whether target is fs.ErrNotExist.
func (e *MissingError) Is(target error) bool { return target == fs.ErrNotExist }

// StatusCode is 404.
func (e *MissingError) StatusCode() int { return http.StatusNotFound }

// TooLargeError is the error of a file above the limit, which is in bytes.
type TooLargeError struct{ Limit int64 }

// Error names the limit.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("storage: the file has more than %d bytes", e.Limit)
}

// StatusCode is 413.
func (e *TooLargeError) StatusCode() int { return http.StatusRequestEntityTooLarge }

// TypeError is the error of a file whose content is not of an accepted type.
type TypeError struct {
	Type     string   // what it looks like
	Accepted []string // media types
}

// Error says what the file looks like and what is accepted.
func (e *TypeError) Error() string {
	return fmt.Sprintf("storage: the file looks like %s, expected %s", e.Type, strings.Join(e.Accepted, " or "))
}

// StatusCode is 415.
func (e *TypeError) StatusCode() int { return http.StatusUnsupportedMediaType }
