package devserver

import "bytes"

// headLimit is how far into a page its head is looked for.
const headLimit = 16 << 10

// verdict is what the beginning of a page says about where a tag may go.
type verdict int

const (
	needMore verdict = iota // the beginning read so far does not tell
	noHead                  // a fragment, or no HTML: leave it alone
	headHere                // at the offset
)

// findHead says where the dev client's tag goes in a page of which page is the
// beginning: right after <head …>; else, where a page leaves the tag out, before
// the first thing that is not doctype, <html> or a comment. What has neither
// doctype nor <html> nor <head> is a fragment. It reads what a browser reads
// (HTML, section 13.2.5) as far as it matters here: comments, quoted attributes.
func findHead(page []byte, whole bool) (int, verdict) {
	undecided := needMore
	if len(page) >= headLimit {
		page, whole = page[:headLimit], true
	}
	if whole {
		undecided = noHead
	}
	document := false
	i := 0
	if bom := []byte("\xef\xbb\xbf"); bytes.HasPrefix(page, bom) {
		i = len(bom)
	}
	for {
		for i < len(page) && isSpace(page[i]) {
			i++
		}
		rest := page[i:]
		switch {
		case len(rest) == 0 || len(rest) < len("<!--") && !whole:
			return 0, undecided
		case bytes.HasPrefix(rest, []byte("<!--")):
			end := commentEnd(rest)
			if end < 0 {
				return 0, undecided
			}
			i += end
			continue
		case rest[0] != '<':
			return implied(i, document)
		}
		end := tagEnd(rest)
		if end < 0 {
			return 0, undecided
		}
		switch name := tagName(rest); {
		case name == "!doctype" || name == "html":
			document = true
			i += end
		case name == "head":
			return i + end, headHere
		case name[:min(1, len(name))] == "!" || name == "" && rest[1] == '?':
			i += end // a bogus comment, <?xml …?>
		default:
			return implied(i, document)
		}
	}
}

// implied decides at the first content of a page without a <head> tag.
func implied(at int, document bool) (int, verdict) {
	if document {
		return at, headHere
	}
	return 0, noHead
}

// commentEnd returns the length of the comment that begins text, or -1.
func commentEnd(text []byte) int {
	for _, short := range []string{"<!-->", "<!--->"} {
		if bytes.HasPrefix(text, []byte(short)) {
			return len(short)
		}
	}
	end := -1
	for _, mark := range []string{"-->", "--!>"} {
		if at := bytes.Index(text[4:], []byte(mark)); at >= 0 && (end < 0 || 4+at+len(mark) < end) {
			end = 4 + at + len(mark)
		}
	}
	return end
}

// tagName returns the lower-case name of the tag that begins text, with its
// slash or exclamation mark; "" when it is no tag.
func tagName(text []byte) string {
	end := 1
	for end < len(text) && !isSpace(text[end]) && text[end] != '>' && (text[end] != '/' || end == 1) {
		end++
	}
	name := string(bytes.ToLower(text[1:end]))
	if name == "" || name[0] != '!' && name[0] != '/' && (name[0] < 'a' || name[0] > 'z') {
		return ""
	}
	return name
}

// tagEnd returns the length of the tag that begins text, or -1. A > inside of a
// quoted attribute does not end it.
func tagEnd(text []byte) int {
	var quote byte
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return i + 1
		}
	}
	return -1
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' }
