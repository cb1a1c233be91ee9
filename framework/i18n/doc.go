// Package i18n holds the texts of an app in several languages.
//
// Texts live in files named by their locale, locales/ko.toml and
// locales/en.toml. Tables nest; a text is addressed by its dotted key:
//
//	# locales/en.toml
//	title = "Questions"              # T("en", "title")
//
//	[question]
//	created = "{0} was saved."       # T("en", "question.created", subject)
//
//	[question.answers]               # a plural: nothing but its forms
//	one = "{n} answer"               # T("en", "question.answers", 1)
//	other = "{n} answers"            # T("en", "question.answers", 5)
//
// [Load] reads them all at start, reports every fault with file and line, and
// gives a [Catalog] that never changes afterwards and may be used by any
// number of goroutines. Development reloads by loading again.
//
// # Placeholders
//
// {0}, {1}, … are the arguments of T in order. {name} is looked up in an
// argument that is a map with string keys ([Args], or any map of that shape).
// {n} is the number that chose the plural: the argument named n, or else the
// first integer. {{ and }} are braces. A placeholder without an argument stays
// in the text as written: a hole that is seen is mended.
//
// # Plurals
//
// A table that has the key other, and beside it nothing but zero, one, two, few
// and many, is one text in several forms. Which form a number takes is said by
// the rules of Unicode CLDR for the locale's language; a form that is not
// written is other. English and most languages have one for 1. Japanese, Korean,
// Chinese, Thai, Vietnamese, Indonesian and Malay use other for every number;
// French and Portuguese one for 0 and 1. The Slavic and Baltic languages,
// Romanian, Arabic, Hebrew, Irish, Welsh, Maltese and Icelandic have their own:
//
//	# locales/ru.toml
//	[question.answers]
//	one = "{n} ответ"                # 1, 21, 31
//	few = "{n} ответа"               # 2, 3, 4, 22
//	many = "{n} ответов"             # 0, 5, 11, 20
//	other = "{n} ответа"             # for fractions, which T does not count
//
// # Korean particles
//
// A Korean particle depends on the sound before it: 제목은 but 주소는, 제목을
// but 주소를. Write both forms, the one after a consonant first:
//
//	required = "{label:을/를} 입력해 주세요."      # 제목을 입력해 주세요.
//	taken    = "‘{0}’{:은/는} 이미 쓰고 있습니다."  # ‘abc’는 이미 쓰고 있습니다.
//
// {label:을/를} is the argument with its particle, {:은/는} the particle for
// the text in front of it. [Particle] says how words end that are not Hangul.
package i18n
