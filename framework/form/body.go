package form

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/dram-go/dram/framework/config"
)

// read reads the body of a request by its content type.
func read(w http.ResponseWriter, r *http.Request, p *plan, limit int64) (*input, error) {
	if limit <= 0 {
		limit = DefaultMaxBody
	}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	header := r.Header.Get("Content-Type")
	if header == "" {
		return readUntyped(r)
	}
	media, _, err := mime.ParseMediaType(header)
	if err != nil {
		return nil, fmt.Errorf("the Content-Type %q is malformed: %w", header, err)
	}
	switch {
	case media == "application/x-www-form-urlencoded":
		return readURLEncoded(r, p)
	case media == "multipart/form-data":
		return readMultipart(r)
	case media == "application/json", strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json"):
		return readJSON(r, p)
	}
	return nil, unsupported(media)
}

// readUntyped accepts a request without content, such as a DELETE.
func readUntyped(r *http.Request) (*input, error) {
	var first [1]byte
	switch n, err := io.ReadFull(r.Body, first[:]); {
	case n > 0:
		return nil, unsupported("")
	case err != io.EOF:
		return nil, err
	}
	return &input{values: map[string][]string{}}, nil
}

func readURLEncoded(r *http.Request, p *plan) (*input, error) {
	if r.PostForm == nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		if n := bytes.Count(body, []byte("&")) + 1; n > MaxFields {
			return nil, tooMany(n)
		}
		values, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, err
		}
		r.PostForm = values // later callers of ParseForm find it
	}
	if n := count(r.PostForm); n > MaxFields {
		return nil, tooMany(n)
	}
	for _, f := range p.fields {
		if f.kind == file && len(entries(r.PostForm[f.name])) > 0 {
			return nil, fmt.Errorf("field %q is a file, which urlencoded forms cannot carry: write <form enctype=\"multipart/form-data\">", f.name)
		}
	}
	return &input{values: r.PostForm}, nil
}

func readMultipart(r *http.Request) (*input, error) {
	if r.MultipartForm == nil {
		parts, err := r.MultipartReader()
		if err != nil {
			return nil, err
		}
		read, err := parts.ReadForm(MultipartMemory)
		if err != nil {
			return nil, err
		}
		r.MultipartForm = read
		// The server removes temporary files of its own request only; r may be
		// a copy that a middleware made. Its context ends with the request.
		context.AfterFunc(r.Context(), func() { _ = read.RemoveAll() })
		if r.PostForm == nil {
			r.PostForm = read.Value
		}
	}
	form := r.MultipartForm
	if n := count(form.Value) + count(form.File); n > MaxFields {
		return nil, tooMany(n)
	}
	return &input{values: form.Value, files: form.File}, nil
}

// count counts all values of all names.
func count[V any](values map[string][]V) int {
	n := 0
	for _, list := range values {
		n += len(list)
	}
	return n
}

// setFiles sets a field of files.
func setFiles(place reflect.Value, f *field, files []*multipart.FileHeader) problem {
	switch {
	case len(files) == 0: // a text where a file belongs
		return problem{rule: "type_file"}
	case f.slice:
		place.Set(reflect.ValueOf(append([]*multipart.FileHeader(nil), files...)).Convert(place.Type()))
	default:
		place.Set(reflect.ValueOf(files[0]))
	}
	return fine
}

// tooLarge reports whether one of the files is larger than the field allows.
func (f *field) tooLarge(files []*multipart.FileHeader) bool {
	return f.maxSize > 0 && slices.ContainsFunc(files, func(h *multipart.FileHeader) bool { return h.Size > int64(f.maxSize) })
}

// readableSize writes a size as people do: 2 MiB.
func readableSize(size config.Size) string {
	text := size.String()
	if i := strings.IndexFunc(text, unicode.IsLetter); i > 0 {
		return text[:i] + " " + text[i:]
	}
	return text + " B"
}
