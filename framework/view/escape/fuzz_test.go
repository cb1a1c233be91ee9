package escape_test

import (
	"html/template"
	"math"
	"strings"
	"testing"
)

// FuzzStrings gives strings, as what they are and as each kind of content, to
// an escaper or a chain.
func FuzzStrings(f *testing.F) {
	lists := everyList()
	for which := range lists {
		f.Add(uint8(which), texts()[which])
	}
	o := newOracle(f, lists...)
	f.Fuzz(func(t *testing.T, which uint8, s string) {
		list := lists[int(which)%len(lists)]
		compare(t, o, list, s, template.HTML(s), template.HTMLAttr(s), template.URL(s), template.JS(s), template.JSStr(s),
			template.CSS(s), template.Srcset(s), label(s), []string{s})
		want, err := o.escape(list, s)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(chainOf(t, list).EscapeFrom([]byte("<+"+s), 2)); got != "<+"+want {
			t.Errorf("%s: EscapeFrom(%q) = %q, html/template makes %q", strings.Join(list, "|"), s, got, want)
		}
	})
}

// FuzzNumbers gives numbers to an escaper or a chain.
func FuzzNumbers(f *testing.F) {
	lists := everyList()
	o := newOracle(f, lists...)
	for which := range lists {
		for _, n := range []uint64{0, 1 << 63, math.MaxUint64, math.Float64bits(1e21), math.Float64bits(math.NaN()), math.Float64bits(1e-7)} {
			f.Add(uint8(which), n)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, n uint64) {
		compare(t, o, lists[int(which)%len(lists)],
			n, int64(n), int32(n), uint8(n), math.Float64frombits(n), math.Float32frombits(uint32(n)), number(n), n&1 == 0)
	})
}

// compare appends the values behind bytes that must stay.
func compare(t *testing.T, o *oracle, list []string, values ...any) {
	t.Helper()
	e := chainOf(t, list)
	for _, v := range values {
		want, err := o.escape(list, v)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := e.Append([]byte("<+"), v); err != nil || string(got) != "<+"+want {
			t.Errorf("%s: Append(%T %[2]q) = %q, %v, html/template makes %q", strings.Join(list, "|"), v, got, err, want)
		}
	}
}
