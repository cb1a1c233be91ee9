package router_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/dram-go/dram/framework/router"
)

// build makes a router of "METHOD pattern name" lines whose values are the
// lines' first two words.
func build(t testing.TB, routes ...string) *router.Router[string] {
	t.Helper()
	r := router.New[string]()
	add(r, routes...)
	if err := r.Build(); err != nil {
		t.Fatal(err)
	}
	return r
}

func add(r *router.Router[string], routes ...string) {
	for i, line := range routes {
		f := strings.Fields(line)
		e := r.Add(f[0], f[1], f[0]+" "+f[1], fmt.Sprintf("app.go:%d", i+1))
		if len(f) > 2 {
			r.Name(e, f[2])
		}
	}
}

// answer shows a match in one line.
func answer(r *router.Router[string], method, path string) string {
	var p router.Params
	res := r.Match(method, path, &p)
	switch res.Status {
	case router.Found:
		out := res.Entry.Value
		for i := range p.Len() {
			name, value := p.At(i)
			out += fmt.Sprintf(" %s=%q", name, value)
		}
		return out
	case router.MethodNotAllowed:
		return "405 " + res.Allow
	case router.Redirect:
		return "308 " + res.Path
	}
	return res.Status.String()
}

func TestMatch(t *testing.T) {
	r := build(t,
		"GET / home",
		"GET /question/list/",
		"GET /question/detail/{id:int}/",
		"GET /question/create/", "POST /question/create/",
		"POST /question/{id:int}/vote",
		"GET /pick/new", "GET /pick/{d:date}", "GET /pick/{n:uint}", "GET /pick/{i:int}", "GET /pick/{u:uuid}", "GET /pick/{s:slug}", "GET /pick/{any}", "GET /pick/{all...}",
		"GET /back/new/one", "GET /back/{id}/two",
		"GET /m/x", "POST /m/{y}",
		"GET /files/{path...}",
		"GET /질문/{제목}/",
		"PUT /only", "HEAD /head", "GET /head", "* /all", "GET /all",
	)
	for _, c := range []struct{ method, path, want string }{
		{"GET", "/", "GET /"},
		{"HEAD", "/", "GET /"},
		{"GET", "/question/list/", "GET /question/list/"},
		{"GET", "/question/list", "308 /question/list/"},
		{"HEAD", "/question/list", "308 /question/list/"},
		{"POST", "/question/create", "NotFound"},
		{"POST", "/question/create/", "POST /question/create/"},
		{"GET", "/question/detail/42/", `GET /question/detail/{id:int}/ id="42"`},
		{"GET", "/question/detail/42", "308 /question/detail/42/"},
		{"GET", "/question/detail/abc/", "NotFound"},
		{"GET", "/question/detail/007/", "NotFound"},
		{"GET", "/question/detail/+7/", "NotFound"},
		{"GET", "/question/detail/9223372036854775807/", `GET /question/detail/{id:int}/ id="9223372036854775807"`},
		{"GET", "/question/detail/9223372036854775808/", "NotFound"},
		{"DELETE", "/question/create/", "405 GET, HEAD, OPTIONS, POST"},
		{"OPTIONS", "/question/create/", "405 GET, HEAD, OPTIONS, POST"},
		{"GET", "/question/3/vote", "405 OPTIONS, POST"},
		{"POST", "/question/3/vote/", "NotFound"},

		{"GET", "/pick/new", "GET /pick/new"},
		{"GET", "/pick/2024-02-29", `GET /pick/{d:date} d="2024-02-29"`},
		{"GET", "/pick/2023-02-29", `GET /pick/{s:slug} s="2023-02-29"`},
		{"GET", "/pick/7", `GET /pick/{n:uint} n="7"`},
		{"GET", "/pick/-7", `GET /pick/{i:int} i="-7"`},
		{"GET", "/pick/-0", `GET /pick/{s:slug} s="-0"`},
		{"GET", "/pick/18446744073709551615", `GET /pick/{n:uint} n="18446744073709551615"`},
		{"GET", "/pick/18446744073709551616", `GET /pick/{s:slug} s="18446744073709551616"`},
		{"GET", "/pick/3F2504E0-4f89-41d3-9a0c-0305e82c3301", `GET /pick/{u:uuid} u="3F2504E0-4f89-41d3-9a0c-0305e82c3301"`},
		{"GET", "/pick/%EA%B0%80-1", `GET /pick/{s:slug} s="가-1"`},
		{"GET", "/pick/a.b", `GET /pick/{any} any="a.b"`},
		{"GET", "/pick/a/b/", `GET /pick/{all...} all="a/b/"`},
		{"GET", "/pick/a//b", "NotFound"},

		{"GET", "/back/new/two", `GET /back/{id}/two id="new"`},
		{"POST", "/m/x", `POST /m/{y} y="x"`},
		{"PUT", "/m/x", "405 GET, HEAD, OPTIONS, POST"},

		{"GET", "/files/", `GET /files/{path...} path=""`},
		{"GET", "/files", "308 /files/"},
		{"GET", "/files/a%20b/c.css", `GET /files/{path...} path="a b/c.css"`},
		{"GET", "/files/a/../b", "BadPath"},
		{"GET", "/files/a/%2e%2E/b", "BadPath"},

		{"GET", "/%EC%A7%88%EB%AC%B8/%EC%99%9C/", `GET /질문/{제목}/ 제목="왜"`},
		{"GET", "/%EC%A7%88%EB%AC%B8/%EC%99%9C%3F", "308 /%EC%A7%88%EB%AC%B8/%EC%99%9C%3F/"},

		{"GET", "/%71uestion/list/", "GET /question/list/"},
		{"GET", "/question%2Flist/", "BadPath"},
		{"GET", "/pick/a%5cb", "BadPath"},
		{"GET", `/pick/a\b`, "BadPath"},
		{"GET", "/pick/%00", "BadPath"},
		{"GET", "/pick/%EA%B0%80%5C", "BadPath"},
		{"GET", "/pick/%EA%B0%80%00", "BadPath"},
		{"GET", "/pick/%ff", "BadPath"},
		{"GET", "/nowhere/%ff", "BadPath"},
		{"GET", "/pick/%", "BadPath"},
		{"GET", "/pick/%4", "BadPath"},
		{"GET", "/pick/%zz", "BadPath"},
		{"GET", "/pick/%252e%252e", `GET /pick/{any} any="%2e%2e"`},
		{"GET", "/./", "BadPath"},
		{"GET", "", "BadPath"},
		{"OPTIONS", "*", "BadPath"},
		{"GET", "//", "NotFound"},
		{"GET", "//evil.example/question/list", "NotFound"},
		{"GET", "//question/list/", "NotFound"},
		{"GET", "/question//list/", "NotFound"},
		{"CONNECT", "//", "NotFound"},

		{"PUT", "/only", "PUT /only"},
		{"GET", "/only", "405 OPTIONS, PUT"},
		{"HEAD", "/head", "HEAD /head"},
		{"PURGE", "/all", "* /all"},
		{"HEAD", "/all", "GET /all"},
		{"GET", "/nowhere", "NotFound"},
	} {
		if got := answer(r, c.method, c.path); got != c.want {
			t.Errorf("%s %s:\n got %s\nwant %s", c.method, c.path, got, c.want)
		}
	}
}

func TestManySiblings(t *testing.T) {
	var routes []string
	for i := range 40 {
		routes = append(routes, fmt.Sprintf("GET /%c%d/{id:int}", 'a'+i%7, i))
	}
	r := build(t, append(routes, "GET /{other}/{id:int}")...)
	for i := range 40 {
		place := fmt.Sprintf("/%c%d/", 'a'+i%7, i)
		if got, want := answer(r, "GET", place+"1"), "GET "+place+`{id:int} id="1"`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := answer(r, "GET", "/z/1"); got != `GET /{other}/{id:int} other="z" id="1"` {
		t.Errorf("got %s", got)
	}
}

func TestWrongSlashOfPostIsHinted(t *testing.T) {
	r := build(t, "POST /create/", "GET /list")
	for path, want := range map[string]string{"/create": "/create/", "/creat": "", "/list/": ""} {
		var p router.Params
		if res := r.Match("POST", path, &p); res.Status != router.NotFound || res.Path != want {
			t.Errorf("%s: %v %q, want NotFound %q", path, res.Status, res.Path, want)
		}
	}
}

func TestBuildReportsEverything(t *testing.T) {
	r := router.New[string]()
	add(r,
		"GET /a/{id:int}/ a",
		"GET /a/{qid:int}/more",
		"GET /b b", "GET /b",
		"GET /c b",
		"get /d",
		"GET e", "GET /f//g", "GET /h/{x", "GET /h/v{x}", "GET /h/{1x}", "GET /h/{x:itn}", "GET /h/{x...}/y", "GET /h/{x...:int}",
		"GET /i/{x}/{x}", "GET /j%20k", "GET /l?m", "GET /./n",
		"GET /{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}",
	)
	r.RegisterConverter("int", router.Converter{Match: func(string) bool { return true }})
	r.RegisterConverter("none", router.Converter{})
	err := r.Build()
	var faults router.Faults
	if !errors.As(err, &faults) {
		t.Fatalf("Build returned %T", err)
	}
	want := []string{
		`converter "int" exists already`,
		`converter "none" has no Match function`,
		`app.go:2: pattern "/a/{qid:int}/more" gives another name to the parameter that is {id} in "/a/{id:int}/" at app.go:1: use one name at one place`,
		`app.go:4: GET /b is already registered at app.go:3`,
		`app.go:5: the name "b" of "/c" already belongs to "/b" at app.go:3`,
		`app.go:6: "get" is no method: write it in capitals, like GET, or "*" for all`,
		`app.go:7: pattern "e": must begin with a slash`,
		`app.go:8: pattern "/f//g": has an empty segment (//)`,
		`app.go:9: pattern "/h/{x": "{x": a parameter takes a whole segment, {name} between two slashes`,
		`app.go:10: pattern "/h/v{x}": "v{x}": a parameter takes a whole segment, {name} between two slashes`,
		`app.go:11: pattern "/h/{1x}": "{1x}": the name must be a letter followed by letters, digits or _`,
		`app.go:12: pattern "/h/{x:itn}": "{x:itn}": unknown converter "itn", did you mean "int"?`,
		`app.go:13: pattern "/h/{x...}/y": {x...} must be the end of the pattern: it takes all that is left`,
		`app.go:14: pattern "/h/{x...:int}": "{x...:int}": a rest has no converter`,
		`app.go:15: pattern "/i/{x}/{x}": parameter "x" occurs twice`,
		`app.go:16: pattern "/j%20k": "j%20k": write the text itself, not its percent-encoding`,
		`app.go:17: pattern "/l?m": "l?m": query and fragment are not part of a pattern`,
		`app.go:18: pattern "/./n": "." can never match: such a path is refused`,
		`app.go:19: pattern "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}": has 9 parameters, at most 8 are possible`,
	}
	if got := err.Error(); got != strings.Join(want, "\n") {
		t.Errorf("got:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
	}
}
