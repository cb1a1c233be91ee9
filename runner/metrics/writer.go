package metrics

import (
	"math"
	"strconv"
	"time"
)

// The kinds of families.
const (
	Counter   = "counter"
	Gauge     = "gauge"
	Histogram = "histogram"
	Summary   = "summary"
	Untyped   = "untyped"
)

// ContentType is the media type of the text.
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

// Writer collects families as text. Its zero value is ready.
type Writer struct {
	text []byte
	name string // of the family
}

// Text is what was written so far.
func (w *Writer) Text() []byte { return w.text }

// Family begins a family; its samples follow.
func (w *Writer) Family(name, kind, help string) {
	w.name = name
	w.text = append(append(append(w.text, "# HELP "...), name...), ' ')
	w.text = append(appendEscaped(w.text, help, false), '\n')
	w.text = append(append(append(w.text, "# TYPE "...), name...), ' ')
	w.text = append(append(w.text, kind...), '\n')
}

// Sample writes a value of the family with labels, pairs of name and value.
func (w *Writer) Sample(value float64, labels ...string) { w.sample("", value, labels) }

// Count is Sample for a whole number.
func (w *Writer) Count(n uint64, labels ...string) { w.sample("", float64(n), labels) }

// One writes a family of one sample without labels.
func (w *Writer) One(name, kind, help string, value float64) {
	w.Family(name, kind, help)
	w.Sample(value)
}

func (w *Writer) sample(suffix string, value float64, labels []string) {
	w.text = append(append(w.text, w.name...), suffix...)
	if len(labels) > 0 {
		w.text = append(w.text, '{')
		for i := 0; i+1 < len(labels); i += 2 {
			if i > 0 {
				w.text = append(w.text, ',')
			}
			w.text = append(append(w.text, labels[i]...), `="`...)
			w.text = append(appendEscaped(w.text, labels[i+1], true), '"')
		}
		w.text = append(w.text, '}')
	}
	w.text = append(appendValue(append(w.text, ' '), value), '\n')
}

// Distribution writes a histogram of the family: how many observations fell
// below each bound in turn, the last ones below none, and their sum.
func (w *Writer) Distribution(bounds []time.Duration, counts []uint64, sum time.Duration, labels ...string) {
	total := uint64(0)
	bucket := append(append([]string{}, labels...), "le", "")
	for i, n := range counts {
		total += n
		bucket[len(bucket)-1] = "+Inf"
		if i < len(bounds) {
			bucket[len(bucket)-1] = strconv.FormatFloat(bounds[i].Seconds(), 'g', -1, 64)
		}
		w.sample("_bucket", float64(total), bucket)
	}
	w.sample("_sum", sum.Seconds(), labels)
	w.sample("_count", float64(total), labels)
}

func appendEscaped(b []byte, text string, quoted bool) []byte {
	for i := range len(text) {
		switch c := text[i]; {
		case c == '\\':
			b = append(b, `\\`...)
		case c == '\n':
			b = append(b, `\n`...)
		case c == '"' && quoted:
			b = append(b, `\"`...)
		default:
			b = append(b, c)
		}
	}
	return b
}

func appendValue(b []byte, v float64) []byte {
	switch {
	case math.IsInf(v, 1):
		return append(b, "+Inf"...)
	case math.IsInf(v, -1):
		return append(b, "-Inf"...)
	case math.IsNaN(v):
		return append(b, "NaN"...)
	case v == math.Trunc(v) && math.Abs(v) < 1<<53:
		return strconv.AppendInt(b, int64(v), 10)
	}
	return strconv.AppendFloat(b, v, 'g', -1, 64)
}
