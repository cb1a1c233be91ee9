package h2

import (
	"net/http"
	"net/textproto"
	"strings"

	"golang.org/x/net/http2/hpack"

	"github.com/dram-go/dram/runner/front/strict"
)

// field is a field whose name is for applications, in its canonical form.
type field struct{ name, value string }

// head is a request head, judged field by field as it is decompressed (RFC
// 9113, sections 8.2 and 8.3). What is accepted has one meaning only.
type head struct {
	fields []field

	method, scheme, path, authority string

	host     string // the authority, of the pseudo-field or else of the Host field
	length   int64  // of the body, -1 when it is not known
	expects  bool   // 100 Continue
	trailers bool   // a Trailer field announces some

	state headState
}

// headState is what a head that is not complete yet has shown so far.
type headState struct {
	limits  *Options
	size    int // octets of the fields
	count   int
	regular bool // a field has come that is no pseudo-field
	named   bool // Host
	sized   bool // Content-Length
	failed  bool // an expectation that is not 100-continue
	cookie  int  // where the Cookie field is, from 1; 0 for none
	err     error
}

func (h *head) reset(o *Options) {
	clear(h.fields)
	*h = head{fields: h.fields[:0], length: -1, state: headState{limits: o}}
}

// malformed is why a request is none that HTTP/2 knows (RFC 9113, section
// 8.1.1). It ends the stream, without an answer.
type malformed string

func (m malformed) Error() string { return "h2: malformed request: " + string(m) }

// field takes the next field. After the first error nothing is kept.
func (h *head) field(f hpack.HeaderField) {
	if h.state.err == nil {
		h.state.err = h.take(f.Name, f.Value)
	}
}

func (h *head) take(name, value string) error {
	if strings.HasPrefix(name, ":") {
		return h.pseudo(name, value)
	}
	s := &h.state
	s.regular = true
	s.size += len(name) + len(value) + len(": \r\n") // as HTTP/1.1 writes it
	if s.count++; s.count > s.limits.Fields {
		return strict.Refuse(http.StatusRequestHeaderFieldsTooLarge, "too many fields")
	}
	if s.size > s.limits.Head {
		return strict.Refuse(http.StatusRequestHeaderFieldsTooLarge, "fields too long")
	}
	canonical, ok := nameOf(name)
	if !ok {
		return malformed("field name")
	}
	if !strict.IsText(value) || value != "" && (isSpace(value[0]) || isSpace(value[len(value)-1])) {
		return malformed("field value")
	}
	if strings.ContainsAny(canonical, "_.") {
		return nil // as package h1: applications could not tell it from another
	}
	return h.meaning(canonical, value)
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

// pseudo takes a pseudo-field (RFC 9113, section 8.3.1).
func (h *head) pseudo(name, value string) error {
	if h.state.regular {
		return malformed("pseudo-field after a field")
	}
	var to *string
	switch name {
	case ":method":
		to = &h.method
	case ":scheme":
		to = &h.scheme
	case ":path":
		to = &h.path
	case ":authority":
		to = &h.authority
	default:
		return malformed("unknown pseudo-field")
	}
	switch {
	case *to != "":
		return malformed("pseudo-field repeated")
	case value == "":
		return malformed("pseudo-field empty")
	}
	*to = value
	return nil
}

// meaning keeps a field, and notes what it says about the message itself.
func (h *head) meaning(name, value string) error {
	switch name {
	case "Connection", "Proxy-Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade":
		return malformed("field of a connection") // RFC 9113, section 8.2.2
	case "Te":
		if value != "trailers" {
			return malformed("Te of more than trailers")
		}
	case "Host":
		if h.state.named {
			return malformed("more than one Host")
		}
		h.state.named, h.host = true, value
		return nil
	case "Content-Length":
		if err := h.contentLength(value); err != nil {
			return err
		}
	case "Expect":
		h.expects = true
		h.state.failed = h.state.failed || !strings.EqualFold(value, "100-continue")
	case "Trailer":
		h.trailers = true
	case "Cookie": // comes in pieces (RFC 9113, section 8.2.3)
		if at := h.state.cookie; at != 0 {
			h.fields[at-1].value += "; " + value
			return nil
		}
		h.state.cookie = len(h.fields) + 1
	}
	h.fields = append(h.fields, field{name, value})
	return nil
}

func (h *head) contentLength(v string) error {
	if h.state.sized || len(v) == 0 || len(v) > 18 { // 18 digits fit an int64
		return malformed("Content-Length")
	}
	h.state.sized, h.length = true, 0
	for i := range len(v) {
		if v[i] < '0' || v[i] > '9' {
			return malformed("Content-Length")
		}
		h.length = h.length*10 + int64(v[i]-'0')
	}
	return nil
}

// conclude checks what only the whole head shows; bare: no body follows. valid
// is a host that was found valid before.
func (h *head) conclude(bare bool, valid string) error {
	if h.state.err != nil {
		return h.state.err
	}
	if bare && h.length > 0 {
		return malformed("Content-Length without a body")
	}
	if bare {
		h.length = 0
	}
	h.expects = h.expects && !bare
	if h.method == http.MethodConnect && h.scheme == "" && h.path == "" && h.authority != "" {
		return strict.Refuse(http.StatusNotImplemented, "no tunnels")
	}
	if err := h.checkPseudo(); err != nil {
		return err
	}
	if h.host != valid {
		if !strict.ValidHost([]byte(h.host)) {
			return strict.Bad("malformed Host")
		}
	}
	if h.state.failed {
		return strict.Refuse(http.StatusExpectationFailed, "an expectation that is not 100-continue")
	}
	return nil
}

func (h *head) checkPseudo() error {
	switch {
	case h.method == "" || h.path == "":
		return malformed("no method, or no path")
	case h.scheme != "https" && h.scheme != "http":
		return malformed("scheme")
	case !strict.IsName(h.method):
		return malformed("method")
	case h.method == http.MethodConnect:
		return malformed("CONNECT with a path")
	case h.authority != "" && h.state.named && !strings.EqualFold(h.authority, h.host):
		return malformed("Host is not the authority")
	case h.path[0] != '/' && (h.path != "*" || h.method != http.MethodOptions):
		return malformed("path")
	}
	if h.authority != "" {
		h.host = h.authority
	}
	if len(h.method)+len(h.path)+len("  HTTP/1.1") > h.state.limits.Line {
		return strict.Refuse(http.StatusRequestURITooLong, "request line too long")
	}
	if h.host == "" {
		return strict.Bad("no Host")
	}
	for i := range len(h.path) {
		if strict.Class(h.path[i])&strict.Target == 0 {
			return strict.Bad("malformed target")
		}
	}
	if strings.ContainsAny(h.path, `%\`) {
		return strict.CheckPath([]byte(h.path))
	}
	return nil
}

// nameOf is the canonical form of a name in lower case; false for one that is
// no name in lower case (RFC 9113, section 8.2.1).
func nameOf(name string) (canonical string, ok bool) {
	if canonical = common(name); canonical != "" {
		return canonical, true
	}
	for i := range len(name) {
		if c := name[i]; strict.Class(c)&strict.Token == 0 || 'A' <= c && c <= 'Z' {
			return "", false
		}
	}
	return textproto.CanonicalMIMEHeaderKey(name), name != ""
}

// common has the names that browsers send.
func common(name string) string {
	switch name {
	case "accept":
		return "Accept"
	case "accept-encoding":
		return "Accept-Encoding"
	case "accept-language":
		return "Accept-Language"
	case "authorization":
		return "Authorization"
	case "cache-control":
		return "Cache-Control"
	case "content-length":
		return "Content-Length"
	case "content-type":
		return "Content-Type"
	case "cookie":
		return "Cookie"
	case "if-modified-since":
		return "If-Modified-Since"
	case "if-none-match":
		return "If-None-Match"
	case "origin":
		return "Origin"
	case "priority":
		return "Priority"
	case "range":
		return "Range"
	case "referer":
		return "Referer"
	case "sec-ch-ua":
		return "Sec-Ch-Ua"
	case "sec-ch-ua-mobile":
		return "Sec-Ch-Ua-Mobile"
	case "sec-ch-ua-platform":
		return "Sec-Ch-Ua-Platform"
	case "sec-fetch-dest":
		return "Sec-Fetch-Dest"
	case "sec-fetch-mode":
		return "Sec-Fetch-Mode"
	case "sec-fetch-site":
		return "Sec-Fetch-Site"
	case "sec-fetch-user":
		return "Sec-Fetch-User"
	case "te":
		return "Te"
	case "upgrade-insecure-requests":
		return "Upgrade-Insecure-Requests"
	case "user-agent":
		return "User-Agent"
	}
	return ""
}

// trailer are the fields after a body. They are judged like those of a head,
// and there are no pseudo-fields among them (RFC 9113, section 8.1).
type trailer struct {
	header http.Header
	limits *Options
	size   int
	count  int
	err    error
}

func (t *trailer) field(f hpack.HeaderField) {
	if t.err == nil {
		t.err = t.take(f.Name, f.Value)
	}
}

func (t *trailer) take(name, value string) error {
	t.size += len(name) + len(value)
	if t.count++; t.count > t.limits.Fields || t.size > t.limits.Head {
		return malformed("too much of a trailer")
	}
	canonical, ok := nameOf(name)
	if !ok || !strict.IsText(value) {
		return malformed("trailer")
	}
	switch canonical {
	case "Connection", "Proxy-Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade", "Host", "Trailer", "Content-Length":
		return malformed("a trailer that may not be one")
	}
	if strings.ContainsAny(canonical, "_.") {
		return nil
	}
	if t.header == nil {
		t.header = make(http.Header)
	}
	t.header[canonical] = append(t.header[canonical], value)
	return nil
}
