// Package typed renders one page with data of every shape that a template can
// meet.
package typed

import (
	"fmt"
	"html/template"
	"iter"
	"time"

	dram "github.com/dram-go/dram/framework"
)

// Page is the data of page.html.
type Page struct {
	Base
	*Meta
	Title   string
	Total   int
	Price   float64
	OK      bool
	HTML    template.HTML
	At      time.Time
	Rows    []Row
	Ptrs    []*Row
	Matrix  [][]Row
	Array   [2]Row
	First   Row
	Last    *Row
	Deep    **Row
	Any     any
	Shape   fmt.Stringer
	Map     map[string]any
	ByName  map[string]Row
	ByID    map[int]Row
	Func    func(string) Row
	None    func() Row
	Seq     iter.Seq[Row]
	Seq2    iter.Seq2[string, *Row]
	Channel chan Row
	Kinds   Kinds
	secret  string
}

// Base is embedded.
type Base struct{ Locale string }

// Greeting is promoted.
func (Base) Greeting(name string) string { return "hi " + name }

// Meta is embedded behind a pointer.
type Meta struct{ Keywords []string }

// Count is promoted, with its pointer.
func (m *Meta) Count() int { return len(m.Keywords) }

// Row is one of many.
type Row struct {
	ID   int64
	Name string
	Next *Row
}

// Label has a receiver that is a value.
func (r Row) Label() string { return r.Name }

// Touch has a receiver that is a pointer.
func (r *Row) Touch() string { return r.Name }

// Add takes arguments.
func (r Row) Add(a, b int) int { return a + b }

// Join takes any number of arguments.
func (r Row) Join(first string, rest ...string) (string, error) { return first, nil }

// Void returns nothing, Pair too much.
func (r Row) Void() {}

// Pair returns two values.
func (r Row) Pair() (int, int) { return 1, 2 }

// Sub returns a struct.
func (r Row) Sub() Row { return r }

// Kinds is a map with a method.
type Kinds map[string]Row

// Size is a method of a map.
func (k Kinds) Size() int { return len(k) }

// Data returns a page with something everywhere.
func Data() Page {
	row := Row{ID: 1, Name: "one", Next: &Row{ID: 2, Name: "two"}}
	last := &row
	rows := []Row{row, row}
	channel := make(chan Row, 1)
	channel <- row
	close(channel)
	return Page{
		Base: Base{"ko"}, Meta: &Meta{[]string{"a"}}, Title: "title", Total: 2, At: time.Unix(0, 0), Rows: rows, Ptrs: []*Row{last},
		Matrix: [][]Row{rows}, Array: [2]Row{row, row}, First: row, Last: last, Deep: &last, Any: row, Shape: time.Second,
		Map: map[string]any{"row": row}, ByName: map[string]Row{"one": row}, ByID: map[int]Row{1: row},
		Func: func(string) Row { return row }, None: func() Row { return row },
		Seq:   func(yield func(Row) bool) { yield(row) },
		Seq2:  func(yield func(string, *Row) bool) { yield("k", last) },
		Kinds: Kinds{"a": row}, Channel: channel, secret: "s",
	}
}

func handlers(app *dram.App) {
	app.Func("shout", func(c *dram.Context, s string) string { return s })
	app.Func("row", func() (Row, error) { return Row{}, nil })
	app.Func("twice", func() Row { return Row{} })
	app.Func("twice", func() string { return "" })
	app.Group("/admin", "admin").ErrorPages("admin/errors")
	name := "computed"
	app.Func(name+"x", func() {})
	app.Get("/", func(c *dram.Context) error { return c.Render("page.html", Data()) })
	app.Get("/any", func(c *dram.Context) error {
		var data any = Data()
		return c.Render("page.html", data)
	})
	app.Get("/nil", func(c *dram.Context) error { return c.Render("nil.html", nil) })
	app.Get("/map", func(c *dram.Context) error { return c.Render("map.html", map[string]any{"A": 1}) })
	app.Get("/pointer", func(c *dram.Context) error {
		page := Data()
		return c.Render("pointer.html", &page)
	})
	app.Get("/generic", func(c *dram.Context) error { return show(c, Data()) })
}

func show[T any](c *dram.Context, data T) error { return c.Render("page.html", data) }
