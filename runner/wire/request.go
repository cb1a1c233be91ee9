package wire

import (
	"encoding/binary"
	"math"
	"net/http"
	"strings"
	"time"
)

// Request is the head of a request: what the client sent, and beside it the
// facts that the front knows.
type Request struct {
	Exchange uint16 // number of the exchange on its connection; set by Conn
	Method   string
	Target   string // as the client sent it (RFC 9112, section 3.2)
	Host     string // authority that the request is for
	Major    byte   // version of HTTP that the client speaks
	Minor    byte
	Length   int64 // of the body in bytes, 0 for none, -1 when it is unknown
	Expects  bool  // the client waits for 100 (RESPONSE) before it sends the body
	Whole    bool  // the message was sent at once; see the package documentation
	Facts    Facts
	Header   http.Header
	Fields   []byte // to be sent beside Header, as AppendField makes them
	Claim    uint64 // ticket of a response that moved here, 0 for a request; all else is as it was
}

// Facts are what a worker may trust, because no client can write them.
type Facts struct {
	Client    string        // ADDRESS:PORT of the client
	Local     string        // ADDRESS:PORT at which it reached the front
	Scheme    string        // http or https
	TLS       *TLS          // nil when the client's connection is in clear
	Locale    string        // chosen for the client, a BCP 47 tag; "" when none was
	Mount     string        // prefix of the path under which the app lives, "" for the root
	ID        string        // names the request in logs and in the response
	Files     string        // directories, see SendsFile; "" when the front sends no files
	Remaining time.Duration // until the response must have begun, 0 without a limit; whole milliseconds
}

// SendsFile reports whether the front sends the file at an absolute path when
// the field X-Sendfile of a response with status 200 names it.
func (f *Facts) SendsFile(path string) bool {
	if f.Files == "" || strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return false
	}
	for root := range strings.SplitSeq(f.Files, "\x00") {
		if rest, ok := strings.CutPrefix(path, strings.TrimSuffix(root, "/")); ok && strings.HasPrefix(rest, "/") {
			return true
		}
	}
	return false
}

// TLS is what is known of a client's TLS connection; the numbers are those of
// package crypto/tls.
type TLS struct {
	Version  uint16
	Cipher   uint16
	Protocol string // by ALPN
	Server   string // by SNI
}

// The flags of a request.
const (
	requestExpects = 1 << 0
	requestWhole   = 1 << 1
)

// The ids of the facts. They are never used for something else; a receiver
// skips those it does not know.
const (
	endOfFacts    = 0
	factClient    = 1
	factLocal     = 2
	factScheme    = 3
	factLocale    = 4
	factMount     = 5
	factID        = 6
	factRemaining = 7 // a uvarint, milliseconds
	factTLS       = 8 // version and cipher, two bytes each
	factALPN      = 9
	factSNI       = 10
	factFiles     = 11
)

// AppendRequest appends the payload of a REQUEST.
func AppendRequest(b []byte, r *Request) []byte {
	var flags byte
	if r.Expects {
		flags |= requestExpects
	}
	if r.Whole {
		flags |= requestWhole
	}
	b = append(b, flags)
	b = binary.BigEndian.AppendUint16(b, r.Exchange)
	b = appendString(b, r.Method)
	b = appendString(b, r.Target)
	b = appendString(b, r.Host)
	b = append(b, r.Major<<4|r.Minor&0xf)
	b = binary.AppendUvarint(b, uint64(r.Length+1))
	b = appendFacts(b, &r.Facts)
	return AppendEnd(append(AppendFields(b, r.Header), r.Fields...))
}

func appendFacts(b []byte, f *Facts) []byte {
	fact := func(id byte, value string) {
		if value != "" {
			b = appendString(append(b, id), value)
		}
	}
	fact(factClient, f.Client)
	fact(factLocal, f.Local)
	fact(factScheme, f.Scheme)
	fact(factLocale, f.Locale)
	fact(factMount, f.Mount)
	fact(factID, f.ID)
	fact(factFiles, f.Files)
	if ms := f.Remaining.Milliseconds(); ms > 0 {
		at := len(b)
		b = append(b, factRemaining, 0)
		b = binary.AppendUvarint(b, uint64(ms))
		b[at+1] = byte(len(b) - at - 2)
	}
	if f.TLS != nil {
		b = append(b, factTLS, 4)
		b = binary.BigEndian.AppendUint16(b, f.TLS.Version)
		b = binary.BigEndian.AppendUint16(b, f.TLS.Cipher)
		fact(factALPN, f.TLS.Protocol)
		fact(factSNI, f.TLS.Server)
	}
	return append(b, endOfFacts)
}

// ParseRequest decodes the payload of a REQUEST. The strings of r share one
// copy of the payload.
func ParseRequest(payload []byte, r *Request) error {
	return parseRequest(string(payload), r)
}

func parseRequest(payload string, r *Request) error {
	in := reader{rest: payload}
	r.Claim = 0
	flags := in.byte("flags")
	r.Expects, r.Whole = flags&requestExpects != 0, flags&requestWhole != 0
	r.Exchange = in.uint16("exchange")
	r.Method = in.string("method")
	r.Target = in.string("target")
	r.Host = in.string("host")
	version := in.byte("version")
	r.Major, r.Minor = version>>4, version&0xf
	r.Length = in.length()
	in.facts(&r.Facts)
	r.Header = in.fields()
	if in.fault == nil && (r.Method == "" || r.Target == "") {
		in.fail("request without method or target")
	}
	return in.end()
}

func (r *reader) facts(f *Facts) {
	*f = Facts{}
	for n := 0; ; n++ {
		id := r.byte("fact")
		if id == endOfFacts || r.fault != nil {
			return
		}
		if n == MaxFacts {
			r.fail("more than %d facts", MaxFacts)
			return
		}
		r.fact(f, id, r.string("fact"))
	}
}

func (r *reader) fact(f *Facts, id byte, value string) {
	switch id {
	case factClient:
		f.Client = value
	case factLocal:
		f.Local = value
	case factScheme:
		f.Scheme = value
	case factLocale:
		f.Locale = value
	case factMount:
		f.Mount = value
	case factID:
		f.ID = value
	case factRemaining:
		in := reader{rest: value}
		ms := in.uvarint("remaining milliseconds")
		if in.end() != nil || ms > math.MaxInt64/uint64(time.Millisecond) {
			r.fail("remaining milliseconds are no number")
			return
		}
		f.Remaining = time.Duration(ms) * time.Millisecond
	case factTLS:
		if len(value) != 4 {
			r.fail("TLS fact of %d bytes, want 4", len(value))
			return
		}
		f.tls().Version = uint16(value[0])<<8 | uint16(value[1])
		f.tls().Cipher = uint16(value[2])<<8 | uint16(value[3])
	case factALPN:
		f.tls().Protocol = value
	case factSNI:
		f.tls().Server = value
	case factFiles:
		f.Files = value
	}
}

func (f *Facts) tls() *TLS {
	if f.TLS == nil {
		f.TLS = new(TLS)
	}
	return f.TLS
}
