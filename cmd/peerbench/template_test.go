package main

import (
	"bytes"
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/dram-go/dram/cmd/peerbench/listpage"
)

// TestWritersAgree: html/template, Dram and the hand write the same bytes; the
// others, which have rules of their own for space and entities, the same page.
func TestWritersAgree(t *testing.T) {
	for name, page := range map[string]*listpage.Page{"ten rows": listpage.Data(), "none": {Title: "Nothing"}} {
		all, err := writers(page)
		if err != nil {
			t.Fatal(err)
		}
		var want string
		for i, w := range all {
			var b bytes.Buffer
			if err := w.write(&b); err != nil {
				t.Fatalf("%s, %s: %v", name, w.name, err)
			}
			got := b.String()
			switch {
			case i == 0:
				want = got
			case i <= 2 && got != want:
				t.Errorf("%s: %s writes\n%s\nwant\n%s", name, w.name, got, want)
			case normal(got) != normal(want):
				t.Errorf("%s: %s writes\n%s\nwant\n%s", name, w.name, normal(got), normal(want))
			}
		}
		if name == "ten rows" && strings.Count(want, "<tr>") != 11 {
			t.Errorf("the page has %d rows", strings.Count(want, "<tr>")-1)
		}
	}
}

var besideTags = regexp.MustCompile(`\s*(</?[^>]*>)\s*`)

// normal leaves out what browsers do not see.
func normal(page string) string {
	return strings.ToLower(html.UnescapeString(strings.ReplaceAll(besideTags.ReplaceAllString(page, "$1"), "/>", ">")))
}

// TestCompiled: the page that stands for Dram is a compiled one.
func TestCompiled(t *testing.T) {
	set, err := listpage.Set(true)
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range set.Compiled() {
		if !page.Compiled {
			t.Errorf("%s is not compiled: %v", page.Page, page.Left)
		}
	}
}

func TestMarkdown(t *testing.T) {
	var b bytes.Buffer
	laps := []*lap{{name: "one", ns: []float64{4000, 8000}}, {name: "two", ns: []float64{2000, 4000}, allocs: 3}}
	if err := markdown(&b, laps); err != nil {
		t.Fatal(err)
	}
	if want := "| two | 4.00 | 1.00 | 0.500 | 1.00 | 3 |\n"; !strings.HasSuffix(b.String(), want) {
		t.Errorf("the table is\n%s", b.String())
	}
}
