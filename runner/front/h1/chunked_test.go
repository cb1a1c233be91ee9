package h1

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// decodeAll shows b to a decoder in steps and returns the data and what was
// taken. The error is nil when the body is complete, io.ErrUnexpectedEOF when
// it is not.
func decodeAll(b []byte, step, room int) (data []byte, taken int, trailer http.Header, err error) {
	c, shown := new(chunked), min(step, len(b))
	out := make([]byte, room)
	for {
		given, n, err := c.step(out, b[taken:shown])
		data, taken = append(data, out[:given]...), taken+n
		switch {
		case err == io.EOF:
			return data, taken, c.trailer, nil
		case err != nil:
			return data, taken, nil, err
		case given == 0 && n == 0:
			if shown == len(b) {
				return data, taken, nil, io.ErrUnexpectedEOF
			}
			shown = min(shown+step, len(b))
		}
	}
}

func TestChunked(t *testing.T) {
	for name, c := range map[string]struct {
		text, data string
		trailer    http.Header
	}{
		"nothing":               {"0\r\n\r\n", "", nil},
		"one":                   {"5\r\nhello\r\n0\r\n\r\n", "hello", nil},
		"two":                   {"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", "hello!", nil},
		"digits in any case":    {"a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789", nil},
		"zeros":                 {"0005\r\nhello\r\n000\r\n\r\n", "hello", nil},
		"extensions":            {"5;a=b;c=\"d e\"\r\nhello\r\n0;x\r\n\r\n", "hello", nil},
		"CRLF as data":          {"4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n", nil},
		"trailer":               {"0\r\nx-a: 1\r\nX-A:2 \r\nX_B: 3\r\n\r\n", "", http.Header{"X-A": {"1", "2"}}},
		"trailer with no value": {"0\r\nX-A:\r\n\r\n", "", http.Header{"X-A": {""}}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, step := range []int{1, 2, 3, 1000} {
				for _, room := range []int{1, 3, 1000} {
					data, taken, trailer, err := decodeAll([]byte(c.text+"GET"), step, room)
					if err != nil || string(data) != c.data || taken != len(c.text) || !maps.EqualFunc(trailer, c.trailer, slices.Equal) {
						t.Errorf("%q, %d of %d, %v, %v", data, taken, len(c.text), trailer, err)
					}
				}
			}
		})
	}
}

func TestMalformedChunks(t *testing.T) {
	for name, text := range map[string]string{
		"no size":                   "\r\nhello\r\n0\r\n\r\n",
		"a sign":                    "+5\r\nhello\r\n0\r\n\r\n",
		"0x":                        "0x5\r\nhello\r\n0\r\n\r\n",
		"a letter":                  "5g\r\nhello\r\n0\r\n\r\n",
		"space before":              " 5\r\nhello\r\n0\r\n\r\n",
		"space after":               "5 \r\nhello\r\n0\r\n\r\n",
		"space before an extension": "5 ;a\r\nhello\r\n0\r\n\r\n",
		"a size out of bounds":      "1000000000000000\r\n",
		"a size that wraps":         "10000000000000005\r\nhello\r\n0\r\n\r\n",
		"LF alone after the size":   "5\nhello\r\n0\r\n\r\n",
		"CR alone after the size":   "5\rhello\r\n0\r\n\r\n",
		"LF alone after the data":   "5\r\nhello\n0\r\n\r\n",
		"data too long":             "5\r\nhello!\r\n0\r\n\r\n",
		"data too short":            "6\r\nhello\r\n0\r\n\r\n",
		"LF in an extension":        "5;a\nb\r\nhello\r\n0\r\n\r\n",
		"NUL in an extension":       "5;a\x00\r\nhello\r\n0\r\n\r\n",
		"a long extension":          "5;" + strings.Repeat("a", 256) + "\r\nhello\r\n0\r\n\r\n",
		"padding without end":       strings.Repeat("1;"+strings.Repeat("a", 200)+"\r\na\r\n", 100) + "0\r\n\r\n",
		"LF alone at the end":       "0\r\n\n",
		"LF alone in the trailer":   "0\r\nX: a\n\r\n",
		"a fold in the trailer":     "0\r\nX: a\r\n b\r\n\r\n",
		"space before the colon":    "0\r\nX : a\r\n\r\n",
		"a length in the trailer":   "0\r\nContent-Length: 5\r\n\r\n",
		"a trailer without end":     "0\r\n" + strings.Repeat("X: a\r\n", 1000) + "\r\n",
		"a trailer line on and on":  "0\r\nX: " + strings.Repeat("a", 5000),
	} {
		t.Run(name, func(t *testing.T) {
			for _, step := range []int{1, 1000} {
				if data, taken, _, err := decodeAll([]byte(text), step, 1000); err != errChunk {
					t.Errorf("%q, %d, %v", data, taken, err)
				}
			}
		})
	}
}

// FuzzChunked holds that net/http accepts each body that is accepted here, and
// finds the same data, trailer and end, however the octets arrive.
func FuzzChunked(f *testing.F) {
	for _, seed := range []string{
		"0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\nGET", "5;a=b\r\nhello\r\n00\r\nX-A: 1\r\nx-a: 2\r\n\r\n", "fF\r\n", "1\r\na\r\n1\r\nb\r\n0\r\n\r\n",
	} {
		f.Add([]byte(seed), 1, 7)
	}
	f.Fuzz(func(t *testing.T, b []byte, step, room int) {
		data, taken, trailer, err := decodeAll(b, len(b)+1, len(b)+1)
		step, room = max(1, step%1000), max(1, room%1000)
		parts, partTaken, _, partErr := decodeAll(b, step, room)
		if (err == nil) != (partErr == nil) || err == nil && (taken != partTaken || !bytes.Equal(data, parts)) {
			t.Fatalf("%q: %d %v at once, %d %v in steps of %d into %d", b, taken, err, partTaken, partErr, step, room)
		}
		if err != nil {
			return
		}
		in := bufio.NewReader(io.MultiReader(strings.NewReader("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"), bytes.NewReader(b)))
		r, err := http.ReadRequest(in)
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := io.ReadAll(r.Body)
		if err != nil || !bytes.Equal(theirs, data) {
			t.Fatalf("%q: data %q, net/http reads %q, %v", b, data, theirs, err)
		}
		if rest, _ := io.ReadAll(in); !bytes.Equal(rest, b[taken:]) {
			t.Fatalf("%q: ends at %d, for net/http at %d", b, taken, len(b)-len(rest))
		}
		maps.DeleteFunc(r.Trailer, func(name string, _ []string) bool { return strings.ContainsAny(name, "_.") })
		if !maps.EqualFunc(trailer, r.Trailer, slices.Equal) {
			t.Fatalf("%q: trailer %q, net/http's is %q", b, trailer, r.Trailer)
		}
	})
}

func BenchmarkChunked(b *testing.B) {
	var body bytes.Buffer
	for range 16 {
		fmt.Fprintf(&body, "%x\r\n%s\r\n", 4096, strings.Repeat("a", 4096))
	}
	body.WriteString("0\r\n\r\n")
	out := make([]byte, 64<<10)
	b.SetBytes(int64(body.Len()))
	b.ReportAllocs()
	for b.Loop() {
		c := new(chunked)
		if _, _, err := c.step(out, body.Bytes()); err != io.EOF {
			b.Fatal(err)
		}
	}
}
