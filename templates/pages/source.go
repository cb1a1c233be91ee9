package pages

import (
	"os"
	"strings"
	"unicode/utf8"
)

// nearby is how many lines are shown on either side of a faulty one.
const nearby = 5

// maxSource bounds what an excerpt reads: a larger file was written by no
// person and is not worth reading on each error.
const maxSource = 4 << 20

// Source is a piece of a source file.
type Source struct {
	File   string // as it should be shown
	Line   int    // the line that it is about
	Column int    // byte in that line, from 1; 0 when unknown
	Lines  []SourceLine
}

// SourceLine is one line of a [Source].
type SourceLine struct {
	Number int
	Text   string
	Hit    bool // the line that it is about
	Column int  // byte to mark, from 1; 0 for none
}

// Excerpt reads the lines around line of file. It returns nil when the file
// cannot be read or has no such line: an error page does without.
func Excerpt(file string, line, column int) *Source {
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxSource {
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	return NewSource(file, string(text), line, column)
}

// NewSource makes a Source of the text of a file, for files that are not on
// the disk. It returns nil when text has no such line.
func NewSource(file, text string, line, column int) *Source {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if line < 1 || line > len(lines) {
		return nil
	}
	s := &Source{File: file, Line: line, Column: column}
	for n := max(1, line-nearby); n <= min(len(lines), line+nearby); n++ {
		l := SourceLine{Number: n, Text: strings.TrimSuffix(lines[n-1], "\r"), Hit: n == line}
		if l.Hit {
			l.Column = column
		}
		s.Lines = append(s.Lines, l)
	}
	return s
}

// Before is the text in front of the marked character, all of it without a mark.
func (l SourceLine) Before() string {
	if !l.marked() {
		return l.Text
	}
	return l.Text[:l.Column-1]
}

// At is the marked character.
func (l SourceLine) At() string {
	if !l.marked() {
		return ""
	}
	rest := l.Text[l.Column-1:]
	_, size := utf8.DecodeRuneInString(rest)
	return rest[:size]
}

// After is the text behind the marked character.
func (l SourceLine) After() string {
	if !l.marked() {
		return ""
	}
	return l.Text[l.Column-1+len(l.At()):]
}

func (l SourceLine) marked() bool { return l.Column >= 1 && l.Column <= len(l.Text) }
