// Command app is a web application. It starts in New: read that first, then
// the package note, which has everything about one noun in one place.
package main

import (
	"embed"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/db"

	"github.com/dram-go/dram/templates/app/note"
)

//go:embed templates static migrations locales
var files embed.FS

// Site is the app: everything a handler, a command or a test needs.
type Site struct {
	*dram.App
	DB    *db.DB
	Notes *note.Store
}

// New puts the app together. It describes and opens nothing; the runner
// starts what was added.
func New(conf *dram.Config) (*Site, error) {
	app, database := dram.New(conf, files), db.New(conf, files)
	app.Add(database)
	s := &Site{App: app, DB: database, Notes: &note.Store{DB: database}}
	(&note.Web{Store: s.Notes}).Routes(app.Group("/", "note"))
	return s, app.Build() // every conflict, bad link and template error at once
}
