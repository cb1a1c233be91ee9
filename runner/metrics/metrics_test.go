package metrics

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWriter(t *testing.T) {
	var w Writer
	w.Family("a_total", Counter, "What \\ is\ncounted.")
	w.Count(3, "path", "a\\b\"c\nd", "z", "")
	w.Sample(0.25)
	w.One("b", Gauge, "Odd.", math.Inf(1))
	w.Family("c_seconds", Histogram, "Times.")
	w.Distribution([]time.Duration{time.Millisecond, 2500 * time.Millisecond}, []uint64{1, 0, 2}, 7*time.Second, "by", "x")
	want := `# HELP a_total What \\ is\ncounted.
# TYPE a_total counter
a_total{path="a\\b\"c\nd",z=""} 3
a_total 0.25
# HELP b Odd.
# TYPE b gauge
b +Inf
# HELP c_seconds Times.
# TYPE c_seconds histogram
c_seconds_bucket{by="x",le="0.001"} 1
c_seconds_bucket{by="x",le="2.5"} 1
c_seconds_bucket{by="x",le="+Inf"} 3
c_seconds_sum{by="x"} 7
c_seconds_count{by="x"} 3
`
	if d := cmp.Diff(want, string(w.Text())); d != "" {
		t.Error(d)
	}
}

func TestParse(t *testing.T) {
	families, err := Parse(`
# a comment
# HELP a_total  What \\ is\ncounted.
#TYPE a_total counter
a_total { b = "x\\\"\n" , a="1", } 3 1395066363000
a_total 1e3
# TYPE s summary
s{quantile="0.5"} NaN
s_sum 2
s_count 1
lonely{} -Inf
empty_bucket 1
# TYPE never gauge
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []*Family{
		{Name: "a_total", Kind: Counter, Help: " What \\ is\ncounted.", Samples: []Sample{
			{"a_total", []Label{{"a", "1"}, {"b", "x\\\"\n"}}, 3}, {"a_total", nil, 1000},
		}},
		{Name: "s", Kind: Summary, Samples: []Sample{{"s", []Label{{"quantile", "0.5"}}, math.NaN()}, {"s_sum", nil, 2}, {"s_count", nil, 1}}},
		{Name: "lonely", Kind: Untyped, Samples: []Sample{{"lonely", nil, math.Inf(-1)}}},
		{Name: "empty_bucket", Kind: Untyped, Samples: []Sample{{"empty_bucket", nil, 1}}},
	}
	want[0].Help = "What \\ is\ncounted."
	equal := cmp.Comparer(func(a, b float64) bool { return a == b || a != a && b != b })
	families[0].Help = strings.TrimLeft(families[0].Help, " ")
	if d := cmp.Diff(want, families, equal); d != "" {
		t.Error(d)
	}
}

func TestParseNamesTheLine(t *testing.T) {
	for text, want := range map[string]string{
		"a 1\nb":                        `line 2: "b": expected NAME{LABELS} VALUE`,
		"1a 1":                          `expected NAME{LABELS} VALUE`,
		"a":                             `expected NAME{LABELS} VALUE`,
		"a x":                           `a: "x" is no number`,
		"a 1 2 3":                       "a: expected a value",
		"a{b} 1":                        `expected a label NAME="VALUE"`,
		"a{b=1} 1":                      `expected a label NAME="VALUE"`,
		`a{b="1} 1`:                     "the value of b does not end",
		`a{b="\x"} 1`:                   "an unknown escape",
		`a{b="1",b="2"} 1`:              "the label b is there twice",
		"# TYPE a thing":                "a has the unknown type",
		"a 1\n# TYPE a counter":         "the type of a comes after its samples",
		"# HELP 1 x":                    "is no name",
		"a{b=\"\xff\"} 1":               "is no UTF-8",
		"# TYPE a counter\na{b=\"x\"}":  "a: expected a value",
		"# HELP a help with \\q inside": "an unknown escape",
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestBook(t *testing.T) {
	var b Book
	said := func(n string) string {
		return "# HELP r_total Requests.\n# TYPE r_total counter\nr_total{m=\"GET\"} " + n + "\n" +
			"# TYPE d histogram\nd_bucket{le=\"1\"} " + n + "\nd_bucket{le=\"+Inf\"} " + n + "\nd_sum " + n + "\nd_count " + n + "\n" +
			"# TYPE q summary\nq{quantile=\"0.5\"} 4\nq_sum " + n + "\nq_count 1\n" +
			"# TYPE g gauge\ng{process=\"own\"} " + n + "\n"
	}
	b.Say("worker 1", said("1"))
	b.Say("worker 2", said("10"))
	b.Say("worker 1", said("2"))
	b.Bury("worker 2")
	b.Bury("worker 2")
	b.Say("worker 3", said("100"))
	b.Say("worker 4", "nonsense")
	text, broken := b.Text()
	want := `# HELP d 
# TYPE d histogram
d_bucket{le="1"} 112
d_bucket{le="+Inf"} 112
d_sum 112
d_count 112
# HELP g 
# TYPE g gauge
g{exported_process="own",process="worker 1"} 2
g{exported_process="own",process="worker 3"} 100
# HELP q 
# TYPE q summary
q_sum 112
q_count 3
q{process="worker 1",quantile="0.5"} 4
q{process="worker 3",quantile="0.5"} 4
# HELP r_total Requests.
# TYPE r_total counter
r_total{m="GET"} 112
`
	if d := cmp.Diff(want, string(text)); d != "" {
		t.Error(d)
	}
	if len(broken) != 1 || broken["worker 4"] == nil {
		t.Errorf("broken: %v", broken)
	}
	again, _ := b.Text()
	if string(again) != string(text) {
		t.Errorf("asking changes the answer:\n%s", again)
	}
}

// TestRounding: the order in which processes are added up does not show.
func TestRounding(t *testing.T) {
	sum := func(b *Book) float64 {
		text, _ := b.Text()
		families, err := Parse(string(text))
		if err != nil {
			t.Fatal(err)
		}
		return families[0].Samples[0].Value
	}
	fell := false
	for _, last := range []string{"0.1", "0.3", "0.7", "1.1"} {
		var b Book
		for name, value := range map[string]string{"a": "0.1", "b": "0.2", "c": "0.3", "d": last} {
			b.Say(name, "# TYPE s_total counter\ns_total "+value+"\n")
		}
		before := sum(&b)
		for _, name := range []string{"d", "c"} {
			b.Bury(name)
			raw := b.dead.clone()
			for _, living := range []string{"a", "b", "c"} {
				if text, ok := b.living[living]; ok {
					families, _ := Parse(text)
					raw.add(families)
				}
			}
			fell = fell || raw["s_total"].lines["s_total{"].value < before
			if now := sum(&b); now < before {
				t.Errorf("%v fell to %v", before, now)
			}
		}
	}
	if !fell {
		t.Error("nothing is shown: no sum fell by rounding")
	}
}

// FuzzParse: what is understood is written such that it is understood alike.
func FuzzParse(f *testing.F) {
	f.Add("# HELP a x\\n\n# TYPE a histogram\na_bucket{le=\"1\",b=\"\\\\\"} 1\na_sum 2\na_count 1\nc{d=\"\\\"\"} -Inf 5\n")
	f.Add("a{} NaN\n# TYPE b summary\nb{quantile=\"1\"} 1e-9\nb_sum 1\n")
	f.Fuzz(func(t *testing.T, text string) {
		var one, two Book
		one.Say("p", text)
		first, broken := one.Text()
		if broken["p"] != nil {
			return
		}
		if _, err := Parse(string(first)); err != nil {
			t.Fatalf("%q became %q: %v", text, first, err)
		}
		one.Bury("p")
		after, _ := one.Text()
		two.Say("q", string(first))
		two.Bury("q")
		if second, _ := two.Text(); string(second) != string(after) {
			t.Fatalf("%q\nbecame %q\nand then %q", text, after, second)
		}
	})
}
