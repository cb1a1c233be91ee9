package static

import "strings"

// coding is a form that a file can be sent in (RFC 9110, section 8.4.1).
type coding int

const (
	identity coding = iota
	gzip
	brotli
	zstandard
	codings // their number
)

// codingNames are as Content-Encoding has them, and the endings of files.
var codingNames = [codings]struct{ name, coding, ending string }{
	identity: {"identity", "", ""}, gzip: {"gzip", "gzip", "gz"}, brotli: {"br", "br", "br"}, zstandard: {"zstd", "zstd", "zst"},
}

// maxQuality is a quality value of 1 in thousandths.
const maxQuality = 1000

// qualities is what a client thinks of each coding, in thousandths.
type qualities [codings]int

const unnamed = -1

// parseEncodings reads an Accept-Encoding (RFC 9110, section 12.5.3). Elements
// that are none of it are left out.
func parseEncodings(list string) qualities {
	named := qualities{unnamed, unnamed, unnamed, unnamed}
	others := unnamed
	for len(list) > 0 {
		var element string
		element, list = nextElement(list)
		name, quality, ok := parseEncoding(element)
		if !ok {
			continue
		}
		switch c := codingOf(name); {
		case c >= 0:
			named[c] = quality
		case name == "*":
			others = quality
		}
	}
	for c := range named {
		if named[c] == unnamed {
			// Without "*" the file as it is remains acceptable, but what was
			// named is liked better.
			named[c] = max(others, 0)
		}
	}
	return named
}

// parseEncoding reads one element: a token, and perhaps a weight.
func parseEncoding(element string) (name string, quality int, ok bool) {
	name, weight, weighted := strings.Cut(element, ";")
	name = trim(name)
	if name == "" {
		return "", 0, false
	}
	if !weighted {
		return name, maxQuality, true
	}
	weight = trim(weight)
	if len(weight) < 3 || weight[0]|0x20 != 'q' || weight[1] != '=' {
		return "", 0, false
	}
	quality, ok = parseQuality(weight[2:])
	return name, quality, ok
}

// parseQuality reads 0 to 1 with up to three digits after the point (RFC 9110,
// section 12.4.2).
func parseQuality(b string) (int, bool) {
	if len(b) == 0 || len(b) > len("0.999") || b[0] != '0' && b[0] != '1' || len(b) > 1 && b[1] != '.' {
		return 0, false
	}
	quality, place := int(b[0]-'0')*maxQuality, maxQuality/10
	for i := 2; i < len(b); i++ {
		if b[i] < '0' || b[i] > '9' {
			return 0, false
		}
		quality += int(b[i]-'0') * place
		place /= 10
	}
	return quality, quality <= maxQuality
}

// codingOf returns the coding of a name, -1 if it is none of ours.
func codingOf(name string) coding {
	switch {
	case sameFold(name, "br"):
		return brotli
	case sameFold(name, "gzip"), sameFold(name, "x-gzip"): // RFC 9110, section 8.4.1.3
		return gzip
	case sameFold(name, "zstd"):
		return zstandard
	case sameFold(name, "identity"):
		return identity
	}
	return -1
}

// choose picks the coding that a client likes best, the smallest of those that
// it likes alike. A client that accepts nothing of what there is gets the file
// as it is: RFC 9110, section 12.4.1 allows it, and nobody is helped by a 406.
func (f *file) choose(r *Request) coding {
	if f.encodings == 0 || r.encodings == "" {
		return identity
	}
	likes := parseEncodings(r.encodings)
	best := identity
	for _, c := range f.order {
		if f.encodings&(1<<c) != 0 && likes[c] > 0 && likes[c] >= likes[best] &&
			(best == identity || likes[c] > likes[best]) {
			best = c
		}
	}
	return best
}
