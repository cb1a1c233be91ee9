package front

import (
	"bytes"
	"errors"
	"io"
	"os"
	"sync/atomic"
	"time"
)

// spool keeps a body, or a part of one: the beginning in memory, a longer one in
// a file that has no name.
type spool struct {
	used *atomic.Int64 // by all of a kind, in files
	text []byte
	file *os.File // nil: text is all
	size int64    // of file
}

var errSpoolFull = errors.New("no room for more bodies in files")

// write adds to the body, or fails and has taken nothing: with errSpoolFull
// where all files together would be larger than limit.
func (s *spool) write(p []byte, memory, limit int64) (err error) {
	if s.file == nil && int64(len(s.text)+len(p)) <= memory {
		s.text = append(s.text, p...)
		return nil
	}
	more := int64(len(p))
	if s.file == nil {
		more += int64(len(s.text))
	}
	defer func() {
		if err != nil {
			s.used.Add(-more)
		}
	}()
	if s.used.Add(more) > limit {
		return errSpoolFull
	}
	file := s.file
	if file == nil {
		if file, err = s.newFile(); err != nil {
			return err
		}
	}
	if _, err = file.WriteAt(p, s.size+more-int64(len(p))); err != nil {
		if s.file == nil {
			file.Close()
		}
		return err
	}
	s.file, s.size = file, s.size+more
	return nil
}

// newFile makes a file, which ends with its descriptor, of the text.
func (s *spool) newFile() (*os.File, error) {
	file, err := os.CreateTemp("", "dram-body-")
	if err != nil {
		return nil, err
	}
	if err = os.Remove(file.Name()); err == nil {
		_, err = file.WriteAt(s.text, 0)
	}
	if err != nil {
		file.Close()
	}
	return file, err
}

// length is that of what there is.
func (s *spool) length() int64 {
	if s.file == nil {
		return int64(len(s.text))
	}
	return s.size
}

// reader reads what there is, from the beginning.
func (s *spool) reader() io.Reader {
	if s.file == nil {
		return bytes.NewReader(s.text)
	}
	return io.NewSectionReader(s.file, 0, s.size)
}

// readAt reads some of what there is from an offset on.
func (s *spool) readAt(p []byte, from int64) (int, error) {
	if s.file == nil {
		return copy(p, s.text[from:]), nil
	}
	return s.file.ReadAt(p[:min(int64(len(p)), s.size-from)], from)
}

// reset forgets what there is.
func (s *spool) reset() {
	s.close()
	*s = spool{used: s.used, text: s.text[:0]}
}

func (s *spool) close() {
	if s.file != nil {
		s.file.Close() // only for us
	}
	s.used.Add(-s.size)
}

// collect reads the body of a request before an origin is asked, which may be
// able to do few things at once: a client that sends slowly must not keep one
// of them busy. Where there is no room the rest is sent as it comes. It reports
// false when the turn has been answered.
func (f *foreign) collect(e *errand) bool {
	if e.stream == nil || !e.settings.collects {
		return true
	}
	delete(e.header, "Expect") // who reads has asked for it
	body := e.stream
	kept := &spool{used: &f.spooled}
	e.kept = kept
	chunk := f.proxy.chunks.Get().(*[]byte)
	defer f.proxy.chunks.Put(chunk)
	for {
		n, err := body.Read(*chunk)
		if n > 0 {
			if failed := kept.write((*chunk)[:n], e.settings.small, e.settings.spool); failed != nil {
				f.noRoom(failed)
				rest := bytes.Clone((*chunk)[:n])
				e.stream = &resumed{body, io.MultiReader(kept.reader(), bytes.NewReader(rest), body)}
				return true
			}
		}
		switch {
		case err == io.EOF:
			return e.collected(kept)
		case err != nil && f.proxy.badBody(e.handover):
			return false
		case err != nil:
			e.leave()
			return false
		}
	}
}

// noRoom tells the log that bodies pass as they come, but not for each.
func (f *foreign) noRoom(err error) {
	now := time.Now().Unix()
	if last := f.warned.Load(); now-last < int64(spoolWarning/time.Second) || !f.warned.CompareAndSwap(last, now) {
		return
	}
	f.log.Warn("request bodies are passed on as they come, so slow clients keep the upstream busy: no file for them (TMPDIR says where)",
		"mount", f.mount, "directory", os.TempDir(), "err", err)
}

// spoolWarning is the shortest time between two such lines.
const spoolWarning = time.Minute

// collected goes on with a body that is whole.
func (e *errand) collected(kept *spool) bool {
	e.trailer = e.Head().Trailer
	e.stream = nil
	if kept.file == nil {
		e.body = kept.text
	}
	return true
}

// resumed is a body of which we have read the beginning.
type resumed struct {
	requestBody
	all io.Reader
}

func (r *resumed) Read(p []byte) (int, error) { return r.all.Read(p) }
