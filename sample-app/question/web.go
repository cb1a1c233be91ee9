package question

import (
	dram "github.com/dram-go/dram/framework"

	"github.com/dram-go/dram/sample-app/answer"
)

// Web is the pages of the questions.
type Web struct {
	Store   *Store
	Answers *answer.Store
}

// Routes adds the pages to a group.
func (w *Web) Routes(g *dram.Group) {
	g.Get("/list/", w.list).Name("list")
	g.Get("/detail/{id:int}/", w.detail).Name("detail")
	g.Form("/create/", w.create).Name("create") // GET and POST
}

// list shows one page of the board; a page number that is none is page 1.
func (w *Web) list(c *dram.Context) error {
	page, err := w.Store.List(c, c.QueryInt("page", 1))
	if err != nil {
		return err
	}
	return c.Render("question/list.html", page)
}

// detail shows a question, its answers and the empty form for another.
func (w *Web) detail(c *dram.Context) error {
	form, err := dram.Bind[answer.Form](c)
	if err != nil {
		return err
	}
	return w.Show(c, c.Int("id"), form)
}

// detailPage is what question/detail.html shows.
type detailPage struct {
	Question Question
	Answers  []answer.Answer
	Form     *dram.Form[answer.Form]
}

// Show renders the page of a question with an answer form as it stands. It
// is exported because a faulty answer is shown on the question's page.
func (w *Web) Show(c *dram.Context, id int64, form *dram.Form[answer.Form]) error {
	q, err := w.Store.Find(c, id)
	if err != nil {
		return err
	}
	answers, err := w.Answers.Of(c, id)
	if err != nil {
		return err
	}
	return c.Render("question/detail.html", detailPage{q, answers, form})
}

// formPage is what question/form.html shows.
type formPage struct {
	Form *dram.Form[Form]
}

// create answers GET with the empty form, POST with a redirect or with the
// form again (422).
func (w *Web) create(c *dram.Context) error {
	form, err := dram.Bind[Form](c)
	if err != nil {
		return err
	}
	if !form.OK() {
		return c.Render("question/form.html", formPage{form})
	}
	id, err := w.Store.Create(c, form.Value)
	if err != nil {
		return err
	}
	c.Flash("success", c.T("question.created"))
	return c.Redirect("question.detail", id)
}
