package main

import (
	"slices"
	"testing"
)

func TestSpoken(t *testing.T) {
	t.Parallel()
	for stderr, want := range map[string][]string{
		"qna: one\ntwo\n":            {"one", "two"},
		"time=1 msg=x\nqna: one\n":   {"one"},
		"panic: something\n at once": {"panic: something", " at once"},
		"":                           {""},
	} {
		if got := spoken(stderr, "qna: "); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", stderr, got, want)
		}
	}
}

func TestNamedRoutes(t *testing.T) {
	t.Parallel()
	got, err := namedRoutes([]byte(`[{"name":"a","pattern":"/a"},{"name":"","pattern":"/b"}]`))
	if err != nil || len(got) != 1 || got["a"] != "/a" {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := namedRoutes([]byte("no list")); err == nil {
		t.Error("what is no list was read")
	}
}

func TestPageRow(t *testing.T) {
	t.Parallel()
	for want, row := range map[string]pageRow{
		"a.html: compiled": {"a.html", "compiled", ""},
		"b.html: not compiled: templates/b.html:1:3: range over a channel": {"b.html", "html/template", "templates/b.html:1:3: range over a channel"},
	} {
		if got := row.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
