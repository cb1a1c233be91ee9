package listpage

import (
	"embed"
	"io/fs"

	"github.com/dram-go/dram/framework/view"
)

//go:embed templates
var files embed.FS

// Set returns the templates in files as an app has them, compiled or left to
// html/template.
func Set(compiled bool) (*view.Set, error) {
	dir, err := fs.Sub(files, "templates")
	if err != nil {
		return nil, err
	}
	set := view.New(view.Options{FS: dir, Prefix: "templates/", Uncompiled: !compiled})
	return set, set.Check(nil)
}

// Name is the page's name in a set.
const Name = "question/list.html"
