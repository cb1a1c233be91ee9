package db

import "strings"

// kind is what a token of SQL is.
type kind int

const (
	space       kind = iota // blanks and comments
	word                    // a keyword or a name
	quoted                  // a name in double quotes or backticks
	text                    // a string, also 'a''b', E'\n' and $$a$$
	number                  // 1, 1.5e3
	placeholder             // ?
	numbered                // ?1, which only SQLite has
	question                // ??, which stands for a ? that is no placeholder
	symbol                  // any other byte
)

// token is a piece of SQL.
type token struct {
	kind kind
	text string
	at   int // byte offset
}

// is reports whether the token is this keyword or symbol (in lower case).
func (t token) is(what string) bool {
	return (t.kind == word || t.kind == symbol) && strings.EqualFold(t.text, what)
}

// lexer cuts SQL into tokens. It accepts everything: what is not closed goes
// to the end. The texts of all tokens together are the SQL.
type lexer struct {
	sql string
	pos int
}

// next returns the next token, and false at the end.
func (l *lexer) next() (token, bool) {
	if l.pos >= len(l.sql) {
		return token{}, false
	}
	rest := l.sql[l.pos:]
	k, n := classify(rest)
	t := token{kind: k, text: rest[:n], at: l.pos}
	l.pos += n
	return t, true
}

// significant returns the next token that is not space.
func (l *lexer) significant() (token, bool) {
	for {
		if t, ok := l.next(); !ok || t.kind != space {
			return t, ok
		}
	}
}

// classify returns the kind and the length of the token that s begins with.
func classify(s string) (kind, int) {
	c := s[0]
	switch {
	case isBlank(c):
		return space, spanOf(s, isBlank)
	case strings.HasPrefix(s, "--"):
		return space, lineEnd(s)
	case strings.HasPrefix(s, "/*"):
		return space, commentEnd(s)
	case c == '\'':
		return text, closing(s, 1, '\'', false)
	case c == '"' || c == '`':
		return quoted, closing(s, 1, c, false)
	case c == '$':
		return dollar(s)
	case (c == 'e' || c == 'E') && len(s) > 1 && s[1] == '\'':
		return text, closing(s, 2, '\'', true)
	case isDigit(c):
		return number, spanOf(s, func(c byte) bool { return isWord(c) || c == '.' })
	case isWord(c):
		return word, spanOf(s, isWord)
	case c == '?':
		return questionMark(s)
	}
	return symbol, 1
}

// questionMark tells the three uses of it apart.
func questionMark(s string) (kind, int) {
	switch {
	case strings.HasPrefix(s, "??"):
		return question, 2
	case len(s) > 1 && isDigit(s[1]):
		return numbered, 1 + spanOf(s[1:], isDigit)
	}
	return placeholder, 1
}

// dollar reads a string such as $$a$$ or $body$a$body$ of PostgreSQL.
func dollar(s string) (kind, int) {
	tag := 1 + spanOf(s[1:], isWord)
	if tag >= len(s) || s[tag] != '$' || tag > 1 && isDigit(s[1]) {
		return symbol, 1
	}
	mark := s[:tag+1]
	end := strings.Index(s[len(mark):], mark)
	if end < 0 {
		return text, len(s)
	}
	return text, end + 2*len(mark)
}

// closing is the length up to and with the mark that closes what begins
// before from; a doubled mark stands for itself.
func closing(s string, from int, mark byte, backslash bool) int {
	for i := from; i < len(s); i++ {
		switch {
		case backslash && s[i] == '\\':
			i++
		case s[i] != mark:
		case i+1 < len(s) && s[i+1] == mark:
			i++
		default:
			return i + 1
		}
	}
	return len(s)
}

// lineEnd is the length of a comment that ends with its line.
func lineEnd(s string) int {
	if i := strings.IndexByte(s, '\n'); i >= 0 {
		return i + 1
	}
	return len(s)
}

// commentEnd is the length of a comment in /* */, which may contain others.
func commentEnd(s string) int {
	depth := 0
	for i := 0; i+1 < len(s); i++ {
		switch s[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			depth--
			i++
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(s)
}

// spanOf is the length of the longest beginning of s of such bytes.
func spanOf(s string, is func(byte) bool) int {
	n := 0
	for n < len(s) && is(s[n]) {
		n++
	}
	return n
}

func isBlank(c byte) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'
}
func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isWord counts every byte of a letter outside of ASCII as a letter.
func isWord(c byte) bool {
	return c == '_' || isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= 0x80
}
