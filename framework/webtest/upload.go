package webtest

import (
	"bytes"
	"io"
	"maps"
	"mime/multipart"
	"net/url"
	"slices"
	"strings"
)

// Upload is a file that a visitor chose in a form, see [Client.Submit]:
//
//	site.Submit("product.create", url.Values{"name": {"Tea"}},
//		webtest.Upload{Field: "picture", Name: "tea.png", Content: png})
type Upload struct {
	Field   string // the name of the input
	Name    string // what the visitor calls the file; it may be any text
	Content []byte
}

// encode writes a form as a browser does, with and without files, and returns
// its content type.
func encode(fields url.Values, files []Upload) (body io.Reader, contentType string) {
	if len(files) == 0 {
		return strings.NewReader(fields.Encode()), "application/x-www-form-urlencoded"
	}
	// Writing to a buffer gives no error.
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		for _, value := range fields[name] {
			w.WriteField(name, value)
		}
	}
	for _, f := range files {
		part, _ := w.CreateFormFile(f.Field, f.Name)
		part.Write(f.Content)
	}
	w.Close()
	return &b, w.FormDataContentType()
}
