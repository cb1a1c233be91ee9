package i18n

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// ending is how the last syllable of a word sounds.
type ending int

const (
	unknown   ending = iota // a script that we cannot read
	vowel                   // no final consonant
	consonant               // a final consonant (batchim) other than ㄹ
	rieul                   // the final consonant ㄹ, after which 으로 is 로
)

// Particle returns the form of a Korean particle that fits word. pair holds
// both forms, the one after a consonant first: "은/는", "이/가", "을/를",
// "과/와", "으로/로". The usual pairs may also stand the other way round.
// Punctuation and a last part in brackets are not read.
//
// Digits are read in Sino-Korean (3 삼, 10 십). Words in Latin letters are
// read by the letter if they are all capitals (URL 유알엘), else as the loan
// word most likely sounds (email 이메일, book 북, user 유저). For other scripts
// both forms are given, as in "은(는)".
//
// A pair without a slash is returned as it is.
func Particle(word, pair string) string {
	closed, open, ok := forms(pair)
	if !ok {
		return pair
	}
	switch end := endingOf(word); {
	case end == unknown:
		return bothForms(closed, open)
	case end == vowel, end == rieul && strings.HasPrefix(closed, "으"):
		return open
	}
	return closed
}

// forms splits a pair into the form after a consonant and the one after a
// vowel.
func forms(pair string) (closed, open string, ok bool) {
	closed, open, ok = strings.Cut(pair, "/")
	if !ok || closed == "" || open == "" || strings.Contains(open, "/") {
		return "", "", false
	}
	switch open {
	case "은", "이", "을", "과", "아", "으" + closed, "이" + closed:
		return open, closed, true
	}
	return closed, open, true
}

// bothForms is what is written where the sound is not known: 은(는), (으)로.
func bothForms(closed, open string) string {
	if extra, ok := strings.CutSuffix(closed, open); ok {
		return "(" + extra + ")" + open
	}
	return closed + "(" + open + ")"
}

// endingOf returns how word sounds at its end.
func endingOf(word string) ending {
	word = spoken(word)
	last, _ := utf8.DecodeLastRuneInString(word)
	switch {
	case last >= '가' && last <= '힣':
		return batchim((last - '가') % 28)
	case last >= '\u1161' && last <= '\u1175': // decomposed: a vowel
		return vowel
	case last >= '\u11a8' && last <= '\u11c2': // decomposed: a final consonant
		return batchim(last - '\u11a7')
	case last >= '0' && last <= '9':
		return digitEnding(word)
	case last == '%' || last == '℃':
		return vowel // 퍼센트, 도
	case last < utf8.RuneSelf && unicode.IsLetter(last):
		return latinEnding(word)
	}
	return unknown
}

// batchim returns the ending for the index of a final consonant in Unicode's
// order, 0 for none.
func batchim(index rune) ending {
	switch index {
	case 0:
		return vowel
	case 8:
		return rieul
	}
	return consonant
}

// spoken returns word without what is not read aloud at its end: punctuation,
// quotes and a part in brackets.
func spoken(word string) string {
	const tail = 64 // bytes of the end that matter
	if len(word) > tail {
		word = word[len(word)-tail:]
	}
	for {
		word = strings.TrimRightFunc(word, isSilent)
		last, size := utf8.DecodeLastRuneInString(word)
		var open string
		switch last {
		case ')':
			open = "("
		case ']':
			open = "["
		case '）':
			open = "（"
		default:
			return word
		}
		word = word[:len(word)-size]
		if at := strings.LastIndex(word, open); at > 0 {
			word = word[:at]
		}
	}
}

// isSilent reports punctuation that is not read, apart from brackets.
func isSilent(r rune) bool {
	return unicode.IsSpace(r) || r != '%' && r != ')' && r != ']' && r != '）' && unicode.IsPunct(r) || r == '>' || r == '`'
}

// digitEnding reads the number at the end of word.
func digitEnding(word string) ending {
	switch word[len(word)-1] {
	case '1', '7', '8': // 일, 칠, 팔
		return rieul
	case '2', '4', '5', '9': // 이, 사, 오, 구
		return vowel
	case '3', '6': // 삼, 육
		return consonant
	}
	if zeros := trailingZeros(word); zeros >= 12 && zeros < 16 {
		return vowel // 조
	}
	return consonant // 영, 십, 백, 천, 만, 억
}

// trailingZeros counts the zeros at the end of a number, across commas.
func trailingZeros(word string) int {
	zeros := 0
	for i := len(word) - 1; i >= 0; i-- {
		switch word[i] {
		case '0':
			zeros++
		case ',':
		default:
			return zeros
		}
	}
	return zeros
}

// latinEnding guesses how a Korean reader says a word in Latin letters.
func latinEnding(word string) ending {
	start := len(word)
	for start > 0 && isLatin(word[start-1]) {
		start--
	}
	word = word[start:]
	if word == strings.ToUpper(word) {
		return letterEnding(word[len(word)-1])
	}
	return loanEnding(strings.ToLower(word))
}

// letterEnding is how the name of a letter ends.
func letterEnding(letter byte) ending {
	switch letter {
	case 'L', 'R': // 엘, 알
		return rieul
	case 'M', 'N': // 엠, 엔
		return consonant
	}
	return vowel
}

// loanEnding follows the spelling: a final l is ㄹ, m, n and ng are batchim,
// and so are stops after one short vowel; an e after l, m or n is silent.
func loanEnding(word string) ending {
	for _, silent := range []string{"le", "me", "ne"} {
		if stem, ok := strings.CutSuffix(word, silent); ok && stem != "" {
			word = stem + silent[:1]
		}
	}
	switch last := word[len(word)-1]; last {
	case 'l':
		return rieul
	case 'm', 'n':
		return consonant
	case 'g':
		if strings.HasSuffix(word, "ng") {
			return consonant
		}
	case 'b', 'c', 'k', 'p', 't':
		if last == 'k' {
			word = strings.TrimSuffix(word, "k")
			word = strings.TrimSuffix(word, "c") + "k"
		}
		if shortVowel(word[:len(word)-1]) || strings.HasSuffix(word, "ook") {
			return consonant
		}
	}
	return vowel
}

// shortVowel reports whether stem ends in exactly one vowel letter.
func shortVowel(stem string) bool {
	n := len(stem)
	return n > 0 && isVowel(stem[n-1]) && (n == 1 || !isVowel(stem[n-2]))
}

func isVowel(b byte) bool { return strings.IndexByte("aeiou", b) >= 0 }

func isLatin(b byte) bool { return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' }
