package form

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
)

// Errors are the messages of a form by the name of the field; "" holds those
// of the form as a whole. As an error it is what is wrong with a JSON body.
type Errors map[string][]string

// Error lists the messages by the names of their fields, for the log.
func (e Errors) Error() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(e)) {
		for _, message := range e[name] {
			if name != "" {
				message = name + ": " + message
			}
			parts = append(parts, message)
		}
	}
	return "form: " + strings.Join(parts, "; ")
}

// StatusCode is 422: well-formed, but not acceptable (RFC 9110 section 15.5.21).
func (e Errors) StatusCode() int { return http.StatusUnprocessableEntity }

// RequestError says that a request body could not be read as a form at all.
type RequestError struct {
	Status  int    // 400, 413 or 415
	Message string // for the user, in the locale of the form
	Err     error  // for the log
}

// Error is the cause, for the log.
func (e *RequestError) Error() string { return "form: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *RequestError) Unwrap() error { return e.Err }

// StatusCode returns Status.
func (e *RequestError) StatusCode() int { return e.Status }

// refusal is why a body is not read at all, before it has a message.
type refusal struct {
	status int
	rule   string // of the message
	err    error
}

func (r *refusal) Error() string { return r.err.Error() }

// tooMany refuses more than MaxFields values.
func tooMany(n int) error {
	return &refusal{http.StatusBadRequest, "too_many_fields", fmt.Errorf("%d fields are more than %d", n, MaxFields)}
}

// unsupported refuses a content type.
func unsupported(media string) error {
	err := fmt.Errorf("a form is application/x-www-form-urlencoded, multipart/form-data or application/json, not %q", media)
	return &refusal{http.StatusUnsupportedMediaType, "unsupported", err}
}

// bodyError gives an error in reading a body its status and its message.
func (c *core) bodyError(err error) error {
	if errors.Is(err, context.Canceled) {
		return err // the client has gone; nobody reads a message
	}
	why := refusal{http.StatusBadRequest, "malformed", err}
	if known, ok := errors.AsType[*refusal](err); ok {
		why = *known
	} else if big, ok := errors.AsType[*http.MaxBytesError](err); ok {
		why = refusal{http.StatusRequestEntityTooLarge, "too_large", fmt.Errorf("the body has more than %d bytes", big.Limit)}
	} else if errors.Is(err, multipart.ErrMessageTooLarge) {
		why = refusal{http.StatusRequestEntityTooLarge, "too_large", err}
	}
	return &RequestError{Status: why.status, Message: c.say(nil, why.rule, ""), Err: why.err}
}
