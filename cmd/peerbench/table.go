package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
)

// table is what the routers have to know and to find. Patterns are written
// {name}, {name:int} and {name...}; a pattern that ends in a slash means that
// path only.
type table struct {
	name     string
	routes   []route
	requests []request
}

type route struct{ method, pattern string }

// request is a request with the answer that is right.
type request struct {
	*http.Request
	route int    // index into the routes
	param string // text of the last parameter, "" when there is none
}

// answer is what a router says.
type answer struct {
	route int
	param string
}

// last returns the name of the last parameter.
func (r route) last() string {
	at := strings.LastIndexByte(r.pattern, '{')
	if at < 0 {
		return ""
	}
	name, _, _ := strings.Cut(r.pattern[at+1:], "}")
	name, _, _ = strings.Cut(name, ":")
	return strings.TrimSuffix(name, "...")
}

// translate writes the pattern in another notation: what a parameter is
// written as, and what the rest is.
func (r route) translate(param, rest func(name string) string) string {
	parts := strings.Split(r.pattern, "/")
	for i, part := range parts {
		inner, ok := strings.CutPrefix(part, "{")
		if !ok {
			continue
		}
		inner = strings.TrimSuffix(inner, "}")
		if name, ok := strings.CutSuffix(inner, "..."); ok {
			parts[i] = rest(name)
			continue
		}
		name, _, _ := strings.Cut(inner, ":")
		parts[i] = param(name)
	}
	return strings.Join(parts, "/")
}

// add adds a request for the route that was last added.
func (t *table) add(path, param string) {
	r := len(t.routes) - 1
	t.requests = append(t.requests, request{httptest.NewRequest(t.routes[r].method, path, nil), r, param})
}

func (t *table) route(method, pattern string) {
	t.routes = append(t.routes, route{method, pattern})
}

// board is a question-and-answer board: 29 routes, each asked for once, so
// one of four requests is for static text.
func board() table {
	t := table{name: "Pybo's 29 routes"}
	for _, r := range []struct{ method, pattern, path, param string }{
		{"GET", "/", "/", ""},
		{"GET", "/question/list/", "/question/list/", ""},
		{"GET", "/question/detail/{id:int}/", "/question/detail/4711/", "4711"},
		{"GET", "/question/create/", "/question/create/", ""},
		{"POST", "/question/create/", "/question/create/", ""},
		{"GET", "/question/modify/{id:int}/", "/question/modify/4711/", "4711"},
		{"POST", "/question/modify/{id:int}/", "/question/modify/4711/", "4711"},
		{"POST", "/question/delete/{id:int}/", "/question/delete/4711/", "4711"},
		{"POST", "/question/vote/{id:int}/", "/question/vote/4711/", "4711"},
		{"POST", "/answer/create/{id:int}/", "/answer/create/4711/", "4711"},
		{"GET", "/answer/modify/{id:int}/", "/answer/modify/4711/", "4711"},
		{"POST", "/answer/modify/{id:int}/", "/answer/modify/4711/", "4711"},
		{"POST", "/answer/delete/{id:int}/", "/answer/delete/4711/", "4711"},
		{"POST", "/answer/vote/{id:int}/", "/answer/vote/4711/", "4711"},
		{"GET", "/comment/create/question/{id:int}/", "/comment/create/question/4711/", "4711"},
		{"POST", "/comment/create/question/{id:int}/", "/comment/create/question/4711/", "4711"},
		{"GET", "/comment/create/answer/{id:int}/", "/comment/create/answer/4711/", "4711"},
		{"POST", "/comment/create/answer/{id:int}/", "/comment/create/answer/4711/", "4711"},
		{"GET", "/comment/modify/{id:int}/", "/comment/modify/4711/", "4711"},
		{"POST", "/comment/modify/{id:int}/", "/comment/modify/4711/", "4711"},
		{"POST", "/comment/delete/{id:int}/", "/comment/delete/4711/", "4711"},
		{"GET", "/auth/signup/", "/auth/signup/", ""},
		{"POST", "/auth/signup/", "/auth/signup/", ""},
		{"GET", "/auth/login/", "/auth/login/", ""},
		{"POST", "/auth/login/", "/auth/login/", ""},
		{"POST", "/auth/logout/", "/auth/logout/", ""},
		{"GET", "/profile/{username}/", "/profile/hong/", "hong"},
		{"GET", "/recent/", "/recent/", ""},
		{"GET", "/static/{path...}", "/static/css/site.3fa9c1d2e4b5.css", "css/site.3fa9c1d2e4b5.css"},
	} {
		t.route(r.method, r.pattern)
		t.add(r.path, r.param)
	}
	return shuffled(t)
}

// thousand is a large application: a hundred kinds of things with ten routes
// each, of which one of ten is static.
func thousand() table {
	t := table{name: "1,000 routes"}
	for i := range 100 {
		base := fmt.Sprintf("/%s%s/", []string{
			"account", "article", "basket", "channel", "device", "event", "invoice", "member", "order", "project",
		}[i%10], []string{"", "-archive", "-draft", "-group", "-history", "-label", "-note", "-rule", "-stat", "-tag"}[i/10])
		item := base + "{id:int}/"
		for _, r := range []route{
			{"GET", base}, {"POST", base}, {"GET", item}, {"PUT", item}, {"DELETE", item},
			{"GET", item + "edit/"}, {"POST", item + "vote/"}, {"GET", item + "comments/"},
			{"GET", item + "comments/{comment:int}/"}, {"DELETE", item + "comments/{comment:int}/"},
		} {
			t.route(r.method, r.pattern)
			path := strings.NewReplacer("{id:int}", "4711", "{comment:int}", "42").Replace(r.pattern)
			param := map[string]string{"": "", "id": "4711", "comment": "42"}[r.last()]
			t.add(path, param)
		}
	}
	return shuffled(t)
}

// shuffled asks in an order that no cache can foresee, the same in each run.
func shuffled(t table) table {
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(t.requests), func(i, j int) {
		t.requests[i], t.requests[j] = t.requests[j], t.requests[i]
	})
	return t
}
