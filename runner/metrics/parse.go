package metrics

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Family is what a text says under one name.
type Family struct {
	Name, Kind, Help string
	Samples          []Sample
}

// Sample is one line.
type Sample struct {
	Name   string // of the family, or with _bucket, _sum, _count
	Labels []Label
	Value  float64
}

// Label is a name and its value.
type Label struct{ Name, Value string }

// adds reports that a sample only grows, so that those of several processes can
// be added up.
func (f *Family) adds(s *Sample) bool {
	switch f.Kind {
	case Counter, Histogram:
		return true
	case Summary:
		return s.Name != f.Name // the others are quantiles
	}
	return false
}

// Parse reads a text, in its order. Timestamps are dropped. An error names the
// line.
func Parse(text string) ([]*Family, error) {
	p := parser{known: map[string]*Family{}}
	number := 0
	for line := range strings.Lines(text) {
		number++
		if err := p.line(strings.TrimRight(line, "\r\n")); err != nil {
			return nil, fmt.Errorf("metrics: line %d: %w", number, err)
		}
	}
	return slices.DeleteFunc(p.families, func(f *Family) bool { return len(f.Samples) == 0 }), nil
}

type parser struct {
	families []*Family
	known    map[string]*Family
}

func (p *parser) family(name string) *Family {
	f := p.known[name]
	if f == nil {
		f = &Family{Name: name, Kind: Untyped}
		p.known[name] = f
		p.families = append(p.families, f)
	}
	return f
}

func (p *parser) line(line string) error {
	if !utf8.ValidString(line) {
		return fmt.Errorf("%.60q is no UTF-8", line)
	}
	switch rest, comment := strings.CutPrefix(line, "#"); {
	case strings.Trim(line, " \t") == "":
		return nil
	case comment:
		return p.comment(strings.TrimLeft(rest, " \t"))
	}
	s, err := parseSample(line)
	if err != nil {
		return err
	}
	f := p.owner(s.Name)
	f.Samples = append(f.Samples, s)
	return nil
}

// comment reads HELP and TYPE; any other is one.
func (p *parser) comment(text string) error {
	word, rest, _ := strings.Cut(text, " ")
	if word != "HELP" && word != "TYPE" {
		return nil
	}
	name, value, _ := strings.Cut(strings.TrimLeft(rest, " \t"), " ")
	if !isName(name, true) {
		return fmt.Errorf("%.60q is no name", name)
	}
	if word == "HELP" {
		help, err := unescape(value, false)
		if err != nil {
			return err
		}
		p.family(name).Help = help
		return nil
	}
	switch kind := strings.Trim(value, " \t"); kind {
	case Counter, Gauge, Histogram, Summary, Untyped:
		f := p.family(name)
		if len(f.Samples) > 0 {
			return fmt.Errorf("the type of %s comes after its samples", name)
		}
		f.Kind = kind
		return nil
	default:
		return fmt.Errorf("%s has the unknown type %.60q", name, kind)
	}
}

// owner is the family of a sample: a histogram's and a summary's samples have a
// suffix.
func (p *parser) owner(name string) *Family {
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		base, ok := strings.CutSuffix(name, suffix)
		if f := p.known[base]; ok && f != nil && (f.Kind == Histogram || f.Kind == Summary && suffix != "_bucket") {
			return f
		}
	}
	return p.family(name)
}

func parseSample(line string) (Sample, error) {
	line = strings.TrimLeft(line, " \t")
	end := strings.IndexAny(line, "{ \t")
	if end < 0 || !isName(line[:end], true) {
		return Sample{}, fmt.Errorf("%.60q: expected NAME{LABELS} VALUE", line)
	}
	s := Sample{Name: line[:end]}
	rest := strings.TrimLeft(line[end:], " \t")
	if strings.HasPrefix(rest, "{") {
		var err error
		if s.Labels, rest, err = parseLabels(rest[1:]); err != nil {
			return s, fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	fields := strings.Fields(rest)
	if len(fields) != 1 && len(fields) != 2 {
		return s, fmt.Errorf("%s: expected a value, and at most a timestamp behind it", s.Name)
	}
	v, err := strconv.ParseFloat(fields[0], 64)
	if err != nil {
		return s, fmt.Errorf("%s: %.60q is no number", s.Name, fields[0])
	}
	s.Value = v
	return s, nil
}

// parseLabels reads what is between the braces and returns what follows them.
func parseLabels(text string) (labels []Label, rest string, err error) {
	for {
		text = strings.TrimLeft(text, " \t,")
		if rest, ok := strings.CutPrefix(text, "}"); ok {
			slices.SortFunc(labels, func(a, b Label) int { return strings.Compare(a.Name, b.Name) })
			for i := 1; i < len(labels); i++ {
				if labels[i].Name == labels[i-1].Name {
					return nil, "", fmt.Errorf("the label %s is there twice", labels[i].Name)
				}
			}
			return labels, rest, nil
		}
		name, after, ok := strings.Cut(text, "=")
		name, after = strings.TrimRight(name, " \t"), strings.TrimLeft(after, " \t")
		if !ok || !isName(name, false) || !strings.HasPrefix(after, `"`) {
			return nil, "", fmt.Errorf(`%.60q: expected a label NAME="VALUE"`, text)
		}
		end := closing(after)
		if end < 0 {
			return nil, "", fmt.Errorf("the value of %s does not end", name)
		}
		value, err := unescape(after[1:end], true)
		if err != nil {
			return nil, "", err
		}
		labels = append(labels, Label{name, value})
		text = after[end+1:]
	}
}

// closing is the place of the quotation mark that ends the value that text
// begins with, -1 when there is none.
func closing(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

func unescape(text string, quoted bool) (string, error) {
	if !strings.Contains(text, `\`) {
		return text, nil
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			b.WriteByte(text[i])
			continue
		}
		i++
		switch {
		case i < len(text) && text[i] == 'n':
			b.WriteByte('\n')
		case i < len(text) && (text[i] == '\\' || text[i] == '"' && quoted):
			b.WriteByte(text[i])
		default:
			return "", fmt.Errorf(`%.60q: an unknown escape, expected \\, \n or \"`, text)
		}
	}
	return b.String(), nil
}

// isName allows what families and labels are called; only the former may have
// colons.
func isName(s string, colons bool) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '_', c == ':' && colons, i > 0 && '0' <= c && c <= '9':
		default:
			return false
		}
	}
	return s != ""
}
