package dram

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// ReadJSON reads the body of the request, one JSON value, into v, a pointer.
// It is for programs that talk to programs; what people fill in, or programs
// in their place, is better read by [Bind], which checks it too.
//
// Errors have status 415 for a body that does not say it is JSON, 413 for one
// that is too large, and 400 for one that is none or does not fit v.
func (c *Context) ReadJSON(v any) error {
	if media := c.Request.Header.Get("Content-Type"); !isJSON(media) {
		err := fmt.Errorf("the body is %q, not application/json", media)
		return (&HTTPError{Status: http.StatusUnsupportedMediaType}).Wrap(err)
	}
	decoder := json.NewDecoder(c.Request.Body)
	if err := decoder.Decode(v); err != nil {
		return badJSON(err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		if err == nil {
			err = errors.New("something follows the JSON value")
		}
		return badJSON(err)
	}
	return nil
}

// badJSON says what is wrong with a body in words that name nothing of the
// program. Programs read them, so they are not translated.
func badJSON(err error) error {
	var misfit *json.UnmarshalTypeError
	var invalid *json.InvalidUnmarshalError
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &invalid):
		return err // a mistake in the program
	case errors.As(err, &tooLarge):
		return err // which has its status
	case errors.As(err, &misfit):
		where := misfit.Field
		if where == "" {
			where = "the body"
		}
		return BadRequest(fmt.Sprintf("%s: %s is not what is expected (byte %d)", where, misfit.Value, misfit.Offset)).Wrap(err)
	}
	return BadRequest("the body is not valid JSON").Wrap(err)
}
