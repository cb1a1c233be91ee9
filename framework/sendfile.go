package dram

import (
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dram-go/dram/framework/asset"
)

// SendFile answers with a file and closes it: whole or in ranges (RFC 9110
// section 14), or with 304 if the client has it already, which its
// modification time or an ETag that the handler has set says.
//
//	file, err := s.Files.Open(c, report.FileID) // a storage.Store
//	if err != nil {
//		return err
//	}
//	return c.Attachment(report.Name).SendFile(file)
//
// The Content-Type is the one that the handler has set, or that of the name's
// extension, or guessed from the content. Files often come from strangers, so
// the browser shows pictures and saves anything else ([asset.ShowsInline]; a
// Content-Type must name one type and no more), unless the handler has set
// Content-Disposition: "inline" for what it trusts. Pages may show sound and
// film in any case. What is shown gets the Content-Security-Policy "sandbox",
// so that no script runs in it, unless the handler has set another; a PDF gets
// none, because browsers show none in a sandbox.
//
// Behind a front of the runner that may send files of the directory in which f
// lies (sendfile in the section [static]), the front sends it, and the worker is
// free at once.
//
// f must be an [io.Seeker], as files of the operating system and of embed.FS
// are. A directory is answered with 404.
func (c *Context) SendFile(f fs.File) error {
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("file at %s: %w", callerOf(), err)
	}
	if info.IsDir() {
		return NotFound("").Wrap(fmt.Errorf("file at %s: %s is a directory", callerOf(), info.Name()))
	}
	content, ok := f.(io.ReadSeeker)
	if !ok {
		return fmt.Errorf("file at %s: %T cannot seek, use Stream for it", callerOf(), f)
	}
	if err := c.describeContent(info.Name(), content); err != nil {
		return err
	}
	if file, ok := f.(*os.File); ok && c.handOver(file, info.ModTime()) {
		return nil
	}
	c.serveContent(info.ModTime(), content)
	return nil
}

// SendContent is [Context.SendFile] for what is no file. name is for its
// extension only and may be empty; so may modified be zero. content is not
// closed.
func (c *Context) SendContent(name string, modified time.Time, content io.ReadSeeker) error {
	if err := c.describeContent(name, content); err != nil {
		return err
	}
	c.serveContent(modified, content)
	return nil
}

// Attachment makes the browser save the response under a name instead of
// showing it (RFC 6266). It returns c.
func (c *Context) Attachment(name string) *Context {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	value := "attachment"
	if name != "" {
		value = mime.FormatMediaType(value, map[string]string{"filename": name})
	}
	c.Writer.Header().Set("Content-Disposition", value)
	return c
}

// describeContent sets type and disposition where the handler has not.
func (c *Context) describeContent(name string, content io.ReadSeeker) error {
	header := c.Writer.Header()
	if header.Get("Content-Type") == "" {
		media, err := mediaOf(name, content)
		if err != nil {
			return fmt.Errorf("file at %s: %w", callerOf(), err)
		}
		header.Set("Content-Type", media)
	}
	media := header.Get("Content-Type")
	if !isPicture(media) {
		setDefault(header, "Content-Disposition", "attachment")
	}
	if !isAttachment(header.Get("Content-Disposition")) && !strings.HasPrefix(media, "application/pdf") {
		setDefault(header, "Content-Security-Policy", "sandbox")
	}
	return nil
}

// isPicture reports whether a browser takes a Content-Type for that of a
// picture and for nothing else. Of "image/png,text/html" some take the last, so
// what is no single type of RFC 9110 section 8.3.1 is none.
func isPicture(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil || strings.ContainsAny(contentType, ",\r\n") || !asset.ShowsInline(media) {
		return false
	}
	switch media {
	case "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp",
		"image/x-icon", "image/vnd.microsoft.icon":
		return true
	}
	return false
}

func isAttachment(disposition string) bool {
	kind, _, _ := strings.Cut(disposition, ";")
	return strings.EqualFold(strings.TrimSpace(kind), "attachment")
}

// mediaOf returns the type of a name's extension, or what the first bytes look
// like.
func mediaOf(name string, content io.ReadSeeker) (string, error) {
	if media := asset.Type(name); media != asset.UnknownType {
		return media, nil
	}
	head := make([]byte, 512) // as much as DetectContentType looks at
	n, err := io.ReadFull(content, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return "", err
	}
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	return http.DetectContentType(head[:n]), nil
}

func (c *Context) serveContent(modified time.Time, content io.ReadSeeker) {
	http.ServeContent(c.Writer, c.Request, "", modified, content)
}

// fileSender is a ResponseWriter behind which stands a front that sends the
// files of some directories itself when the header X-Sendfile names one. A front
// that can says so by the ResponseWriter of its worker and not by a field of the
// request, which a client could send too.
type fileSender interface{ SendsFile(path string) bool }

// handOver lets the front send the file, if there is one that can.
func (c *Context) handOver(file *os.File, modified time.Time) bool {
	sender := senderOf(c.Writer)
	if sender == nil {
		return false
	}
	full, err := filepath.Abs(file.Name())
	if err != nil || !sender.SendsFile(full) || !isFileAt(file, full) {
		return false
	}
	header := c.Writer.Header()
	header.Set("X-Sendfile", full)
	setDefault(header, "Last-Modified", modified.UTC().Format(http.TimeFormat))
	c.Writer.WriteHeader(http.StatusOK)
	return true
}

// isFileAt reports whether a path leads to an open file. It does not when the
// file was removed after it was opened, as temporary ones are.
func isFileAt(file *os.File, path string) bool {
	open, err := file.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(open, there)
}

// senderOf asks the ResponseWriters from the outermost to the innermost.
func senderOf(w http.ResponseWriter) fileSender {
	for {
		if sender, ok := w.(fileSender); ok {
			return sender
		}
		wrapper, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return nil
		}
		w = wrapper.Unwrap()
	}
}
