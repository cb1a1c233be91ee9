package view_test

import (
	"maps"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/dram-go/dram/framework/view"
)

func TestTrees(t *testing.T) {
	t.Parallel()
	set := view.New(view.Options{Prefix: "templates/", FS: fstest.MapFS{
		"layouts/base.html": {Data: []byte(`{{block "title" .}}layout{{end}}{{template "row" .}}`)},
		"partials/row.html": {Data: []byte(`{{.Row}}`)},
		"page.html":         {Data: []byte(`{{define "title"}}{{.Title}}{{end}}`)},
		"lone.html":         {Data: []byte(`{{/* layout: none */}}alone`)},
		"lost.html":         {Data: []byte(`{{/* layout: nowhere */}}`)},
	}})
	root, trees, err := set.Trees("page.html")
	if err != nil || root != "templates/layouts/base.html" {
		t.Fatalf("root %q, error %v", root, err)
	}
	if got, want := slices.Sorted(maps.Keys(trees)), []string{"row", "templates/layouts/base.html", "title"}; !slices.Equal(got, want) {
		t.Errorf("trees %q, want %q", got, want)
	}
	if title := trees["title"]; title == nil || title.Root.String() != "{{.Title}}" || title.ParseName != "templates/page.html" {
		t.Errorf("the block of the page does not win: %v", title)
	}
	clear(trees)
	if _, again, _ := set.Trees("page.html"); len(again) != 3 {
		t.Errorf("the set gave its own map away: %d trees are left", len(again))
	}
	if root, _, err := set.Trees("lone.html"); err != nil || root != "templates/lone.html" {
		t.Errorf("a page without a layout: root %q, error %v", root, err)
	}
	for _, name := range []string{"nobody.html", "lost.html"} {
		if _, _, err := set.Trees(name); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
