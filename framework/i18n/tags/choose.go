package tags

import (
	"strconv"
	"strings"
)

// Bounds of what Choose reads of a header that anybody may send; browsers
// send a dozen ranges at most.
const (
	maxHeader = 1024 // bytes
	maxRanges = 32
)

// Choose returns the locale of a list that suits an Accept-Language header best
// (RFC 9110 section 12.5.4), by lookup as in RFC 4647 section 3.4: ko-KR finds
// ko. Where the list has only a regional form, ko finds ko-KR too. What suits
// nothing gives otherwise. The locales are written as [Canonical] does. What
// follows the first 1024 bytes or 32 ranges of a header is not read.
func Choose(acceptLanguage string, locales []string, otherwise string) string {
	best, weight := otherwise, 0
	count := 0
	for part := range strings.SplitSeq(bounded(acceptLanguage), ",") {
		if count++; count > maxRanges {
			break
		}
		tag, q := languageRange(part)
		if q <= weight {
			continue
		}
		if locale, ok := match(tag, locales, otherwise); ok {
			best, weight = locale, q
		}
	}
	return best
}

// bounded returns the ranges that lie within maxHeader; half a range could be
// another: kok, cut, is ko.
func bounded(header string) string {
	if len(header) <= maxHeader {
		return header
	}
	return header[:max(0, strings.LastIndexByte(header[:maxHeader+1], ','))]
}

// match returns the locale for one language range.
func match(tag string, locales []string, otherwise string) (string, bool) {
	if tag == "*" {
		return otherwise, true
	}
	tag, ok := Canonical(tag)
	if !ok {
		return "", false
	}
	for l := tag; l != ""; l = Parent(l) {
		for _, locale := range locales {
			if locale == l {
				return locale, true
			}
		}
	}
	for _, locale := range locales {
		if Language(locale) == Language(tag) {
			return locale, true
		}
	}
	return "", false
}

// languageRange splits "en-GB;q=0.8" into its range and its weight in
// thousandths; a malformed weight counts as 0.
func languageRange(part string) (string, int) {
	tag, params, found := strings.Cut(part, ";")
	tag = strings.TrimSpace(tag)
	if !found {
		return tag, 1000
	}
	name, value, _ := strings.Cut(params, "=")
	if !strings.EqualFold(strings.TrimSpace(name), "q") {
		return tag, 0
	}
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || !(q >= 0 && q <= 1) {
		return tag, 0
	}
	return tag, int(q * 1000)
}

// Canonical writes a language tag the usual way (RFC 5646 section 2.1.1): the
// language in small letters, a region in capitals, a script capitalised. The
// second result is false for what is no tag.
func Canonical(tag string) (string, bool) {
	if len(tag) > 35 {
		return "", false
	}
	parts := strings.Split(strings.ReplaceAll(tag, "_", "-"), "-")
	for i, part := range parts {
		if part == "" || len(part) > 8 || !isAlphanumeric(part) {
			return "", false
		}
		part = strings.ToLower(part)
		switch {
		case i == 0 && (len(part) < 2 || !isLetters(part)):
			return "", false
		case i > 0 && len(part) == 2 && len(parts[i-1]) > 1:
			part = strings.ToUpper(part)
		case i > 0 && len(part) == 4 && isLetters(part) && len(parts[i-1]) > 1:
			part = strings.ToUpper(part[:1]) + part[1:]
		}
		parts[i] = part
	}
	return strings.Join(parts, "-"), true
}

// Language returns the first subtag of a locale.
func Language(locale string) string {
	first, _, _ := strings.Cut(locale, "-")
	return first
}

func isAlphanumeric(s string) bool {
	return strings.IndexFunc(s, func(c rune) bool { return !isLetter(c) && (c < '0' || c > '9') }) < 0
}

func isLetters(s string) bool {
	return strings.IndexFunc(s, func(c rune) bool { return !isLetter(c) }) < 0
}

func isLetter(c rune) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

// Parent returns a locale without its last subtag, "" for a single one
// (RFC 4647 section 3.4, lookup).
func Parent(locale string) string {
	cut := strings.LastIndexByte(locale, '-')
	if cut < 0 {
		return ""
	}
	if cut >= 2 && locale[cut-2] == '-' { // never end in a singleton: de-x-old → de
		cut -= 2
	}
	return locale[:cut]
}
