package dram

import "github.com/dram-go/dram/framework/form"

// Form is a value that people fill in, see package form.
type Form[T any] = form.Form[T]

// Bind reads the form T of the request. GET gives the empty form, any other
// method the submitted one, from an urlencoded, multipart or JSON body.
//
// What a person can mend is in the form: render the page again with it, which
// then has status 422. An error is what they cannot mend (a malformed or too
// large body), and for a JSON body also its field errors, so that behind the
// error check form.OK() is false only for people.
func Bind[T any](c *Context) (*Form[T], error) {
	f, err := form.Parse[T](c.Writer, c.Request, c.formOptions())
	if err != nil {
		return nil, err
	}
	c.forms = append(c.forms, f)
	return f, nil
}

// Edit is [Bind] for a page that changes something that exists: GET shows
// value, and fields that are not submitted stay as they are in it if the form
// does not offer them.
func Edit[T any](c *Context, value T) (*Form[T], error) {
	f, err := form.Edit(c.Writer, c.Request, value, c.formOptions())
	if err != nil {
		return nil, err
	}
	c.forms = append(c.forms, f)
	return f, nil
}

func (c *Context) formOptions() form.Options {
	return form.Options{
		Catalog:  c.app.catalog,
		Locale:   c.Locale(),
		MaxBody:  c.maxBody(),
		Location: c.app.conf.Location(),
	}
}
