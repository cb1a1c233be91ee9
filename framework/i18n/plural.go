package i18n

// The plural categories that Dram knows, named as in Unicode CLDR.
const (
	one   = "one"
	other = "other"
)

// category returns the form that locale uses for n things, after the
// cardinal rules of CLDR for the languages named in the package documentation.
func category(locale string, n int64) string {
	switch language(locale) {
	case "ja", "ko", "zh", "th", "vi", "id", "ms":
		return other
	case "fr":
		if n == 0 || n == 1 || n == -1 {
			return one
		}
		return other
	}
	if n == 1 || n == -1 {
		return one
	}
	return other
}
