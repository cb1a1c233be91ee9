// Command board names things that it has and things that it has not. Each
// line with a fault says so behind "want".
package main

import (
	"fmt"

	dram "github.com/dram-go/dram/framework"
)

// Site embeds the app, as apps do.
type Site struct{ *dram.App }

// filter is another name of a query, as a package may have it.
type filter = dram.Query

const detail = "question" + ".detail"

func main() {
	s := &Site{dram.New(nil, nil)}
	s.Get("/list", s.list).Name("list")
	_, _ = s.URL("question.lits") // want `no route named "question.lits", did you mean "question.list"?`
}

func (s *Site) list(c *dram.Context) error {
	fmt.Println(c.T("greeting"), c.T("greting"), s.T("ko", "nobody.has.this")) // want `no file in locales/ has the text "greting", did you mean "greeting"?` `no file in locales/ has the text "nobody.has.this"`
	c.URL(detail)                                                              // want `route "question.detail" is /question/{id:int}/: it takes 1 value, not 0`
	c.URL(detail, 1, dram.Query{"page": 2}, dram.Fragment("answers"))
	c.URL(detail, 1, filter{"page": 2})
	c.URL(detail, 1, 2) // want `it takes 1 value, not 2`
	c.URL("question.list", []any{1, 2}...)
	made := "made.at." + c.Param("run")
	c.URL(made)
	links := []dram.Link{
		{Route: "question.list"},
		{Route: "recent"}, // want `no route named "recent"`
		{"home", nil},     // want `no route named "home"`
	}
	redirect := c.Redirect
	_ = redirect("known.to.nobody") // a value of a function type is not followed
	if len(links) > 3 {
		return (c.Redirect)("question.vote") // want `no route named "question.vote"`
	}
	return c.Render("question/lst.html", nil) // want `there is no templates/question/lst.html, did you mean "question/list.html"?`
}

var statements = []string{
	"SELECT * FROM question", // want `SELECT \* takes whatever columns`
	`SELECT id
	FROM (select distinct q.* FROM question q)`, // want `SELECT \* takes whatever columns`
	"SELECT count(*) FROM question WHERE EXISTS (SELECT * FROM answer)",
	"SELECT id FROM a UNION ALL SELECT * FROM b", // want `SELECT \* takes whatever columns`
	"please select * one",
}

// other has methods of the same names that mean other things.
type other struct{}

func (other) Redirect(route string) {}
func (other) T(key string)          {}

func use() {
	other{}.Redirect("nowhere")
	other{}.T("nothing")
	_ = struct{ Route string }{Route: "nowhere"}
}
