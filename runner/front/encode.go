package front

import (
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"
)

// Each encoder appends one line. What clients can choose is escaped such that
// it can neither end the line or its field nor reach a terminal.

// appendText is the form of slog's text handler.
func appendText(b []byte, e *entry, s *stamp) []byte {
	b = append(b, "time="...)
	b = appendTime(b, e.at, s)
	b = append(b, " level=INFO msg=request process=front"...)
	b = textField(b, "method", e.method)
	b = textField(b, "path", e.target)
	b = textNumber(b, "status", int64(e.status))
	b = textNumber(b, "bytes", e.bytes)
	b = append(b, " ms="...)
	b = appendMillis(b, e.took)
	b = textField(b, "client", e.client)
	b = textField(b, "proto", e.proto)
	b = textField(b, "tls", e.tls)
	b = textField(b, "mount", e.mount)
	b = textField(b, "upstream", e.origin)
	if e.tries != 0 {
		if e.origin == "" {
			b = textNumber(b, "worker", int64(e.worker))
		}
		b = textNumber(b, "tries", int64(e.tries))
		b = append(b, " upstream_ms="...)
		b = appendMillis(b, e.upstream)
	}
	b = textField(b, "cache", e.cache)
	b = textField(b, "id", e.id)
	b = textField(b, "reason", e.reason)
	return append(b, '\n')
}

func textField(b []byte, key, value string) []byte {
	if value == "" {
		return b
	}
	b = append(append(append(b, ' '), key...), '=')
	for i := range len(value) {
		if c := value[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\' {
			return strconv.AppendQuote(b, value)
		}
	}
	return append(b, value...)
}

func textNumber(b []byte, key string, n int64) []byte {
	return strconv.AppendInt(append(append(append(b, ' '), key...), '='), n, 10)
}

// appendJSON is one object, with the names of slog's JSON handler.
func appendJSON(b []byte, e *entry, s *stamp) []byte {
	b = append(b, `{"time":"`...)
	b = appendTime(b, e.at, s)
	b = append(b, `","level":"INFO","msg":"request","process":"front"`...)
	b = jsonField(b, "method", e.method)
	b = jsonField(b, "path", e.target)
	b = jsonNumber(b, "status", int64(e.status))
	b = jsonNumber(b, "bytes", e.bytes)
	b = append(b, `,"ms":`...)
	b = appendMillis(b, e.took)
	b = jsonField(b, "client", e.client)
	b = jsonField(b, "user", e.user)
	b = jsonField(b, "host", e.host)
	b = jsonField(b, "proto", e.proto)
	b = jsonField(b, "tls", e.tls)
	b = jsonField(b, "mount", e.mount)
	b = jsonField(b, "upstream", e.origin)
	if e.tries != 0 {
		if e.origin == "" {
			b = jsonNumber(b, "worker", int64(e.worker))
		}
		b = jsonNumber(b, "tries", int64(e.tries))
		b = append(b, `,"upstream_ms":`...)
		b = appendMillis(b, e.upstream)
	}
	b = jsonField(b, "cache", e.cache)
	b = jsonField(b, "id", e.id)
	b = jsonField(b, "reason", e.reason)
	b = jsonField(b, "referer", e.referer)
	b = jsonField(b, "agent", e.agent)
	return append(b, '}', '\n')
}

func jsonField(b []byte, key, value string) []byte {
	if value == "" {
		return b
	}
	b = append(append(append(b, `,"`...), key...), `":"`...)
	for i := range len(value) {
		if c := value[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return append(appendEscapedJSON(append(b, value[:i]...), value[i:]), '"')
		}
	}
	return append(append(b, value...), '"')
}

// appendEscapedJSON escapes more than RFC 8259, section 7, demands: whatever is
// not printable, and what is no UTF-8 becomes U+FFFD.
func appendEscapedJSON(b []byte, text string) []byte {
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == ' ' || unicode.IsPrint(r):
			b = utf8.AppendRune(b, r)
		case r > 0xffff:
			r -= 0x10000
			b = appendUnit(appendUnit(b, 0xd800|r>>10), 0xdc00|r&0x3ff)
		default:
			b = appendUnit(b, r)
		}
	}
	return b
}

const hexDigits = "0123456789ABCDEF"

// appendUnit is \uXXXX.
func appendUnit(b []byte, r rune) []byte {
	return append(b, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}

func jsonNumber(b []byte, key string, n int64) []byte {
	return strconv.AppendInt(append(append(append(b, `,"`...), key...), `":`...), n, 10)
}

// appendCombined is the combined form of Apache and nginx, with what they have
// no word for behind it.
func appendCombined(b []byte, e *entry, s *stamp) []byte {
	b = combinedWord(b, e.client)
	b = append(b, " - "...)
	b = combinedWord(b, e.user)
	b = append(append(append(b, " ["...), s.combined...), `] "`...)
	if e.method != "" {
		b = append(combinedText(b, e.method), ' ')
		b = append(combinedText(b, e.target), ' ')
		b = combinedText(b, e.proto)
	} else {
		b = append(b, '-')
	}
	b = strconv.AppendInt(append(b, `" `...), int64(e.status), 10)
	b = strconv.AppendInt(append(b, ' '), e.bytes, 10)
	b = append(combinedText(append(b, ` "`...), orDash(e.referer)), '"')
	b = append(combinedText(append(b, ` "`...), orDash(e.agent)), '"')
	b = appendMillis(append(b, " ms="...), e.took)
	b = combinedField(b, "mount", e.mount)
	b = combinedField(b, "upstream", e.origin)
	if e.tries != 0 {
		if e.origin == "" {
			b = textNumber(b, "worker", int64(e.worker))
		}
		b = textNumber(b, "tries", int64(e.tries))
		b = appendMillis(append(b, " upstream_ms="...), e.upstream)
	}
	b = combinedField(b, "host", e.host)
	b = combinedField(b, "tls", e.tls)
	b = combinedField(b, "cache", e.cache)
	b = combinedField(b, "id", e.id)
	b = combinedField(b, "reason", e.reason)
	return append(b, '\n')
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// combinedText escapes as nginx does: \xXX for what is not printable ASCII, the
// quotation mark and the backslash.
func combinedText(b []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			b = append(b, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
		} else {
			b = append(b, c)
		}
	}
	return b
}

// combinedWord is combinedText without spaces, for where no quotation marks are.
func combinedWord(b []byte, word string) []byte {
	start := len(b)
	b = combinedText(b, orDash(word))
	for i := start; i < len(b); i++ {
		if b[i] == ' ' {
			b[i] = '_'
		}
	}
	return b
}

func combinedField(b []byte, key, value string) []byte {
	if value == "" {
		return b
	}
	b = append(append(append(b, ' '), key...), `="`...)
	return append(combinedText(b, value), '"')
}

// appendTime is RFC 3339 with milliseconds.
func appendTime(b []byte, at time.Time, s *stamp) []byte {
	ms := at.Nanosecond() / int(time.Millisecond)
	b = append(append(b, s.iso...), '.', '0'+byte(ms/100), '0'+byte(ms/10%10), '0'+byte(ms%10))
	return append(b, s.zone...)
}

// appendMillis is a duration in milliseconds, rounded to hundredths.
func appendMillis(b []byte, d time.Duration) []byte {
	hundredths := int64((max(d, 0) + 5*time.Microsecond) / (10 * time.Microsecond))
	b = strconv.AppendInt(b, hundredths/100, 10)
	return append(b, '.', '0'+byte(hundredths/10%10), '0'+byte(hundredths%10))
}
