package router_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/router"
)

type id int64

func (id) String() string { return "an id" }

type slugged struct{}

func (*slugged) MarshalText() ([]byte, error) { return []byte("from-text"), nil }

type word string

var reversible = []string{
	"GET / home",
	"GET /list/ list",
	"GET /detail/{id:int}/ detail", "POST /detail/{id:int}/ detail",
	"GET /on/{day:date} day",
	"GET /uuid/{u:uuid} uuid",
	"GET /tag/{s:slug}/{n:uint} tag",
	"GET /profile/{name}/ profile",
	"GET /files/{path...} files",
	"GET /{page...} page",
	"GET /질문/{제목} korean",
}

func TestPath(t *testing.T) {
	r := build(t, reversible...)
	day := time.Date(2024, 2, 29, 23, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name string
		args []any
		want string
	}{
		{"home", nil, "/"},
		{"list", nil, "/list/"},
		{"detail", []any{42}, "/detail/42/"},
		{"detail", []any{"-42"}, "/detail/-42/"},
		{"detail", []any{id(7)}, "/detail/7/"},
		{"detail", []any{uint8(7)}, "/detail/7/"},
		{"day", []any{day}, "/on/2024-02-29"},
		{"day", []any{"2024-02-29"}, "/on/2024-02-29"},
		{"uuid", []any{"3f2504e0-4f89-41d3-9a0c-0305e82c3301"}, "/uuid/3f2504e0-4f89-41d3-9a0c-0305e82c3301"},
		{"tag", []any{&slugged{}, uint64(1)}, "/tag/from-text/1"},
		{"tag", []any{word("질문"), 1}, "/tag/%EC%A7%88%EB%AC%B8/1"},
		{"profile", []any{"a b?c#d%e"}, "/profile/a%20b%3Fc%23d%25e/"},
		{"profile", []any{"..."}, "/profile/.../"},
		{"profile", []any{id(7)}, "/profile/an%20id/"},
		{"profile", []any{netip.MustParseAddr("::1")}, "/profile/::1/"},
		{"files", []any{""}, "/files/"},
		{"files", []any{"a b/c.css"}, "/files/a%20b/c.css"},
		{"files", []any{"dir/"}, "/files/dir/"},
		{"page", []any{"//"[:0]}, "/"},
		{"korean", []any{"왜?"}, "/%EC%A7%88%EB%AC%B8/%EC%99%9C%3F"},
	} {
		got, err := r.Path(c.name, c.args...)
		if err != nil || got != c.want {
			t.Errorf("Path(%s, %v) = %q, %v; want %q", c.name, c.args, got, err, c.want)
		}
	}
}

func TestPathErrors(t *testing.T) {
	r := build(t, reversible...)
	for _, c := range []struct {
		name string
		args []any
		want string // every word must be in the error
	}{
		{"detial", []any{1}, `no route named "detial", did you mean "detail"?`},
		{"nothing.like.it.at.all", nil, `no route named "nothing.like.it.at.all"`},
		{"detail", nil, `route "detail" is /detail/{id:int}/: it takes 1 value, not 0`},
		{"detail", []any{1, 2}, `takes 1 value, not 2`},
		{"tag", []any{1}, `takes 2 values, not 1`},
		{"detail", []any{"abc"}, `route "detail", value 1 for {id} of /detail/{id:int}/: "abc" is not of the kind "int"`},
		{"detail", []any{"007"}, `"007" is not of the kind "int"`},
		{"tag", []any{"a", -1}, `value 2 for {n} of /tag/{s:slug}/{n:uint}: "-1" is not of the kind "uint"`},
		{"detail", []any{[]int{1}}, `a []int has no text for a path`},
		{"detail", []any{nil}, `a <nil> has no text for a path`},
		{"profile", []any{(*slugged)(nil)}, `a *router_test.slugged has no text for a path`},
		{"profile", []any{1.5}, `a float64 has no text for a path`},
		{"profile", []any{""}, `is empty`},
		{"profile", []any{".."}, `".." cannot stand in one segment`},
		{"profile", []any{"."}, `"." cannot stand in one segment`},
		{"profile", []any{"a/b"}, `"a/b" cannot stand in one segment`},
		{"profile", []any{`a\b`}, `cannot stand in one segment`},
		{"profile", []any{"a\x00"}, `cannot stand in one segment`},
		{"profile", []any{"\xff"}, `cannot stand in one segment`},
		{"files", []any{"/a"}, `"/a" cannot be the rest of a path`},
		{"files", []any{"a//b"}, `cannot be the rest`},
		{"files", []any{"a/../b"}, `cannot be the rest`},
		{"page", []any{"/evil.example"}, `cannot be the rest`},
		{"page", []any{`\evil.example`}, `cannot be the rest`},
	} {
		got, err := r.Path(c.name, c.args...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Path(%s, %v) = %q, %v; want error with %q", c.name, c.args, got, err, c.want)
		}
	}
}

func TestNothingCloseIsNotSuggested(t *testing.T) {
	r := build(t, reversible...)
	if _, err := r.Path("zzz"); err == nil || strings.Contains(err.Error(), "did you mean") {
		t.Errorf("error %v", err)
	}
}

func TestParams(t *testing.T) {
	r := build(t, reversible...)
	if got, err := r.Params("tag"); err != nil || strings.Join(got, " ") != "s n" {
		t.Errorf("Params(tag) = %v, %v", got, err)
	}
	if _, err := r.Params("tga"); err == nil || !strings.Contains(err.Error(), `did you mean "tag"`) {
		t.Errorf("Params(tga): %v", err)
	}
}

func TestOwnConverter(t *testing.T) {
	r := router.New[string]()
	weekdays := []string{"mon", "tue", "wed"}
	r.RegisterConverter("weekday", router.Converter{
		Match: func(s string) bool { return strings.Contains("mon tue wed", s) && len(s) == 3 },
		Format: func(v any) (string, error) {
			n, ok := v.(int)
			if !ok || n < 0 || n >= len(weekdays) {
				return "", fmt.Errorf("%v is no weekday", v)
			}
			return weekdays[n], nil
		},
	})
	r.RegisterConverter("any", router.Converter{Match: func(string) bool { return true }})
	add(r, "GET /at/{s:slug} slug", "GET /at/{d:weekday} day", "GET /any/{x:any} any")
	if err := r.Build(); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/at/tue":       `GET /at/{d:weekday} d="tue"`,
		"/at/sun":       `GET /at/{s:slug} s="sun"`,
		"/any/a%5Cb":    "BadPath",
		"/any/%2e%2e":   "BadPath",
		"/any/%2e%2e/x": "BadPath",
	} {
		if got := answer(r, "GET", path); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	if got, err := r.Path("day", 1); err != nil || got != "/at/tue" {
		t.Errorf("Path(day, 1) = %q, %v", got, err)
	}
	if _, err := r.Path("day", 9); err == nil || !strings.Contains(err.Error(), "9 is no weekday") {
		t.Errorf("Path(day, 9): %v", err)
	}
	if _, err := r.Path("any", "a/b"); err == nil {
		t.Error("a slash went through an own converter")
	}
}

func TestNamesBelongToPatterns(t *testing.T) {
	r := build(t, "GET /create/ create", "POST /create/", "POST /only/{id}/ only", "GET /none")
	var got []string
	for _, e := range r.Entries() {
		got = append(got, e.Method+" "+e.Name+" "+e.Where)
	}
	want := "GET create app.go:1, POST create app.go:2, POST only app.go:3, GET  app.go:4"
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
	if path, err := r.Path("only", "x"); err != nil || path != "/only/x/" {
		t.Errorf("Path(only) = %q, %v", path, err)
	}
}

func TestNamingFaults(t *testing.T) {
	r := router.New[string]()
	e := r.Add("GET", "/a", "", "app.go:1")
	r.Name(e, "one")
	r.Name(e, "two")
	r.Name(e, "")
	err := r.Build()
	want := "app.go:1: GET /a is named twice, \"one\" and \"two\"\napp.go:1: GET /a: \"\" is no name for a route"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestFaultyRouterStillMatches(t *testing.T) {
	r := router.New[string]()
	add(r, "GET /a a", "GET b", "GET /c/{x:nope}")
	if r.Build() == nil {
		t.Fatal("no faults")
	}
	if got := answer(r, "GET", "/a"); got != "GET /a" {
		t.Errorf("got %s", got)
	}
}
