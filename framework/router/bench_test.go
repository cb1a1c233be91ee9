package router_test

import (
	"testing"

	"github.com/dram-go/dram/framework/router"
)

// board is the route table of a question-and-answer board.
var board = []string{
	"GET / main.index",
	"GET /question/list/ question.list",
	"GET /question/detail/{id:int}/ question.detail",
	"GET /question/create/ question.create", "POST /question/create/",
	"GET /question/modify/{id:int}/ question.modify", "POST /question/modify/{id:int}/",
	"POST /question/delete/{id:int}/ question.delete",
	"POST /question/vote/{id:int}/ question.vote",
	"POST /answer/create/{id:int}/ answer.create",
	"GET /answer/modify/{id:int}/ answer.modify", "POST /answer/modify/{id:int}/",
	"POST /answer/delete/{id:int}/ answer.delete",
	"POST /answer/vote/{id:int}/ answer.vote",
	"GET /comment/create/question/{id:int}/ comment.question", "POST /comment/create/question/{id:int}/",
	"GET /comment/create/answer/{id:int}/ comment.answer", "POST /comment/create/answer/{id:int}/",
	"GET /comment/modify/{id:int}/ comment.modify", "POST /comment/modify/{id:int}/",
	"POST /comment/delete/{id:int}/ comment.delete",
	"GET /auth/signup/ auth.signup", "POST /auth/signup/",
	"GET /auth/login/ auth.login", "POST /auth/login/",
	"POST /auth/logout/ auth.logout",
	"GET /profile/{username}/ profile.show",
	"GET /recent/ recent",
	"GET /static/{path...} static",
}

var boardRequests = []struct {
	name, method, path string
	status             router.Status
}{
	{"static", "GET", "/question/list/", router.Found},
	{"int", "GET", "/question/detail/4711/", router.Found},
	{"deep", "POST", "/comment/create/question/4711/", router.Found},
	{"plain", "GET", "/profile/hong/", router.Found},
	{"rest", "GET", "/static/css/site.3fa9c1d2e4b5.css", router.Found},
	{"head", "HEAD", "/question/detail/4711/", router.Found},
	{"missing", "GET", "/wp-login.php", router.NotFound},
	{"method", "GET", "/question/vote/4711/", router.MethodNotAllowed},
	{"slash", "GET", "/question/detail/4711", router.Redirect},
}

func BenchmarkMatch(b *testing.B) {
	r := build(b, board...)
	for _, c := range boardRequests {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			var p router.Params
			for b.Loop() {
				if r.Match(c.method, c.path, &p).Status != c.status {
					b.Fatal("wrong status")
				}
			}
		})
	}
}

func BenchmarkPath(b *testing.B) {
	r := build(b, board...)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Path("question.detail", 4711); err != nil {
			b.Fatal(err)
		}
	}
}

// TestMatchAllocatesNothing holds the promise of doc.go: finding a route, and
// finding none, allocates nothing.
func TestMatchAllocatesNothing(t *testing.T) {
	r := build(t, board...)
	var p router.Params
	for _, c := range boardRequests {
		if c.status != router.Found && c.status != router.NotFound {
			continue
		}
		n := testing.AllocsPerRun(100, func() {
			if got := r.Match(c.method, c.path, &p).Status; got != c.status {
				t.Errorf("%s: %v", c.name, got)
			}
		})
		if n != 0 {
			t.Errorf("%s: %v allocations", c.name, n)
		}
	}
}
