package webtest_test

import (
	"strings"
	"testing"

	"github.com/dram-go/dram/framework/webtest"
)

func TestSeeing(t *testing.T) {
	site := newSite(t)
	site.Submit("create", form("a <b> & c")).
		Status(303).
		Header("Location", "/note/1?new=1#top").
		Header("Content-Language", "").
		RedirectsTo("note", 1).
		Follow().
		Status(200).
		See("a <b> & c").
		See("a <b> & c second cells").
		See("Notes").
		See("td", "second", "cells").
		See("td:first-child", "").
		Not("hidden").
		Not("secret").
		Not("td", "second", "a <b>").
		Not(".nothing", "").
		Count("td", 2)
	site.Get("home").See(".flash", "saved")
	site.Get("home").Not(".flash", "saved")
	site.Submit("create", form("")).
		Status(422).
		See("The text is required").
		See("#text-error", "text is\nrequired").
		See("[name=text][aria-invalid=true]", "").
		Count("td", 0)
	site.Submit("clear").RedirectsTo("home").Follow().Status(200)
	if got := site.Get("home").Find(".flash").AttrOr("class", ""); got != "flash" {
		t.Errorf("class %q", got)
	}
}

func TestPlainBodiesAreSearchedAsTheyAre(t *testing.T) {
	site := newSite(t)
	site.SendJSON("PUT", "json", "<script>x</script>").See(`\u003cscript`).Not("<p>")
}

func TestJSON(t *testing.T) {
	var got struct{ A int }
	newSite(t).SendJSON("PUT", "json", map[string]int{"A": 4}).JSON(&got)
	if got.A != 4 {
		t.Errorf("got %+v", got)
	}
}

func TestRedirects(t *testing.T) {
	site := newSite(t)
	for _, to := range []string{"/", "/?next=/x", "http://localhost/", "../", "../?a=b"} {
		site.GetPath("/to/303?to=" + to).RedirectsTo("home")
	}
	site.GetPath("/to/303?to=/?a=b").RedirectsToPath("/?a=b").Follow().Status(200)
	site.GetPath("/to/308?to=/").Follow().Status(200)
}

// TestFailures holds what each check says when it fails.
func TestFailures(t *testing.T) {
	type R = webtest.Response
	for name, c := range map[string]struct {
		path string
		run  func(r *R)
		want []string
	}{
		"status":         {"/", func(r *R) { r.Status(404) }, []string{"GET /: 200 OK", "want status 404 Not Found", "The body shows: Notes"}},
		"redirected":     {"/to/303?to=/x", func(r *R) { r.Status(200) }, []string{"303 See Other to /x"}},
		"header":         {"/", func(r *R) { r.Header("X", "y") }, []string{`header X is "", want "y"`}},
		"see":            {"/", func(r *R) { r.See("nothing") }, []string{`want to see "nothing" on the page`}},
		"see in":         {"/note/1", func(r *R) { r.See("td", "x") }, []string{`want to see ["x"] in td, which matches nothing`, "GET /note/1: 404 Not Found", "no such note"}},
		"see in another": {"/", func(r *R) { r.See("p", "x") }, []string{`want to see ["x"] in p, which shows ""`}},
		"not":            {"/", func(r *R) { r.Not("Notes") }, []string{`want not to see "Notes" on the page`}},
		"not in":         {"/", func(r *R) { r.Not("title", "Notes") }, []string{`want not to see ["Notes"] in title`}},
		"no argument":    {"/", func(r *R) { r.See() }, []string{"See needs a text"}},
		"selector":       {"/", func(r *R) { r.See("p[", "x") }, []string{`"p[" is no CSS selector`}},
		"count":          {"/", func(r *R) { r.Count("p", 2) }, []string{"p matches 1 elements, want 2"}},
		"json":           {"/", func(r *R) { r.JSON(&struct{}{}) }, []string{`want JSON, not "text/html`}},
		"json shape":     {"/echo", func(r *R) { r.JSON(new(int)) }, []string{"does not fit into *int"}},
		"no redirect":    {"/", func(r *R) { r.RedirectsTo("home") }, []string{"want a redirect"}},
		"no location":    {"/to/303", func(r *R) { r.Follow() }, []string{"with a Location"}},
		"elsewhere":      {"/to/303?to=/x", func(r *R) { r.RedirectsTo("home") }, []string{"want a redirect to /", "303 See Other to /x"}},
		"other query":    {"/to/303?to=/?a=c", func(r *R) { r.RedirectsToPath("/?a=b") }, []string{"want a redirect to /?a=b"}},
		"other fragment": {"/to/303?to=/note/1", func(r *R) { r.RedirectsTo("note", 1) }, []string{"want a redirect to /note/1#top"}},
		"abroad":         {"/to/303?to=http://evil.example/", func(r *R) { r.RedirectsTo("home") }, []string{"within the site"}},
		"scheme":         {"/to/303?to=//evil.example/", func(r *R) { r.Follow() }, []string{"within the site"}},
	} {
		got := failure(t, func(t testing.TB) { c.run(newSite(t).GetPath(c.path)) })
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
	}
	got := failure(t, func(t testing.TB) { newSite(t).SubmitPath("/to/307?to=/", nil).Follow() })
	if !strings.Contains(got, "repeat the POST") {
		t.Errorf("got %q", got)
	}
}

func TestLongBodiesAreShortened(t *testing.T) {
	got := failure(t, func(t testing.TB) {
		site := newSite(t)
		site.Submit("create", form(strings.Repeat("가나다 ", 1000))).Follow().Status(404)
	})
	if len(got) > 1000 || !strings.HasSuffix(got, " …") || strings.ContainsRune(got, '\uFFFD') {
		t.Errorf("%d bytes: %q", len(got), got)
	}
}
