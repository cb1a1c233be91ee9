package h2

import (
	"golang.org/x/net/http2/hpack"
)

// packer compresses the fields of responses (RFC 7541). It keeps what repeats
// from response to response in the dynamic table, and what never does, such as
// the id of a request, out of it: package hpack would look each field up in
// four maps and make place for it in two. A packer belongs to one connection
// and is used under its lock, in the order in which blocks are sent.
type packer struct {
	entries []entry // the oldest first
	size    int     // of them
	max     int
	resized bool // since the last block
}

// entry is a field in the dynamic table.
type entry struct {
	name, value string
}

func (e *entry) size() int { return len(e.name) + len(e.value) + 32 } // RFC 7541, section 4.1

const (
	// tableSize is what our table may have: it is searched from end to end.
	tableSize = 2 << 10
	// maxEntry is the largest field that goes into it.
	maxEntry = tableSize / 4
	// staticNames is the length of the static table (RFC 7541, appendix A).
	staticNames = 61
)

func newPacker() packer { return packer{max: tableSize, resized: true} }

// resize follows SETTINGS_HEADER_TABLE_SIZE. Of several between two blocks the
// least holds: a block may begin with two sizes, the least and the last (RFC
// 7541, section 4.2), but not every client understands that.
func (p *packer) resize(max uint32) {
	if !p.resized {
		p.max = tableSize
	}
	p.max, p.resized = int(min(max, uint32(p.max))), true
	p.evict(0)
}

func (p *packer) evict(room int) {
	n := 0
	for p.size+room > p.max && n < len(p.entries) {
		p.size -= p.entries[n].size()
		n++
	}
	if n > 0 {
		kept := copy(p.entries, p.entries[n:])
		clear(p.entries[kept:])
		p.entries = p.entries[:kept]
	}
}

// begin must come before the first field of a block.
func (p *packer) begin(b []byte) []byte {
	if !p.resized {
		return b
	}
	p.resized = false
	return appendInteger(b, 0x20, 5, p.max)
}

// status appends the pseudo-field of a response.
func (p *packer) status(b []byte, status int) []byte {
	switch status {
	case 200:
		return append(b, 0x80|8)
	case 204:
		return append(b, 0x80|9)
	case 206:
		return append(b, 0x80|10)
	case 304:
		return append(b, 0x80|11)
	case 400:
		return append(b, 0x80|12)
	case 404:
		return append(b, 0x80|13)
	case 500:
		return append(b, 0x80|14)
	}
	return append(b, 8, 3, byte('0'+status/100), byte('0'+status/10%10), byte('0'+status%10))
}

// field appends a field, whose name is in lower case.
func (p *packer) field(b, name, value []byte) []byte {
	at := staticIndex(name)
	for i := len(p.entries) - 1; i >= 0; i-- {
		e := &p.entries[i]
		if len(e.name) != len(name) || e.name != string(name) {
			continue
		}
		index := staticNames + len(p.entries) - i
		if e.value == string(value) {
			return appendInteger(b, 0x80, 7, index)
		}
		if at == 0 {
			at = index
		}
	}
	if at != 0 && passing(name) {
		return appendPlain(appendInteger(b, secrecy(name), 4, at), value)
	}
	e := entry{string(name), string(value)}
	if e.size() > min(maxEntry, p.max) {
		b = appendInteger(b, secrecy(name), 4, at)
		if at == 0 {
			b = appendPlain(b, name)
		}
		return appendPlain(b, value)
	}
	b = appendInteger(b, 0x40, 6, at)
	if at == 0 {
		b = appendText(b, e.name)
	}
	p.evict(e.size())
	p.entries, p.size = append(p.entries, e), p.size+e.size()
	return appendText(b, e.value)
}

// passing reports fields whose value is another in each response.
func passing(name []byte) bool {
	switch string(name) {
	case "content-length", "x-request-id", "etag", "last-modified", "location", "set-cookie", "content-range", "age":
		return true
	}
	return false
}

// secrecy is the first octet of a field that is not to be indexed: by nobody
// on its way either, if it is a secret (RFC 7541, section 7.1.3).
func secrecy(name []byte) byte {
	if string(name) == "set-cookie" {
		return 0x10
	}
	return 0
}

// appendInteger appends an integer behind the bits that a representation
// begins with (RFC 7541, section 5.1).
func appendInteger(b []byte, first byte, bits, n int) []byte {
	most := 1<<bits - 1
	if n < most {
		return append(b, first|byte(n))
	}
	b = append(b, first|byte(most))
	for n -= most; n >= 128; n >>= 7 {
		b = append(b, 0x80|byte(n))
	}
	return append(b, byte(n))
}

// appendText appends a string that is worth the work of Huffman's code.
func appendText(b []byte, s string) []byte {
	n := int(hpack.HuffmanEncodeLength(s))
	if n >= len(s) {
		return append(appendInteger(b, 0, 7, len(s)), s...)
	}
	return hpack.AppendHuffmanString(appendInteger(b, 0x80, 7, n), s)
}

func appendPlain(b, s []byte) []byte { return append(appendInteger(b, 0, 7, len(s)), s...) }

// staticIndex finds the names of responses in the static table, 0 for none.
func staticIndex(name []byte) int {
	switch string(name) {
	case "accept-ranges":
		return 18
	case "access-control-allow-origin":
		return 20
	case "age":
		return 21
	case "allow":
		return 22
	case "cache-control":
		return 24
	case "content-disposition":
		return 25
	case "content-encoding":
		return 26
	case "content-language":
		return 27
	case "content-length":
		return 28
	case "content-location":
		return 29
	case "content-range":
		return 30
	case "content-type":
		return 31
	case "date":
		return 33
	case "etag":
		return 34
	case "expires":
		return 36
	case "last-modified":
		return 44
	case "link":
		return 45
	case "location":
		return 46
	case "retry-after":
		return 53
	case "server":
		return 54
	case "set-cookie":
		return 55
	case "strict-transport-security":
		return 56
	case "vary":
		return 59
	case "via":
		return 60
	case "www-authenticate":
		return 61
	}
	return 0
}
