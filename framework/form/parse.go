package form

import (
	"net/http"
	"time"

	"github.com/dram-go/dram/framework/i18n"
)

// Caps of every form.
const (
	// DefaultMaxBody is the largest body in bytes where Options say nothing.
	DefaultMaxBody = 10 << 20
	// MaxFields is the largest number of values and files in one body.
	MaxFields = 1000
	// MaxDepth is how deep a JSON body may nest, unknown members included.
	MaxDepth = 32
	// MultipartMemory is how many bytes of uploaded files are held in memory;
	// the rest waits in temporary files, which go when the request ends.
	MultipartMemory = 1 << 20
)

// Options are what a form needs to know about its app and its reader. The
// zero value works: built-in messages in the language of the request.
type Options struct {
	// Catalog has labels and messages of the app. May be nil.
	Catalog *i18n.Catalog
	// Locale is the language of messages and labels. "" is what the request
	// asks for, or the catalogue's default where there is no request.
	Locale string
	// MaxBody bounds the body, in bytes. 0 means DefaultMaxBody.
	MaxBody int64
	// Location is the zone of times without one, as browsers send them. nil
	// means UTC.
	Location *time.Location
}

// New returns a form that was not submitted and shows value. It panics if T is
// not declared as the package documentation says; see [Check].
func New[T any](value T, opts Options) *Form[T] {
	f := &Form[T]{Value: value}
	f.core = mustCore(&f.Value, opts)
	return f
}

// Parse reads the form of a request. GET and HEAD give a form that was not
// submitted; any other method one filled from the body, which is urlencoded,
// multipart or JSON. w may be nil; it serves to end the connection of a client
// that sends too much.
//
// What a person can mend is in the form, see [Form.OK]. An error is what they
// cannot, and has a method StatusCode: 400 for a malformed body or too many
// fields, 413 for too large a one, 415 for another content type, and 422, as
// [Errors], for a JSON body whose fields are not acceptable. A T that is
// declared wrongly is an error without a status.
//
// Parse may be called twice for one request, and also after r.ParseForm.
func Parse[T any](w http.ResponseWriter, r *http.Request, opts Options) (*Form[T], error) {
	var empty T
	return Edit(w, r, empty, opts)
}

// Edit is [Parse] for a page that changes something that exists. GET shows
// value. Otherwise the submitted fields replace those of value: a field that
// was not submitted becomes empty, as a browser sends nothing for a box that
// is not ticked. With the method PATCH such a field keeps its value. Fields
// without a form tag always keep theirs.
func Edit[T any](w http.ResponseWriter, r *http.Request, value T, opts Options) (*Form[T], error) {
	if opts.Locale == "" {
		opts.Locale = negotiate(opts.Catalog, r.Header.Get("Accept-Language"))
	}
	f := &Form[T]{Value: value}
	var err error
	if f.core, err = newCore(&f.Value, opts); err != nil {
		return nil, err
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return f, nil
	}
	in, err := read(w, r, f.core.plan, opts.MaxBody)
	if err != nil {
		return nil, f.core.bodyError(err)
	}
	if err := f.core.submit(in, r.Method == http.MethodPatch); err != nil {
		return nil, err
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	return f, nil
}

// Check reports all faults in how T is declared: names, types, tags and rules.
func Check[T any]() error {
	var value T
	_, err := newCore(&value, Options{})
	return err
}

// negotiate picks the locale of a request.
func negotiate(catalog *i18n.Catalog, acceptLanguage string) string {
	if catalog == nil {
		catalog = builtin()
	}
	return catalog.Negotiate(acceptLanguage)
}
