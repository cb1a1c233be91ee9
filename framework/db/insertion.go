package db

import "strings"

// Insertion is an INSERT that an engine executes.
type Insertion struct {
	SQL  string // with the placeholders of the engine
	Args []any
}

// Table returns the name of the table as the statement has it, perhaps quoted
// and with a schema; "" if none can be found.
func (i Insertion) Table() string {
	lex := lexer{sql: i.SQL}
	depth := 0
	for t, ok := lex.significant(); ok; t, ok = lex.significant() {
		depth += nesting(t)
		if depth == 0 && t.is("into") {
			return tableName(&lex)
		}
	}
	return ""
}

// tableName reads a name such as board."Question".
func tableName(lex *lexer) string {
	var b strings.Builder
	for t, ok := lex.significant(); ok && (t.kind == word || t.kind == quoted); t, ok = lex.significant() {
		b.WriteString(t.text)
		if t, ok = lex.significant(); !ok || !t.is(".") {
			break
		}
		b.WriteByte('.')
	}
	return b.String()
}

// Returning reports whether the statement itself returns something.
func (i Insertion) Returning() bool {
	lex := lexer{sql: i.SQL}
	inserting, depth := false, 0
	for t, ok := lex.significant(); ok; t, ok = lex.significant() {
		depth += nesting(t)
		switch {
		case depth > 0:
		case t.is("insert"):
			inserting = true
		case inserting && t.is("returning"):
			return true
		}
	}
	return false
}

// With returns the statement with a clause at its end.
func (i Insertion) With(clause string) string {
	lex := lexer{sql: i.SQL}
	end := 0
	for t, ok := lex.significant(); ok; t, ok = lex.significant() {
		if !t.is(";") {
			end = t.at + len(t.text)
		}
	}
	return i.SQL[:end] + " " + clause
}

// nesting is how a token changes the depth of parentheses.
func nesting(t token) int {
	switch {
	case t.is("("):
		return 1
	case t.is(")"):
		return -1
	}
	return 0
}
