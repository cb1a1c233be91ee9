package h1

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/textproto"

	"github.com/dram-go/dram/runner/front/strict"
)

// The bounds of what surrounds the data of a chunked body.
const (
	maxExtension = 256      // octets of one chunk's extensions
	maxExcess    = 16 << 10 // octets beyond a fair share: 16 for a chunk and twice its data
	maxTrailer   = 4 << 10  // octets of the trailer section
)

var errChunk = errors.New("h1: malformed chunked body")

// chunked decodes the chunked transfer coding (RFC 9112, section 7.1) from
// octets that it is shown, and never wants more of them than a line.
type chunked struct {
	state   chunkState
	left    int64 // of the data of the current chunk
	excess  int64
	size    int // of the trailer section so far
	trailer http.Header
}

type chunkState byte

const (
	chunkSize chunkState = iota
	chunkData
	chunkEnd // CRLF after the data
	chunkTrailer
	chunkDone
)

// step moves data from in to out and reports how much it took and how much it
// gave. io.EOF: the body is complete. Nothing taken and no error: more of in,
// or of out, is needed.
func (c *chunked) step(out, in []byte) (given, taken int, err error) {
	for {
		n := 0
		rest := in[taken:]
		switch c.state {
		case chunkSize:
			n, err = c.sizeLine(rest)
		case chunkData:
			n = copy(out[given:min(int64(len(out)), int64(given)+c.left)], rest)
			given += n
			c.took(n)
		case chunkEnd:
			if len(rest) > 0 && rest[0] != '\r' || len(rest) > 1 && rest[1] != '\n' {
				return given, taken, errChunk
			}
			if len(rest) > 1 {
				n, c.state = 2, chunkSize
			}
		case chunkTrailer:
			n, err = c.trailerLine(rest)
		case chunkDone:
			return given, taken, io.EOF
		}
		taken += n
		if err != nil || n == 0 {
			return given, taken, err
		}
	}
}

// took notes that n octets of the current chunk were read past step.
func (c *chunked) took(n int) {
	if c.left -= int64(n); c.left == 0 {
		c.state = chunkEnd
	}
}

// sizeLine reads a chunk's size, in hexadecimal digits alone, and skips its
// extensions.
func (c *chunked) sizeLine(b []byte) (int, error) {
	const digits = 15 // fit an int64
	i, size := 0, int64(0)
	for ; i < len(b) && strict.Class(b[i])&strict.Hex != 0; i++ {
		if i == digits {
			return 0, errChunk
		}
		size = size<<4 | int64(unhex(b[i]))
	}
	if i == len(b) {
		return 0, nil
	}
	if i == 0 || b[i] != '\r' && b[i] != ';' {
		return 0, errChunk
	}
	end := i
	for end < len(b) && strict.Class(b[end])&strict.Text != 0 {
		end++
	}
	if end-i > maxExtension {
		return 0, errChunk
	}
	if end == len(b) || end+1 == len(b) && b[end] == '\r' {
		return 0, nil
	}
	if b[end] != '\r' || b[end+1] != '\n' {
		return 0, errChunk
	}
	// One octet in a chunk is legitimate, padding without end is not.
	c.excess = max(0, c.excess+int64(end)+2-16-2*size)
	if c.excess > maxExcess {
		return 0, errChunk
	}
	if c.state, c.left = chunkData, size; size == 0 {
		c.state = chunkTrailer
	}
	return end + 2, nil
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&^0x20 - 'A' + 10
}

// trailerLine reads a field line after the last chunk, or the empty line.
func (c *chunked) trailerLine(b []byte) (int, error) {
	end := bytes.IndexByte(b, '\n')
	shown := end + 1
	if end < 0 {
		shown = len(b)
	}
	if c.size+shown > maxTrailer {
		return 0, errChunk
	}
	if end < 0 {
		return 0, nil
	}
	if end == 0 || b[end-1] != '\r' {
		return 0, errChunk
	}
	c.size += end + 1
	if end == 1 {
		c.state = chunkDone
		return 2, nil
	}
	return end + 1, c.trailerField(b[:end-1])
}

func (c *chunked) trailerField(line []byte) error {
	name, value, ok := bytes.Cut(line, []byte(":"))
	if !ok || len(name) == 0 || !strict.All(name, strict.Token) || !strict.All(value, strict.Text) || isFraming(name) {
		return errChunk
	}
	if bytes.ContainsAny(name, "_.") {
		return nil // as in a head
	}
	if c.trailer == nil {
		c.trailer = make(http.Header)
	}
	key := textproto.CanonicalMIMEHeaderKey(string(name))
	c.trailer[key] = append(c.trailer[key], string(strict.Trim(value)))
	return nil
}
