package answer

import (
	"fmt"

	dram "github.com/dram-go/dram/framework"
)

// Web takes in answers. They are shown on the page of their question.
type Web struct {
	Store *Store
	// Show renders the page of a question with an answer form as it stands.
	Show func(c *dram.Context, questionID int64, form *dram.Form[Form]) error
}

// Routes adds the pages to a group.
func (w *Web) Routes(g *dram.Group) {
	g.Post("/create/{id:int}/", w.create).Name("create")
}

// create stores an answer to the question in the path, or shows the
// question's page with the faults of the form (422).
func (w *Web) create(c *dram.Context) error {
	questionID := c.Int("id")
	form, err := dram.Bind[Form](c)
	if err != nil {
		return err
	}
	if !form.OK() {
		return w.Show(c, questionID, form)
	}
	id, err := w.Store.Create(c, questionID, form.Value)
	if err != nil {
		return err
	}
	return c.Redirect("question.detail", questionID, dram.Fragment(fmt.Sprintf("answer_%d", id)))
}
