package dram

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/dram-go/dram/framework/form"
)

// HTTPError is an error that knows its answer. Both HTTPError and *HTTPError
// are errors.
type HTTPError struct {
	// Status is the status of the response, 400 to 599.
	Status int
	// Message is one sentence for the user, in their language. Empty shows
	// the usual sentence of the status.
	Message string
	// Err is the cause. It goes into the log; only development shows it.
	Err error
	// Header is added to the response: Retry-After, WWW-Authenticate.
	Header http.Header
}

// Error returns status, message and cause, for the log.
func (e HTTPError) Error() string {
	text := fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e HTTPError) Unwrap() error { return e.Err }

// StatusCode returns the status. Any error with this method decides about the
// status of its response.
func (e HTTPError) StatusCode() int { return e.Status }

// Wrap returns a copy of e with err as its cause.
func (e HTTPError) Wrap(err error) *HTTPError {
	e.Err = err
	return &e
}

// With returns a copy of e with a field of the response header.
func (e HTTPError) With(name, value string) *HTTPError {
	e.Header = maps.Clone(e.Header)
	if e.Header == nil {
		e.Header = http.Header{}
	}
	e.Header.Set(name, value)
	return &e
}

// answer is how the error boundary finds an HTTPError, pointer or not.
func (e HTTPError) answer() HTTPError { return e }

// BadRequest is status 400: the request makes no sense. As with the functions
// below, message is one sentence for the user, or "" for the usual one.
func BadRequest(message string) *HTTPError { return &HTTPError{Status: 400, Message: message} }

// Unauthorized is status 401: who is asking? Browsers need a WWW-Authenticate
// beside it, see [HTTPError.With].
func Unauthorized(message string) *HTTPError { return &HTTPError{Status: 401, Message: message} }

// Forbidden is status 403: this visitor may not.
func Forbidden(message string) *HTTPError { return &HTTPError{Status: 403, Message: message} }

// NotFound is status 404: there is no such thing.
func NotFound(message string) *HTTPError { return &HTTPError{Status: 404, Message: message} }

// Conflict is status 409: it has changed meanwhile.
func Conflict(message string) *HTTPError { return &HTTPError{Status: 409, Message: message} }

// Unprocessable is status 422: understood, but not acceptable.
func Unprocessable(message string) *HTTPError { return &HTTPError{Status: 422, Message: message} }

// TooManyRequests is status 429.
func TooManyRequests(message string) *HTTPError { return &HTTPError{Status: 429, Message: message} }

// Unavailable is status 503: not now.
func Unavailable(message string) *HTTPError { return &HTTPError{Status: 503, Message: message} }

// statusClientGone is what the log says when nobody was there to answer;
// nginx made the number known. It is never sent.
const statusClientGone = 499

// statusOf returns the status that answers err.
func statusOf(err error) int {
	var coder interface{ StatusCode() int }
	if errors.As(err, &coder) {
		if status := coder.StatusCode(); status >= 400 && status <= 599 {
			return status
		}
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusInternalServerError
}

// answerOf returns what err says about its own answer.
func answerOf(err error) HTTPError {
	var known interface{ answer() HTTPError }
	if errors.As(err, &known) {
		answer := known.answer()
		answer.Status = statusOf(err)
		return answer
	}
	var unreadable *form.RequestError
	if errors.As(err, &unreadable) {
		return HTTPError{Status: statusOf(err), Message: unreadable.Message, Err: err}
	}
	return HTTPError{Status: statusOf(err), Err: err}
}

// gone reports whether the client left before it was answered.
func gone(ctx context.Context) bool { return errors.Is(ctx.Err(), context.Canceled) }

// handled is an error that is already answered, inside of a net/http
// middleware. It goes on outwards for the log and for the app's middleware.
type handled struct{ error }

func (h handled) Unwrap() error { return h.error }

// failure is the panic by which methods of Context without an error result
// end a handler.
type failure struct{ err error }

func fail(err error) { panic(failure{err}) }

// panicked is a panic of a handler as an error.
type panicked struct {
	value any
	stack []uintptr
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// Unwrap returns the value of the panic if that is an error.
func (p *panicked) Unwrap() error {
	err, _ := p.value.(error)
	return err
}

// StatusCode is 500, whatever the error in the panic would be otherwise.
func (p *panicked) StatusCode() int { return http.StatusInternalServerError }

// stackOf returns the stack of a panic in err, or nil.
func stackOf(err error) []uintptr {
	var p *panicked
	if errors.As(err, &p) {
		return slices.Clone(p.stack)
	}
	return nil
}
