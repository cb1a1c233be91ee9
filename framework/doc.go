// Package dram is a web framework: routes, handlers that return errors, pages
// from html/template, forms, sessions, locales and static files.
//
//	import dram "github.com/dram-go/dram/framework"
//
// # The smallest app
//
//	func main() {
//		app := dram.New(nil, nil)
//		app.Get("/", func(c *dram.Context) error { return c.Text("hello") })
//		log.Fatal(http.ListenAndServe("127.0.0.1:8000", app))
//	}
//
// # An app
//
// A real one is a struct that holds what its handlers need. Handlers are
// methods, nothing is global, and the same New makes it for production, for
// commands and for tests:
//
//	//go:embed templates static migrations locales
//	var files embed.FS
//
//	type Site struct {
//		*dram.App
//		Questions *question.Store
//	}
//
//	func New(conf *dram.Config) (*Site, error) {
//		app, database := dram.New(conf, files), db.New(conf, files)
//		app.Add(database)
//		s := &Site{App: app, Questions: &question.Store{DB: database}}
//		g := app.Group("/question", "question")
//		g.Get("/detail/{id:int}/", s.detail).Name("detail")
//		g.Form("/create/", s.create).Name("create")
//		return s, app.Build()
//	}
//
//	func (s *Site) detail(c *dram.Context) error {
//		q, err := s.Questions.Find(c, c.Int("id"))
//		if err != nil {
//			return err
//		}
//		return c.Render("question/detail.html", detailPage{q})
//	}
//
// New describes and opens nothing. [App.Build] checks the description and
// reports everything that is wrong at once. [App.Start] opens what was added.
//
// # A request
//
// Around every handler stand, from the outside: request id, log, error
// boundary with recover, cross-origin protection, session, and then the app's
// own [Middleware]. What a handler returns as error is answered by the
// boundary: with the status of an [HTTPError] or of any error that has a
// StatusCode method, else with 500 and an id that is also in the log; as HTML,
// as application/problem+json (RFC 9457) or as text, by what the client
// accepts. Development explains the error in the page. The log has one line
// for each request, with the status that was sent.
//
// Requests that other sites make a browser send are refused unless they are
// GET, HEAD or OPTIONS (http.CrossOriginProtection), so a GET must never change
// anything.
//
// HTML responses carry a Content-Security-Policy that allows scripts only as
// files of this site; a handler that sets the header itself decides.
//
// # net/http
//
// App is an [http.Handler]. [App.HTTP] and [App.UseHTTP] take handlers and
// middleware of net/http in; [From] finds the Context inside of them.
package dram
