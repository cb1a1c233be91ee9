package pages

import "golang.org/x/text/language"

// The locales that the pages speak.
const (
	English = "en"
	Korean  = "ko"
)

// Negotiate returns the locale of the pages that suits an Accept-Language
// header (RFC 9110, section 12.5.4) best: [Korean], or [English] for
// everything else and for a header that is empty or malformed.
func Negotiate(acceptLanguage string) string {
	tags, weights, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil {
		return English
	}
	for i, tag := range tags { // sorted by weight, the best first
		if weights[i] == 0 {
			break
		}
		switch base(tag) {
		case Korean:
			return Korean
		case English:
			return English
		}
	}
	return English
}

// known reduces any language tag ("ko-KR") to a locale of ours.
func known(locale string) string {
	tag, err := language.Parse(locale)
	if err == nil && base(tag) == Korean {
		return Korean
	}
	return English
}

func base(tag language.Tag) string {
	b, _ := tag.Base()
	return b.String()
}
