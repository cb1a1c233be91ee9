package router_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/dram-go/dram/framework/router"
)

var fuzzed = []string{
	"GET / home",
	"GET /question/list/ list",
	"GET /question/detail/{id:int}/ detail",
	"POST /question/detail/{id:int}/",
	"GET /question/{word}/x word",
	"GET /on/{day:date} day", "GET /on/{n:uint} n", "GET /on/{s:slug} s", "GET /on/{u:uuid} u",
	"GET /files/{path...} files",
	"GET /질문/{제목}/ korean",
	"GET /{a}/{b}/{c} abc",
}

// FuzzMatch feeds any method and path: nothing may panic, what was found must
// be written back to the same place, and a redirect must lead to a route of
// this site.
func FuzzMatch(f *testing.F) {
	r := build(f, fuzzed...)
	for _, path := range []string{
		"/", "", "*", "//", "///", "//evil.example/", "/question/list", "/question/detail/7/", "/question/detail/7", "/%", "/%2", "/%2f",
		"/files/a/b/", "/files", "/files/../", "/on/2024-02-29", "/on/18446744073709551616", "/%EC%A7%88%EB%AC%B8/a%3Fb", "/a/b/c/", `/\evil.example/x/y`, "/%5Cevil/x", "/on/3F2504E0-4f89-41d3-9a0c-0305e82c3301",
	} {
		f.Add("GET", path)
		f.Add("POST", path)
	}
	f.Fuzz(func(t *testing.T, method, path string) {
		var p router.Params
		res := r.Match(method, path, &p)
		switch res.Status {
		case router.Found:
			roundTrip(t, r, method, path, res, &p)
		case router.Redirect:
			checkRedirect(t, r, method, res.Path)
		}
	})
}

func roundTrip(t *testing.T, r *router.Router[string], method, path string, res router.Result[string], p *router.Params) {
	t.Helper()
	args := make([]any, p.Len())
	for i := range args {
		_, args[i] = p.At(i)
	}
	written, err := r.Path(res.Entry.Name, args...)
	if err != nil {
		t.Fatalf("%s %q was found, but not written: %v", method, path, err)
	}
	was, err := url.PathUnescape(path)
	if err != nil {
		t.Fatalf("%q was found, but net/url refuses it: %v", path, err)
	}
	if now, _ := url.PathUnescape(written); now != was {
		t.Fatalf("%q was written as %q", path, written)
	}
	var again router.Params
	second := r.Match(method, written, &again)
	if second.Entry != res.Entry || !sameParams(p, &again) {
		t.Fatalf("%q and its own path %q lead to different routes", path, written)
	}
}

func sameParams(a, b *router.Params) bool {
	if a.Len() != b.Len() {
		return false
	}
	for i := range a.Len() {
		an, av := a.At(i)
		bn, bv := b.At(i)
		if an != bn || av != bv {
			return false
		}
	}
	return true
}

func checkRedirect(t *testing.T, r *router.Router[string], method, to string) {
	t.Helper()
	if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\x00 ?#") {
		t.Fatalf("redirect to %q", to)
	}
	u, err := url.Parse(to)
	if err != nil || u.Host != "" || u.Scheme != "" {
		t.Fatalf("redirect to %q: %v, host %q", to, err, u.Host)
	}
	if method != "GET" && method != "HEAD" {
		t.Fatalf("redirect of %s", method)
	}
	var p router.Params
	if res := r.Match(method, to, &p); res.Status != router.Found {
		t.Fatalf("redirect to %q, which is %v", to, res.Status)
	}
}

// FuzzPattern feeds any pattern and path: Add, Build and Match never panic.
func FuzzPattern(f *testing.F) {
	for _, pattern := range []string{"/", "/a/{b}/", "/{c:int}", "/{d...}", "/{", "/}", "/{}", "//", "/{a:}", "/{...}", "/{a:int...}", "/{a.b}", "/%41", "/a?b"} {
		f.Add(pattern, "/a/b/")
		f.Add(pattern, pattern)
	}
	f.Fuzz(func(t *testing.T, pattern, path string) {
		r := router.New[int]()
		e := r.Add("GET", pattern, 1, "app.go:1")
		r.Name(e, "it")
		r.Add("GET", "/fixed/{word}", 2, "app.go:2")
		err := r.Build()
		var p router.Params
		res := r.Match("GET", path, &p)
		if res.Entry == e && err != nil && !strings.Contains(err.Error(), "app.go:2") {
			t.Fatalf("faulty pattern %q matched: %v", pattern, err)
		}
		if params, perr := r.Params("it"); err == nil && perr == nil && len(params) == 0 {
			if path, _ := r.Path("it"); r.Match("GET", path, &p).Entry != e {
				t.Fatalf("static pattern %q does not match its own path %q", pattern, path)
			}
		}
	})
}
