package form

import "errors"

// Form is a value that people fill in, together with what they typed and what
// is wrong with it. It belongs to one request and one goroutine. Pass it on as
// a pointer. The zero Form is an empty one that was not submitted.
type Form[T any] struct {
	// Value is what was submitted, as far as it could be read. Use it when OK.
	Value T

	core *core
}

// View is a form of any type, as templates and helpers see it.
type View interface {
	// Field returns the parts of a field for a page.
	Field(name string) (Field, error)
	// FormErrors are the messages that belong to no field.
	FormErrors() []string
	// Invalid reports a submitted form with errors: the page is a 422.
	Invalid() bool
	// Err is what to answer instead of a page, if the form came as JSON.
	Err() error
	// Enctype is what the form element needs as enctype.
	Enctype() string
}

// OK reports that the form was submitted and nothing is wrong with it.
func (f *Form[T]) OK() bool { return f.Submitted() && len(f.state().errors) == 0 }

// Submitted reports that the form was filled from a request body.
func (f *Form[T]) Submitted() bool { return f.state().submitted }

// Invalid reports that the form was submitted and something is wrong with it.
func (f *Form[T]) Invalid() bool { return f.Submitted() && len(f.state().errors) > 0 }

// Errors returns all messages by field, those of the form itself under "". It
// is empty, never nil, when nothing is wrong. Do not change it.
func (f *Form[T]) Errors() Errors { return f.state().errors }

// Err returns the Errors of an invalid form that came as JSON, else nil. Parse
// has returned those it found itself; after Fail or [Form.Claims] a handler
// that serves programs too answers with Err instead of a page.
func (f *Form[T]) Err() error {
	if f.state().json && f.Invalid() {
		return f.Errors()
	}
	return nil
}

// Error returns the first message of a field, or "".
func (f *Form[T]) Error(field string) string {
	if messages := f.state().errors[field]; len(messages) > 0 {
		return messages[0]
	}
	return ""
}

// FormErrors returns the messages that belong to no field.
func (f *Form[T]) FormErrors() []string { return f.state().errors[""] }

// Fail adds a message, a text for the user, to a field. A field that the form
// does not have fails the form as a whole, so that no message is lost.
func (f *Form[T]) Fail(field, message string) { f.state().fail(field, message) }

// FailForm adds a message to the form as a whole.
func (f *Form[T]) FailForm(message string) { f.state().fail("", message) }

// Claims takes an error that a unique index caused and makes it the error of
// the field that the index guards. The error, or one that it wraps, has a method
// Unique() string that returns "table.column"; the field has the tag
// unique:"table.column". Claims returns false, and changes nothing, for any
// other error and for nil.
//
//	if form.OK() {
//		err := store.Create(ctx, form.Value)
//		if err == nil {
//			return redirect()
//		}
//		if !form.Claims(err) {
//			return err
//		}
//	}
//	return render(form) // empty, invalid or taken
func (f *Form[T]) Claims(err error) bool {
	violation, ok := errors.AsType[interface {
		error
		Unique() string
	}](err)
	return ok && f.state().claim(violation.Unique())
}

// Get returns the text of a field as it was submitted, even if it could not be
// read, or else the text of its value. It is "" for passwords, files and names
// that the form does not have.
func (f *Form[T]) Get(field string) string { return f.state().get(field) }

// Field returns all parts of a field, for markup of one's own. The error names
// the fields of the form if there is none of that name.
func (f *Form[T]) Field(name string) (Field, error) { return f.state().field(name) }

// SetOptions gives a field the choices that it offers, in place of those of a
// oneof rule; an input that is not made for choices becomes a select. A submitted value that is not among them
// becomes the field's error, so call it before OK. It panics for a name that
// the form does not have.
func (f *Form[T]) SetOptions(field string, choices ...Choice) {
	f.state().setOptions(field, choices)
}

// SetIDPrefix puts a text and a hyphen before the ids of all inputs, so that two
// forms with fields of the same names can stand in one page. The names of the
// inputs, and so what is submitted, stay as they are.
func (f *Form[T]) SetIDPrefix(prefix string) { f.state().prefix = prefix + "-" }

// Enctype returns multipart/form-data for a form with files, else
// application/x-www-form-urlencoded.
func (f *Form[T]) Enctype() string {
	if f.state().plan.files {
		return "multipart/form-data"
	}
	return "application/x-www-form-urlencoded"
}

// state returns what is behind the form; a zero Form gets it now.
func (f *Form[T]) state() *core {
	if f.core == nil {
		f.core = mustCore(&f.Value, Options{})
	}
	return f.core
}
