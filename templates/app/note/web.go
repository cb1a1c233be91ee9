package note

import dram "github.com/dram-go/dram/framework"

// Web is the page of the notes.
type Web struct {
	Store *Store
}

// Routes adds the page to a group.
func (w *Web) Routes(g *dram.Group) {
	g.Form("/", w.list).Name("list") // GET and POST
}

// listPage is what note/list.html shows.
type listPage struct {
	Notes []Note
	Form  *dram.Form[Form]
}

// list shows the notes with the form for another. A POST stores a note and
// redirects, or shows the form again with its faults (422).
func (w *Web) list(c *dram.Context) error {
	form, err := dram.Bind[Form](c)
	if err != nil {
		return err
	}
	if form.OK() {
		if _, err := w.Store.Create(c, form.Value); err != nil {
			return err
		}
		c.Flash("success", c.T("note.created"))
		return c.Redirect("note.list")
	}
	notes, err := w.Store.Latest(c, 50)
	if err != nil {
		return err
	}
	return c.Render("note/list.html", listPage{notes, form})
}
