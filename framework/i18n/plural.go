package i18n

import "github.com/dram-go/dram/framework/i18n/tags"

// The plural categories, named as in Unicode CLDR.
const (
	zero  = "zero"
	one   = "one"
	two   = "two"
	few   = "few"
	many  = "many"
	other = "other"
)

func isCategory(name string) bool {
	switch name {
	case zero, one, two, few, many, other:
		return true
	}
	return false
}

// category returns the form that locale uses for n things, after the cardinal
// rules of CLDR 47 for whole numbers, in the languages that the package
// documentation names.
func category(locale string, n int64) string {
	if n < 0 {
		n = -n // as CLDR: the rules are about the absolute value
	}
	return ruleOf(tags.Language(locale))(n)
}

// ruleOf returns the rule of a language.
func ruleOf(language string) func(n int64) string {
	switch language {
	case "id", "ja", "km", "ko", "lo", "ms", "my", "th", "vi", "zh":
		return onlyOther
	case "am", "bn", "fa", "gu", "hi", "hy", "kn", "pa", "zu":
		return zeroOneOther
	case "ca", "es", "it":
		return millions(oneOther)
	case "fr", "pt":
		return millions(zeroOneOther)
	case "be", "ru", "uk":
		return eastSlavic
	case "bs", "hr", "sr":
		return southSlavic
	case "cs", "sk":
		return czech
	case "pl":
		return polish
	case "sl":
		return slovenian
	case "lt":
		return lithuanian
	case "lv":
		return latvian
	case "ro":
		return romanian
	case "ar":
		return arabic
	case "he":
		return hebrew
	case "cy":
		return welsh
	case "ga":
		return irish
	case "mt":
		return maltese
	case "is", "mk":
		return icelandic
	}
	return oneOther
}

func onlyOther(int64) string { return other }

func oneOther(n int64) string { return pick(n == 1, one, other) }

func zeroOneOther(n int64) string { return pick(n <= 1, one, other) }

// millions is a rule of the languages that say "a million of things".
func millions(rule func(int64) string) func(int64) string {
	return func(n int64) string { return pick(n != 0 && n%1_000_000 == 0, many, rule(n)) }
}

func pick(yes bool, a, b string) string {
	if yes {
		return a
	}
	return b
}

func between(n, low, high int64) bool { return n >= low && n <= high }

func eastSlavic(n int64) string {
	switch {
	case n%10 == 1 && n%100 != 11:
		return one
	case between(n%10, 2, 4) && !between(n%100, 12, 14):
		return few
	}
	return many
}

func southSlavic(n int64) string {
	if c := eastSlavic(n); c != many {
		return c
	}
	return other
}

func czech(n int64) string {
	switch {
	case n == 1:
		return one
	case between(n, 2, 4):
		return few
	}
	return other
}

func polish(n int64) string {
	switch {
	case n == 1:
		return one
	case between(n%10, 2, 4) && !between(n%100, 12, 14):
		return few
	}
	return many
}

func slovenian(n int64) string {
	switch n % 100 {
	case 1:
		return one
	case 2:
		return two
	case 3, 4:
		return few
	}
	return other
}

func lithuanian(n int64) string {
	switch {
	case between(n%100, 11, 19) || n%10 == 0:
		return other
	case n%10 == 1:
		return one
	}
	return few
}

func latvian(n int64) string {
	switch {
	case n%10 == 0 || between(n%100, 11, 19):
		return zero
	case n%10 == 1:
		return one
	}
	return other
}

func romanian(n int64) string {
	switch {
	case n == 1:
		return one
	case n == 0 || between(n%100, 1, 19):
		return few
	}
	return other
}

func arabic(n int64) string {
	switch {
	case n == 0:
		return zero
	case n == 1:
		return one
	case n == 2:
		return two
	case between(n%100, 3, 10):
		return few
	case between(n%100, 11, 99):
		return many
	}
	return other
}

func hebrew(n int64) string {
	switch n {
	case 1:
		return one
	case 2:
		return two
	}
	return other
}

func welsh(n int64) string {
	switch n {
	case 0:
		return zero
	case 1:
		return one
	case 2:
		return two
	case 3:
		return few
	case 6:
		return many
	}
	return other
}

func irish(n int64) string {
	switch {
	case n == 1:
		return one
	case n == 2:
		return two
	case between(n, 3, 6):
		return few
	case between(n, 7, 10):
		return many
	}
	return other
}

func maltese(n int64) string {
	switch {
	case n == 1:
		return one
	case n == 2:
		return two
	case n == 0 || between(n%100, 3, 10):
		return few
	case between(n%100, 11, 19):
		return many
	}
	return other
}

func icelandic(n int64) string {
	return pick(n%10 == 1 && n%100 != 11, one, other)
}
