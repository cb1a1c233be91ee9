package router_test

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/dram-go/dram/framework/router"
)

// pool is what the tables of FuzzOracle are chosen from: patterns that share
// beginnings, stand in each other's way and need the search to turn back.
var pool = []string{
	"GET /", "POST /", "GET /a", "GET /a/", "POST /a/", "GET /ab/", "GET /abc/d", "GET /a/b/c/",
	"GET /{x}", "GET /{x}/", "GET /{x:int}/", "GET /{x:uint}", "POST /{x:int}", "GET /{x:date}",
	"GET /a/{y}/c", "GET /a/{y:int}/", "POST /a/{y:int}/", "PUT /a/{y:int}", "HEAD /a/{y}", "* /a/{y}/",
	"GET /ab/{y}/{z}", "GET /ab/{y:int}/edit/", "GET /ab/{y}/edit", "DELETE /ab/{y:uint}/{z:int}/",
	"GET /{x}/b/{z}", "GET /{x:int}/b/{z:int}/", "* /{x}/{y}", "GET /a/{rest...}", "POST /ab/{y}/{rest...}", "GET /{rest...}",
	"GET /질문/{y}/", "GET /질/",
}

// TestOracle asks for paths that are close to the patterns of many tables.
func TestOracle(t *testing.T) {
	t.Parallel()
	words := []string{"", "a", "ab", "abc", "b", "c", "d", "7", "-7", "0", "-0", "007", "2024-02-29", "2023-02-29", "edit", "질문", "질", "x", "."}
	state := uint32(1)
	next := func(n int) int { // xorshift: the same in every run
		state ^= state << 13
		state ^= state >> 17
		state ^= state << 5
		return int(state % uint32(n))
	}
	for range 800 {
		mask := uint32(next(1<<31))<<1 | uint32(next(2))
		r, routes := chosen(mask)
		for range 20 {
			path := ""
			for range 1 + next(4) {
				path += "/" + words[next(len(words))]
			}
			agree(t, r, routes, []string{"GET", "POST", "HEAD", "PUT", "DELETE", "PATCH"}[next(6)], path)
		}
	}
}

// FuzzOracle compares the router with a way to match that is too slow and too
// simple to be wrong: of all patterns that fit, segment by segment, the best.
func FuzzOracle(f *testing.F) {
	for _, path := range []string{"/", "/a", "/a/", "/ab/7/edit/", "/7/b/7", "/a/b/c/d", "/a//b", "/질문/x/", "/2024-02-29", "/a/./b", "/ab/1/2/", "/a/9223372036854775808/", `/a/\`} {
		f.Add(^uint32(0), "GET", path)
		f.Add(uint32(0xf0f0f0f0), "POST", path)
	}
	f.Fuzz(func(t *testing.T, mask uint32, method, path string) {
		if strings.Contains(path, "%") || method == router.Any {
			return // decoding is compared by FuzzMatchURL
		}
		r, routes := chosen(mask)
		agree(t, r, routes, method, path)
	})
}

// chosen builds a router of the patterns whose bits are set.
func chosen(mask uint32) (*router.Router[string], []string) {
	r := router.New[string]()
	var routes []string
	for i, route := range pool {
		if mask>>i&1 == 1 {
			method, pattern, _ := strings.Cut(route, " ")
			r.Add(method, pattern, route, "pool:"+strconv.Itoa(i))
			routes = append(routes, route)
		}
	}
	if err := r.Build(); err != nil {
		panic(err)
	}
	return r, routes
}

func agree(t *testing.T, r *router.Router[string], routes []string, method, path string) {
	t.Helper()
	var p router.Params
	got := r.Match(method, path, &p)
	want := oracle(routes, method, path)
	answer := got.Status.String()
	switch got.Status {
	case router.Found:
		answer = got.Entry.Value
		for i := range p.Len() {
			name, value := p.At(i)
			answer += " " + name + "=" + strconv.Quote(value)
		}
	case router.MethodNotAllowed:
		answer += " " + got.Allow
	case router.Redirect:
		answer += " " + got.Path
	}
	if answer != want {
		t.Fatalf("%s %q among %q:\ngot  %s\nwant %s", method, path, routes, answer, want)
	}
}

// oracle answers as agree writes it.
func oracle(routes []string, method, path string) string {
	if !pathIsGood(path) {
		return "BadPath"
	}
	if strings.Contains(path, "//") {
		return "NotFound"
	}
	if route, params := best(routes, method, path); route != "" {
		return route + params
	}
	var methods []string
	for _, m := range []string{"GET", "HEAD", "POST", "PUT", "DELETE"} {
		if route, _ := best(routes, m, path); route != "" {
			methods = append(methods, m)
		}
	}
	if len(methods) > 0 {
		methods = append(methods, "OPTIONS")
		slices.Sort(methods)
		return "MethodNotAllowed " + strings.Join(methods, ", ")
	}
	other, hasSlash := strings.CutSuffix(path, "/")
	if !hasSlash {
		other += "/"
	}
	if other == "" {
		return "NotFound"
	}
	if route, _ := best(routes, method, other); route != "" && (method == "GET" || method == "HEAD") {
		return "Redirect " + (&url.URL{Path: other}).EscapedPath()
	}
	return "NotFound"
}

func pathIsGood(path string) bool {
	if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "\\\x00") || !utf8.ValidString(path) {
		return false
	}
	return !slices.ContainsFunc(strings.Split(path, "/"), func(s string) bool { return s == "." || s == ".." })
}

// best returns the route that wins for a method, with its parameters.
func best(routes []string, method, path string) (route, params string) {
	type candidate struct {
		route, params string
		rank          []int
	}
	var fits []candidate
	for _, route := range routes {
		of, pattern, _ := strings.Cut(route, " ")
		rank, params, ok := fit(pattern, path)
		if !ok {
			continue
		}
		// At one pattern, the method itself wins, then GET for HEAD, then any.
		switch {
		case of == method:
			rank = append(rank, 0)
		case of == "GET" && method == "HEAD":
			rank = append(rank, 1)
		case of == router.Any:
			rank = append(rank, 2)
		default:
			continue
		}
		fits = append(fits, candidate{route, params, rank})
	}
	if len(fits) == 0 {
		return "", ""
	}
	c := slices.MinFunc(fits, func(a, b candidate) int { return slices.Compare(a.rank, b.rank) })
	return c.route, c.params
}

var inPattern = regexp.MustCompile(`^\{(\w+)(:\w+|\.\.\.)?\}$`)

// fit says how well a pattern fits a path, by segment: 0 for literal text, 9
// for a rest, converters and plain parameters between. The end of the path is
// -1.
func fit(pattern, path string) (rank []int, params string, ok bool) {
	left := strings.Split(path[1:], "/")
	for _, part := range strings.Split(pattern[1:], "/") {
		m := inPattern.FindStringSubmatch(part)
		if len(left) == 0 {
			return nil, "", false
		}
		if m != nil && m[2] == "..." {
			rest := strings.Join(left, "/")
			return append(rank, 9), params + fmt.Sprintf(" %s=%q", m[1], rest), true
		}
		text := left[0]
		left = left[1:]
		switch {
		case m == nil && part == text:
			rank = append(rank, 0)
			continue
		case m == nil || text == "":
			return nil, "", false
		}
		place := map[string]int{":date": 1, ":uint": 2, ":int": 3, "": 4}[m[2]]
		if !ofKind(m[2], text) {
			return nil, "", false
		}
		rank, params = append(rank, place), params+fmt.Sprintf(" %s=%q", m[1], text)
	}
	if len(left) > 0 {
		return nil, "", false
	}
	return append(rank, -1), params, true
}

func ofKind(kind, text string) bool {
	switch kind {
	case ":int":
		n, err := strconv.ParseInt(text, 10, 64)
		return err == nil && strconv.FormatInt(n, 10) == text
	case ":uint":
		n, err := strconv.ParseUint(text, 10, 64)
		return err == nil && strconv.FormatUint(n, 10) == text
	case ":date":
		_, err := time.Parse(time.DateOnly, text)
		return err == nil
	}
	return true
}

// FuzzMatchURL: the short cut leads where the long way does.
func FuzzMatchURL(f *testing.F) {
	r := build(f, fuzzed...)
	for _, path := range []string{"/", "/question/detail/7/", "/files/a%2Fb", "/files/a%20b", "/files/100%25", "/%EC%A7%88%EB%AC%B8/x/", "/질문/x/", "/files/a;b!c", "/files/%41", "*", "/on/%37"} {
		f.Add("GET", path)
	}
	f.Fuzz(func(t *testing.T, method, path string) {
		u, err := url.ParseRequestURI(path)
		if err != nil {
			return
		}
		var short, long router.Params
		a, b := r.MatchURL(method, u, &short), r.Match(method, u.EscapedPath(), &long)
		if a != b || !sameParams(&short, &long) {
			t.Fatalf("%s %q: by its URL %+v, by its path %+v", method, path, a, b)
		}
	})
}

func TestMatchBeforeBuild(t *testing.T) {
	t.Parallel()
	var p router.Params
	r := router.New[string]()
	r.Add("GET", "/a", "", "")
	if got := r.Match("GET", "/a", &p); got.Status != router.NotFound {
		t.Errorf("an unbuilt router answers %v", got.Status)
	}
}
