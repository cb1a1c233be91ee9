package static

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestRanges is RFC 9110, section 14.1.2 and 14.2.
func TestRanges(t *testing.T) {
	const none = "416"
	for _, c := range []struct {
		value string
		size  int64
		want  string // "from+length …", "whole" or none
	}{
		{"bytes=0-499", 10000, "0+500"},
		{"bytes=500-999", 10000, "500+500"},
		{"bytes=-500", 10000, "9500+500"},
		{"bytes=9500-", 10000, "9500+500"},
		{"bytes=0-0,-1", 10000, "0+1 9999+1"},
		{"bytes= 0-999, 4500-5499, -1000", 10000, "whole"}, // three are too many
		{"bytes=500-600,601-999", 10000, "500+101 601+399"},
		{"bytes=500-700,601-999", 10000, "500+201 601+399"},
		{"BYTES=0-1", 10, "0+2"},
		{"bytes=0-", 10, "0+10"},
		{"bytes=-20", 10, "0+10"},
		{"bytes=9-20", 10, "9+1"},
		{"bytes=0-9", 10, "0+10"},
		{"bytes=,,1-2,,", 10, "1+2"},
		{"bytes=1-2 , 4-5", 10, "1+2 4+2"},
		{"bytes=4-5,1-2", 10, "4+2 1+2"}, // in the order of the request
		{"bytes=1-2,20-30", 10, "1+2"},
		{"bytes=20-30,40-,1-2", 10, "1+2"},
		{"bytes=10-", 10, none},
		{"bytes=10-20", 10, none},
		{"bytes=-0", 10, none},
		{"bytes=20-30,-0", 10, none},
		{"bytes=99999999999999999999999999-", 10, none},
		{"bytes=0-99999999999999999999999999", 10, "0+10"},
		{"bytes=-99999999999999999999999999", 10, "0+10"},
		{"bytes=0-9,0-9", 10, "whole"}, // more than there is
		{"bytes=0-", 0, "whole"},
		{"bytes=-1", 0, "whole"},

		// Not a Range, so ignored.
		{"", 10, "whole"},
		{"bytes", 10, "whole"},
		{"bytes=", 10, "whole"},
		{"bytes=,", 10, "whole"},
		{"bytes =0-1", 10, "whole"},
		{"lines=0-1", 10, "whole"},
		{"bytes=5-4", 10, "whole"},
		{"bytes=1", 10, "whole"},
		{"bytes=-", 10, "whole"},
		{"bytes=--1", 10, "whole"},
		{"bytes=1-2-3", 10, "whole"},
		{"bytes=a-b", 10, "whole"},
		{"bytes=1 - 2", 10, "whole"},
		{"bytes=+1-2", 10, "whole"},
		{"bytes=0x1-2", 10, "whole"},
		{"bytes=1-2,x", 10, "whole"},
		{"bytes=1-2, bytes=3-4", 10, "whole"},
	} {
		parts, whole := parseRange(c.value, c.size)
		got := none
		if whole {
			got = "whole"
		} else if parts.n > 0 {
			var list []string
			for _, p := range parts.list[:parts.n] {
				list = append(list, fmt.Sprintf("%d+%d", p.from, p.length))
			}
			got = strings.Join(list, " ")
		}
		if got != c.want {
			t.Errorf("%q of %d: %s, want %s", c.value, c.size, got, c.want)
		}
	}
}

// FuzzRange holds what is understood against net/http.
func FuzzRange(f *testing.F) {
	for _, seed := range []string{"bytes=0-499", "bytes=-5", "bytes=5-", "bytes=0-0,-1", "bytes= 1-2 ,3-4", "bytes=9-1", "bytes=99999999999999999999-", "lines=1-2", "bytes=,", "bytes=1-2-3"} {
		f.Add(seed, uint16(10))
		f.Add(seed, uint16(0))
	}
	f.Fuzz(func(t *testing.T, value string, size uint16) {
		parts, whole := parseRange(value, int64(size))
		for _, p := range parts.list[:parts.n] {
			if !whole && (p.from < 0 || p.length < 1 || p.from+p.length > int64(size)) {
				t.Fatalf("%q of %d: %+v", value, size, p)
			}
		}
		if size == 0 || strings.ContainsAny(value, "\r\n\x00") || elsewhere.MatchString(value) {
			return // of nothing net/http sends "bytes 0--1/0"
		}
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Range", strings.ToLower(value)) // a unit's name has no case (section 14.1), but there
		content := bytes.Repeat([]byte("x"), int(size))
		http.ServeContent(w, r, "a.txt", time.Time{}, bytes.NewReader(content))
		first := w.Header().Get("Content-Range")
		switch {
		case whole && w.Code == 206 && isWellFormed(value) && !strings.HasPrefix(w.Header().Get("Content-Type"), "multipart/"):
			t.Fatalf("%q of %d: net/http sends %s, we the whole", value, size, first)
		case whole:
		case parts.n == 1:
			want := fmt.Sprintf("bytes %d-%d/%d", parts.list[0].from, parts.list[0].from+parts.list[0].length-1, size)
			if w.Code != 206 || first != want {
				t.Fatalf("%q of %d: net/http %d %s, we %s", value, size, w.Code, first, want)
			}
		case parts.n == 0 && w.Code != 416:
			t.Fatalf("%q of %d: net/http %d, we 416", value, size, w.Code)
		case parts.n == 2 && w.Code != 206:
			t.Fatalf("%q of %d: net/http %d, we two ranges", value, size, w.Code)
		}
	})
}

// elsewhere is what net/http takes otherwise than RFC 9110: it refuses numbers
// that no int64 holds, and sends the last 0 octets.
var elsewhere = regexp.MustCompile(`[0-9]{19}|[=,][ \t]*-0+[ \t]*(,|$)`)

// isWellFormed reports a Range whose elements are all ranges. net/http does not
// look at all of those that are not there.
func isWellFormed(value string) bool {
	_, set, _ := strings.Cut(value, "=")
	for element := range strings.SplitSeq(set, ",") {
		first, last, ok := strings.Cut(strings.Trim(element, " \t"), "-")
		from, failed := strconv.ParseUint(first, 10, 32)
		to, failure := strconv.ParseUint(last, 10, 32)
		switch {
		case !ok || first == "" && last == "" || first != "" && failed != nil || last != "" && failure != nil,
			first != "" && last != "" && to < from:
			return false
		}
	}
	return true
}

// TestAcceptEncoding is RFC 9110, section 12.5.3.
func TestAcceptEncoding(t *testing.T) {
	all := &file{}
	all.forms[identity] = &form{size: 1000}
	for c, size := range map[coding]int64{gzip: 400, brotli: 300, zstandard: 350} {
		all.add(c, &form{size: size})
	}
	if order := all.order[:3]; !slices.Equal(order, []coding{brotli, zstandard, gzip}) {
		t.Fatalf("order %v", order)
	}
	some := &file{}
	some.add(gzip, &form{size: 400})
	for _, c := range []struct {
		value string
		of    *file
		want  coding
	}{
		{"", all, identity}, // also when it was not sent: not everybody can decode
		{"compress, gzip", all, gzip},
		{"*", all, brotli},
		{"compress;q=0.5, gzip;q=1.0", all, gzip},
		{"gzip;q=1.0, identity; q=0.5, *;q=0", all, gzip},
		{"gzip, deflate, br, zstd", all, brotli},
		{"gzip, deflate, br, zstd", some, gzip},
		{"br, zstd", some, identity},
		{"gzip;q=0.8, zstd;q=0.9, br;q=0.7", all, zstandard},
		{"identity", all, identity},
		{"identity, gzip", all, gzip}, // as good, and smaller
		{"identity;q=1, gzip;q=0.5", all, identity},
		{"identity;q=0.5, gzip;q=0.5", all, gzip},
		{"gzip;q=0", all, identity},
		{"gzip;q=0, *", all, brotli},
		{"*;q=0.5, br;q=0", all, zstandard},
		{"*;q=0", all, identity}, // nothing that there is: disregarded
		{"identity;q=0", all, identity},
		{"br;q=0.001", all, brotli},
		{"br;q=0.000", all, identity},
		{"GZIP", all, gzip},
		{"x-gzip", all, gzip},
		{"gzip ; q=1", all, gzip},
		{"gzip;Q=0", all, identity},
		{"gzip;q=1.000", all, gzip},
		{",,gzip,", all, gzip},
		// No weights, so not understood.
		{"gzip;q=2", all, identity},
		{"gzip;q=1.1", all, identity},
		{"gzip;q=0.0001", all, identity},
		{"gzip;q=", all, identity},
		{"gzip;q=-1", all, identity},
		{"gzip;level=9", all, identity},
		{"gzip;q=.5", all, identity},
		{"gzi, ;q=1, =", all, identity},
	} {
		if got := c.of.choose(&Request{encodings: c.value}); got != c.want {
			t.Errorf("%q: %s, want %s", c.value, codingNames[got].name, codingNames[c.want].name)
		}
	}
}

func FuzzAcceptEncoding(f *testing.F) {
	for _, seed := range []string{"gzip, deflate, br", "*;q=0", "gzip;q=0.5;x", "br;q=1.000,,", "identity;q=0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for c, quality := range parseEncodings(value) {
			if quality < 0 || quality > maxQuality {
				t.Fatalf("%q: %s has quality %d", value, codingNames[c].name, quality)
			}
		}
		// Case and whitespace between elements mean nothing.
		spaced := strings.ToUpper(strings.ReplaceAll(value, ",", "\t , "))
		if isASCII(value) && parseEncodings(spaced) != parseEncodings(value) {
			t.Fatalf("%q and %q differ", value, spaced)
		}
	})
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > 0x7f }) < 0
}

// FuzzTags holds the comparison of entity tags against net/http.
func FuzzTags(f *testing.F) {
	for _, seed := range []string{`"a"`, `W/"a"`, `*`, `"b", W/"a"`, `"a`, `a`, `"b"x"a"`, ` , "a"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if value == "" || strings.ContainsAny(value, "\r\n\x00") {
			return
		}
		w := httptest.NewRecorder()
		w.Header().Set("ETag", `"a"`)
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["If-None-Match"] = []string{value}
		http.ServeContent(w, r, "a.txt", time.Time{}, strings.NewReader("text"))
		ours := matches(value, `"a"`, false)
		// net/http takes a list whose elements no comma parts; we do not.
		if ours && w.Code != 304 {
			t.Fatalf("%q matches here, not there", value)
		}
	})
}
