package metrics

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Book keeps the figures of many processes. It is safe for concurrent use.
type Book struct {
	mu     sync.Mutex
	living map[string]string // the last text of each process
	dead   sums              // of what has ended

	said sums // the last answer
}

// sums are families with the sums of their samples, by the line without its
// value.
type sums map[string]*total

type total struct {
	Family // without samples
	lines  map[string]*line
	order  []string
}

type line struct {
	name, labels string
	value        float64
}

// MaxText bounds what a process may say.
const MaxText = 256 << 10

// Say replaces what a process has said before. The process is named as people
// know it: "worker 3". One without a name gets no label.
func (b *Book) Say(process, text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.living == nil {
		b.living = map[string]string{}
	}
	b.living[process] = text
}

// Bury adds what a process that has ended counted to that of all the dead.
func (b *Book) Bury(process string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	text, ok := b.living[process]
	if !ok {
		return
	}
	delete(b.living, process)
	if b.dead == nil {
		b.dead = sums{}
	}
	if families, err := Parse(text); err == nil { // else Text has complained already
		b.dead.add(families)
	}
}

// Text is everything, merged and in order. Call it from one goroutine at a time. The processes in broken have said
// what is none of the format; they are left out.
func (b *Book) Text() (text []byte, broken map[string]error) {
	b.mu.Lock()
	living, all := maps.Clone(b.living), b.dead.clone()
	b.mu.Unlock()
	broken = map[string]error{}
	for _, process := range slices.Sorted(maps.Keys(living)) {
		families, err := Parse(living[process])
		if err != nil {
			broken[process] = err
			continue
		}
		all.add(families)
		all.own(families, process)
	}
	all.steady(b.answered(all))
	return all.text(), broken
}

// answered replaces the last answer.
func (b *Book) answered(all sums) (before sums) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before, b.said = b.said, all
	return before
}

// steady takes rounding out. Sums of seconds are added up in another order when
// a process has ended, and one that is lower in its last digit would be taken for
// a counter that began anew.
func (s sums) steady(before sums) {
	for name, t := range s {
		was := before[name]
		if was == nil || was.Kind == Gauge || was.Kind == Untyped {
			continue
		}
		for key, l := range t.lines {
			if old := was.lines[key]; old != nil && l.value < old.value && old.value-l.value <= 1e-9*old.value {
				l.value = old.value
			}
		}
	}
}

func (s sums) clone() sums {
	out := sums{}
	for name, t := range s {
		copied := &total{Family: t.Family, lines: map[string]*line{}, order: slices.Clone(t.order)}
		for key, l := range t.lines {
			l := *l
			copied.lines[key] = &l
		}
		out[name] = copied
	}
	return out
}

// of is the family of the same name. One of another kind, which another build
// of the app has, replaces it.
func (s sums) of(f *Family) *total {
	t := s[f.Name]
	if t == nil || t.Kind != f.Kind {
		t = &total{Family: Family{Name: f.Name, Kind: f.Kind}, lines: map[string]*line{}}
		s[f.Name] = t
	}
	t.Help = cmp.Or(f.Help, t.Help)
	return t
}

// add adds up what only grows.
func (s sums) add(families []*Family) {
	for _, f := range families {
		for i := range f.Samples {
			if f.adds(&f.Samples[i]) {
				s.of(f).put(f.Samples[i].Name, f.Samples[i].Labels, f.Samples[i].Value)
			}
		}
	}
}

// own takes over the rest, each sample with its process.
func (s sums) own(families []*Family, process string) {
	for _, f := range families {
		for i := range f.Samples {
			if f.adds(&f.Samples[i]) {
				continue
			}
			if process == "" {
				s.of(f).put(f.Samples[i].Name, f.Samples[i].Labels, f.Samples[i].Value)
			} else {
				s.of(f).put(f.Samples[i].Name, withProcess(f.Samples[i].Labels, process), f.Samples[i].Value)
			}
		}
	}
}

const (
	processLabel  = "process"
	exportedLabel = "exported_process" // that of an app, as Prometheus renames it
)

func withProcess(labels []Label, process string) []Label {
	out := make([]Label, 0, len(labels)+1)
	for _, l := range labels {
		if l.Name == processLabel {
			l.Name = exportedLabel
		}
		out = append(out, l)
	}
	out = append(out, Label{processLabel, process})
	slices.SortStableFunc(out, func(a, b Label) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// put adds a value to a line.
func (t *total) put(name string, labels []Label, value float64) {
	text := labelText(labels)
	key := name + "{" + text
	l := t.lines[key]
	if l == nil {
		l = &line{name: name, labels: text}
		t.lines[key] = l
		t.order = append(t.order, key)
	}
	l.value += value
}

// labelText writes labels; le and quantile, by which readers tell buckets, come
// last.
func labelText(labels []Label) string {
	var b []byte
	write := func(l Label) {
		if len(b) > 0 {
			b = append(b, ',')
		}
		b = append(append(b, l.Name...), `="`...)
		b = append(appendEscaped(b, l.Value, true), '"')
	}
	last := func(l Label) bool { return l.Name == "le" || l.Name == "quantile" }
	for _, l := range labels {
		if !last(l) {
			write(l)
		}
	}
	for _, l := range labels {
		if last(l) {
			write(l)
		}
	}
	return string(b)
}

// text writes the families by name.
func (s sums) text() []byte {
	var w Writer
	for _, name := range slices.Sorted(maps.Keys(s)) {
		t := s[name]
		w.Family(t.Name, t.Kind, t.Help)
		for _, key := range t.order {
			l := t.lines[key]
			w.text = append(w.text, l.name...)
			if l.labels != "" {
				w.text = append(append(append(w.text, '{'), l.labels...), '}')
			}
			w.text = append(appendValue(append(w.text, ' '), l.value), '\n')
		}
	}
	return w.text
}
