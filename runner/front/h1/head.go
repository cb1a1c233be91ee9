package h1

import (
	"bytes"
	"math"
	"net/http"

	"github.com/dram-go/dram/runner/front/strict"
)

// span is a part of a head, in octets from its beginning.
type span struct{ from, to uint16 }

// field is one field line whose name is for applications.
type field struct{ name, value span }

// head is a request head, parsed once into offsets over the bytes as they
// came (RFC 9112, sections 2 to 6). What is accepted has one meaning only;
// everything else is a Refusal.
type head struct {
	raw    []byte // from the request line to the empty line
	text   string // a copy of raw, when somebody has asked for a string
	fields []field

	method span
	target span
	host   span // the authority, of the target or else of the Host field
	minor  byte // of the version 1.x
	form   form

	length   int64 // of the body, -1 when it is chunked
	trailers bool  // a Trailer field announces some
	closing  bool  // the client wants no further exchange
	keep     bool  // an HTTP/1.0 client wants one
	expects  bool  // 100 Continue
	upgrade  bool  // the client offers another protocol

	state headState
}

// headState is what a head that is not complete yet has shown so far.
type headState struct {
	line   int // where the line begins that is incomplete
	seen   int // how far its end was searched for
	first  int // where the field lines begin, 0 while the request line is awaited
	count  int // field lines
	named  bool
	sized  bool
	coded  bool
	keeps  bool // Connection has the option keep-alive
	failed bool // an expectation that is not 100-continue
}

// maxHead is what spans can address.
const maxHead = math.MaxUint16

func (h *head) reset() {
	fields := h.fields[:0]
	*h = head{fields: fields}
}

func (h *head) bytes(s span) []byte { return h.raw[s.from:s.to] }

func (h *head) string(s span) string {
	if h.text == "" {
		h.text = string(h.raw)
	}
	return h.text[s.from:s.to]
}

// parse reads on in b, which begins with the head and has grown since the last
// call, if there was one. It returns the length of the head, 0 while the head
// is incomplete, or a Refusal.
func (h *head) parse(b []byte, l *Options) (int, error) {
	s := &h.state
	for {
		end := bytes.IndexByte(b[s.seen:], '\n')
		if end < 0 {
			s.seen = len(b)
			return 0, h.tooLong(len(b)-1, l) // the last may be a CR
		}
		end += s.seen
		if err := h.tooLong(end-1, l); err != nil {
			return 0, err
		}
		if end == s.line || b[end-1] != '\r' {
			return 0, strict.Bad("line without CR")
		}
		from, to := s.line, end-1
		s.line, s.seen = end+1, end+1
		if s.first == 0 {
			s.first = s.line
			if err := h.requestLine(b, from, to); err != nil {
				return 0, err
			}
			continue
		}
		if from == to {
			h.raw = b[:s.line:s.line]
			return s.line, h.conclude()
		}
		if s.count++; s.count > l.Fields {
			return 0, strict.Refuse(http.StatusRequestHeaderFieldsTooLarge, "too many fields")
		}
		if err := h.fieldLine(b, from, to); err != nil {
			return 0, err
		}
	}
}

// tooLong refuses a head that would go on at this offset.
func (h *head) tooLong(to int, l *Options) error {
	if h.state.first == 0 {
		if to > l.Line {
			return strict.Refuse(http.StatusRequestURITooLong, "request line too long")
		}
		return nil
	}
	if to-h.state.first > l.Head {
		return strict.Refuse(http.StatusRequestHeaderFieldsTooLarge, "fields too long")
	}
	return nil
}

// requestLine reads method, target and version, one space between them.
func (h *head) requestLine(b []byte, from, to int) error {
	i := from
	for i < to && strict.Class(b[i])&strict.Token != 0 {
		i++
	}
	if i == from || i == to || b[i] != ' ' {
		return strict.Bad("malformed method")
	}
	h.method = span{uint16(from), uint16(i)}
	i++
	begin := i
	for i < to && strict.Class(b[i])&strict.Target != 0 {
		i++
	}
	if i == begin || i == to || b[i] != ' ' {
		return strict.Bad("malformed target")
	}
	h.target = span{uint16(begin), uint16(i)}
	if err := h.version(b[i+1 : to]); err != nil {
		return err
	}
	var err error
	h.form, h.host, err = parseTarget(b, h.method, h.target)
	return err
}

func (h *head) version(v []byte) error {
	if len(v) != len("HTTP/1.1") || string(v[:5]) != "HTTP/" || v[6] != '.' ||
		strict.Class(v[5])&strict.Digit == 0 || strict.Class(v[7])&strict.Digit == 0 {
		return strict.Bad("malformed version")
	}
	if v[5] != '1' || v[7] > '1' {
		return strict.Refuse(http.StatusHTTPVersionNotSupported, "neither HTTP/1.1 nor HTTP/1.0")
	}
	h.minor = v[7] - '0'
	return nil
}

// fieldLine reads one field line. One whose name has "_" or "." counts and
// must be well formed, but nobody sees it: applications of the CGI tradition
// could not tell it from another.
func (h *head) fieldLine(b []byte, from, to int) error {
	if b[from] == ' ' || b[from] == '\t' {
		return strict.Bad("folded field line")
	}
	i, odd := from, false
	for i < to && strict.Class(b[i])&strict.Token != 0 {
		odd = odd || b[i] == '_' || b[i] == '.'
		i++
	}
	if i == from || i == to || b[i] != ':' {
		return strict.Bad("malformed field name")
	}
	name := span{uint16(from), uint16(i)}
	i++
	for i < to && (b[i] == ' ' || b[i] == '\t') {
		i++
	}
	for to > i && (b[to-1] == ' ' || b[to-1] == '\t') {
		to--
	}
	if !strict.IsValue(b[i:to]) {
		return strict.Bad("control character in a field value")
	}
	if odd {
		return nil
	}
	f := field{name, span{uint16(i), uint16(to)}}
	h.fields = append(h.fields, f)
	return h.meaning(b, f)
}

// meaning notes what a field says about the message itself.
func (h *head) meaning(b []byte, f field) error {
	name, value := b[f.name.from:f.name.to], b[f.value.from:f.value.to]
	s := &h.state
	switch len(name) {
	case len("host"):
		if strict.SameFold(name, "host") {
			return h.hostField(b, f.value)
		}
	case len("expect"):
		if strict.SameFold(name, "expect") {
			h.expects = true
			s.failed = s.failed || !strict.SameFold(value, "100-continue")
		}
	case len("upgrade"):
		if strict.SameFold(name, "upgrade") {
			h.upgrade = true
		} else if strict.SameFold(name, "trailer") {
			h.trailers = true
		}
	case len("connection"):
		if strict.SameFold(name, "connection") {
			h.connection(value)
		}
	case len("content-length"):
		if strict.SameFold(name, "content-length") {
			return h.contentLength(value)
		}
	case len("transfer-encoding"):
		if strict.SameFold(name, "transfer-encoding") {
			return h.transferEncoding(value)
		}
	}
	return nil
}

func (h *head) hostField(b []byte, value span) error {
	v := b[value.from:value.to]
	switch {
	case h.state.named:
		return strict.Bad("more than one Host")
	case !strict.ValidHost(v):
		return strict.Bad("malformed Host")
	case h.form == absoluteForm && !bytes.EqualFold(v, b[h.host.from:h.host.to]):
		return strict.Bad("Host is not the target's")
	}
	h.state.named, h.host = true, value
	return nil
}

func (h *head) connection(list []byte) {
	for len(list) > 0 {
		var option []byte
		option, list = strict.NextOption(list)
		switch {
		case strict.SameFold(option, "close"):
			h.closing = true
		case strict.SameFold(option, "keep-alive"):
			h.state.keeps = true
		}
	}
}

func (h *head) contentLength(v []byte) error {
	if h.state.sized {
		return strict.Bad("more than one Content-Length")
	}
	h.state.sized = true
	if len(v) == 0 || len(v) > 18 || !strict.All(v, strict.Digit) { // 18 digits fit an int64
		return strict.Bad("malformed Content-Length")
	}
	for _, c := range v {
		h.length = h.length*10 + int64(c-'0')
	}
	return nil
}

func (h *head) transferEncoding(v []byte) error {
	if h.state.coded {
		return strict.Bad("more than one Transfer-Encoding")
	}
	if !strict.SameFold(v, "chunked") {
		return strict.Refuse(http.StatusNotImplemented, "a Transfer-Encoding that is not chunked")
	}
	h.state.coded = true
	return nil
}

// conclude checks what only the whole head shows.
func (h *head) conclude() error {
	s := &h.state
	switch {
	case h.minor == 1 && !s.named:
		return strict.Bad("no Host")
	case s.coded && s.sized:
		return strict.Bad("both Transfer-Encoding and Content-Length")
	case s.coded && h.minor == 0:
		return strict.Bad("Transfer-Encoding in HTTP/1.0")
	case s.failed:
		return strict.Refuse(http.StatusExpectationFailed, "an expectation that is not 100-continue")
	}
	if s.coded {
		h.length = -1
	}
	h.keep = h.minor == 0 && s.keeps && !h.closing
	h.closing = h.closing || h.minor == 0 && !s.keeps
	h.expects = h.expects && h.minor == 1 && h.length != 0
	if h.trailers && s.coded {
		return h.announced()
	}
	return nil
}

// announced refuses trailers that would change what was decided by the head.
func (h *head) announced() error {
	for _, f := range h.fields {
		if !strict.SameFold(h.bytes(f.name), "trailer") {
			continue
		}
		for list := h.bytes(f.value); len(list) > 0; {
			var name []byte
			if name, list = strict.NextOption(list); isFraming(name) {
				return strict.Bad("a trailer that may not be one")
			}
		}
	}
	return nil
}

// isFraming reports names that say where messages begin, end and belong.
func isFraming(name []byte) bool {
	switch len(name) {
	case len("host"):
		return strict.SameFold(name, "host")
	case len("trailer"):
		return strict.SameFold(name, "trailer")
	case len("content-length"):
		return strict.SameFold(name, "content-length")
	case len("transfer-encoding"):
		return strict.SameFold(name, "transfer-encoding")
	}
	return false
}
