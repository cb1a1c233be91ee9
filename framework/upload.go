package dram

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/dram-go/dram/framework/form"
)

// maxUploadText bounds what [Upload.Text] reads.
const maxUploadText = 64 << 10

// Upload is one part of a multipart form, read as it comes in. It is an
// [io.Reader] of the content.
type Upload struct {
	// Field is the name of the input.
	Field string
	// Filename is what the client calls the file, without directories; "" for
	// an input that is no file. It is the client's word: show it, but name no
	// file by it.
	Filename string
	// Type is the media type that the client claims, "" if it claims none.
	Type string

	part *multipart.Part
	left int64 // bytes that may still come
	max  int64
}

// Uploads reads the parts of a multipart/form-data body one after the other,
// in the order of the page, without keeping them in memory or in temporary
// files: for uploads too large for a form field of type *multipart.FileHeader.
// Each is to be read before the next; what is not is skipped.
//
//	for file, err := range c.Uploads(100 << 20) {
//		if err != nil {
//			return err
//		}
//		if file.Filename != "" {
//			stored, err := s.Files.Save(c, file, "image/*")
//			…
//		}
//	}
//
// maxFile bounds each part, in bytes; reading further is an error of status
// 413, as it is for the whole body beyond [Group.MaxBody]. The other errors
// have status 415 for another kind of body and 400 for a malformed one or one
// of more than a thousand parts.
func (c *Context) Uploads(maxFile int64) iter.Seq2[*Upload, error] {
	return func(yield func(*Upload, error) bool) {
		parts, err := c.Request.MultipartReader()
		if err != nil {
			yield(nil, notMultipart(err))
			return
		}
		for range form.MaxFields {
			part, err := parts.NextPart()
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(nil, badUpload(err))
				return
			}
			if !yield(newUpload(part, maxFile), nil) {
				return
			}
		}
		yield(nil, BadRequest("").Wrap(fmt.Errorf("more than %d parts in one body", form.MaxFields)))
	}
}

func newUpload(part *multipart.Part, maxFile int64) *Upload {
	name := part.FileName() // without what this system calls directories
	return &Upload{
		Field:    part.FormName(),
		Filename: name[strings.LastIndexAny(name, `/\`)+1:],
		Type:     part.Header.Get("Content-Type"),
		part:     part,
		left:     maxFile,
		max:      maxFile,
	}
}

// Read reads the content. One that is too large ends with an error of status
// 413, and one that breaks off with 400.
func (u *Upload) Read(p []byte) (int, error) {
	if int64(len(p)) > u.left+1 {
		p = p[:u.left+1] // one more, to tell full from too large
	}
	n, err := u.part.Read(p)
	if int64(n) > u.left {
		n, u.left = int(u.left), 0
		return n, (&HTTPError{Status: http.StatusRequestEntityTooLarge}).
			Wrap(fmt.Errorf("upload %q in field %q has more than %d bytes", u.Filename, u.Field, u.max))
	}
	u.left -= int64(n)
	if err != nil && err != io.EOF {
		err = badUpload(err)
	}
	return n, err
}

// Text returns the content as text, for an input that is no file: up to 64
// KiB, more is an error of status 413.
func (u *Upload) Text() (string, error) {
	u.left = min(u.left, maxUploadText)
	u.max = min(u.max, maxUploadText)
	text, err := io.ReadAll(u)
	return string(text), err
}

func notMultipart(err error) error {
	status := http.StatusBadRequest
	if errors.Is(err, http.ErrNotMultipart) {
		status = http.StatusUnsupportedMediaType
	}
	return (&HTTPError{Status: status}).Wrap(err)
}

// badUpload gives an error of reading its status; one that has a status of its
// own keeps it.
func badUpload(err error) error {
	if status := statusOf(err); status != http.StatusInternalServerError {
		return (&HTTPError{Status: status}).Wrap(err)
	}
	return BadRequest("").Wrap(fmt.Errorf("upload: %w", err))
}
