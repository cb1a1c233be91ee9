package templates

import (
	"embed"
	"io/fs"
)

// AppPackage is the import path of the application in app/; a new app has its
// own module path instead.
const AppPackage = "github.com/dram-go/dram/templates/app"

//go:embed app/.gitignore
//go:embed app/README.md
//go:embed app/app.go
//go:embed app/app_test.go
//go:embed app/dram.toml
//go:embed app/locales/en.toml
//go:embed app/locales/ko.toml
//go:embed app/main.go
//go:embed app/migrations/00001_note.sql
//go:embed app/note/note.go
//go:embed app/note/store.go
//go:embed app/note/web.go
//go:embed app/static/css/app.css
//go:embed app/static/img/icon.svg
//go:embed app/templates/errors/404.html
//go:embed app/templates/layouts/base.html
//go:embed app/templates/note/list.html
//go:embed app/templates/partials/note.html
//go:embed app/tools.mod
//go:embed app/tools.sum
var app embed.FS

// App returns the files of a new application, rooted at its directory. Go
// files import each other below [AppPackage].
func App() fs.FS {
	files, err := fs.Sub(app, "app")
	if err != nil {
		panic(err) // the directory is embedded: cannot fail
	}
	return files
}
