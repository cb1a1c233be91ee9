package static

import (
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

// file is a file in all its encodings, ready to be sent. It does not change,
// but for what is atomic.
type file struct {
	path      string // of its URL, decoded: what the shelf finds it by
	prefix    string // of its place
	modified  time.Time
	forms     [codings]*form
	encodings uint8           // bits of the codings that there are beside identity
	order     [codings]coding // those, the smallest first

	source  source
	stamps  *[codings]stamp // what was on the disk; nil for what never changes
	fixed   bool            // never changes
	checked atomic.Int64    // when it was last seen to be unchanged, in Unix nanoseconds
	weak    bool            // its tags become strong when its time has settled

	open int          // descriptors it holds
	uses atomic.Int32 // of these; the last one closes them
}

// form is a file in one encoding (a representation in RFC 9110).
type form struct {
	tag     string
	fields  []byte // field lines: those of a 304, the others, Content-Type
	kept    int    // where those of a 304 end
	typed   int    // where Content-Type begins
	size    int64
	body    []byte   // the content, unless it is in file
	content *os.File // read by offset only, because many share it
}

// cost is what a file takes of the memory of a shelf, in octets: about what
// the structures are in all.
func (f *file) cost() int64 {
	cost := int64(768 + len(f.path))
	for _, form := range f.forms {
		if form != nil {
			cost += int64(cap(form.body) + len(form.fields))
		}
	}
	return cost
}

// add gives the file another form.
func (f *file) add(c coding, from *form) {
	f.forms[c] = from
	if from.content != nil {
		f.open++
	}
	if c == identity {
		return
	}
	f.encodings |= 1 << c
	at := 0
	for at < int(codings) && f.order[at] != identity && f.forms[f.order[at]].size <= from.size {
		at++
	}
	copy(f.order[at+1:], f.order[at:])
	f.order[at] = c
}

// take keeps the descriptors of the file open until done.
func (f *file) take() {
	if f.open > 0 {
		f.uses.Add(1)
	}
}

// done ends one use of the file.
func (f *file) done() {
	if f.open == 0 || f.uses.Add(-1) > 0 {
		return
	}
	f.close()
}

// close closes what the file holds. Descriptors that were only read from have
// nothing to report.
func (f *file) close() {
	for _, form := range f.forms {
		if form != nil && form.content != nil {
			form.content.Close()
		}
	}
}

// description is what the fields of a file's responses are made of.
type description struct {
	media       string // Content-Type
	cache       string // Cache-Control
	tag         string // of this form
	modified    time.Time
	varies      bool   // there are other forms
	disposition string // Content-Disposition
	sandboxed   bool   // scripts in it must not run
	encoding    string // Content-Encoding, "" for identity
}

// fields writes the field lines of a form; see form for their order.
func (d *description) write(f *form) {
	b := f.body[len(f.body):] // one piece of memory has all
	b = appendField(b, "Cache-Control", d.cache)
	b = appendField(b, "ETag", d.tag)
	if d.varies {
		b = appendField(b, "Vary", "Accept-Encoding")
	}
	f.kept = len(b)
	b = appendField(b, "Accept-Ranges", "bytes")
	if d.encoding != "" {
		b = appendField(b, "Content-Encoding", d.encoding)
	}
	if d.disposition != "" {
		b = appendField(b, "Content-Disposition", d.disposition)
	}
	if d.sandboxed {
		b = appendField(b, "Content-Security-Policy", "sandbox")
	}
	if !d.modified.IsZero() {
		b = appendField(b, "Last-Modified", d.modified.UTC().Format(httpDate))
	}
	b = appendField(b, "X-Content-Type-Options", "nosniff")
	f.typed = len(b)
	f.fields = appendField(b, "Content-Type", d.media)
	f.tag = d.tag
}

const httpDate = "Mon, 02 Jan 2006 15:04:05 GMT"

func appendField(b []byte, name, value string) []byte {
	b = append(append(b, name...), ": "...)
	return append(append(b, value...), "\r\n"...)
}

// stampTag makes an entity tag of time and size. Two contents of one file may
// share them if they came so quickly that the clock of the file system did not
// move, so the tag is weak while that may still happen (RFC 9110, section
// 8.8.1).
func stampTag(s stamp, c coding, now time.Time) (tag string, weak bool) {
	b := make([]byte, 0, 48)
	if weak = s.age(now) < settled; weak {
		b = append(b, "W/"...)
	}
	b = append(b, '"')
	b = strconv.AppendInt(b, s.modified, 36)
	b = append(b, '-')
	b = strconv.AppendInt(b, s.size, 36)
	return string(appendSuffix(b, c)), weak
}

// fieldsRoom is what the fields of a response usually need.
const fieldsRoom = 320

// settled is how old a change must be until its time tells it from the next
// one: clocks of file systems are as coarse as two seconds.
const settled = 2 * time.Second

// hashTag makes an entity tag of a content's hash.
func hashTag(hash string, c coding) string {
	return string(appendSuffix(append([]byte{'"'}, hash...), c))
}

func appendSuffix(b []byte, c coding) []byte {
	if c != identity {
		b = append(append(b, '-'), codingNames[c].ending...)
	}
	return append(b, '"')
}
