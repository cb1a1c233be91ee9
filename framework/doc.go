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
// own [Middleware]: that of components ([App.Add]), that of [App.Use], then
// that of the group. What is added later with Use still stands around routes that were there before;
// [Group.With] makes a new group and leaves the old one as it was. So the order
// of the lines that describe an app never matters, except between middleware.
//
// A [Context] is the request and its response in one, and a [context.Context]:
// hand it to the database. Middleware leaves values on it under a typed [Key].
// Work that is to go on after the response is started by [Context.Go], never
// by a bare go statement, for the request's context ends with the request.
//
// # Routes and links
//
// Patterns are those of package router: "/detail/{id:int}/", with converters
// int, uint, uuid, slug, date and the app's own ([App.Converter]). Literal
// text wins over a typed parameter, that over a plain one, that over
// {rest...}; the order of registration never decides. GET answers HEAD too;
// what has a path but not the method is answered with 405 and Allow; the other
// form of a trailing slash is redirected with 308.
//
// Addresses are written by the names of routes: [Context.URL],
// [Context.Redirect], {{url "question.detail" .ID}}, with [Query] and
// [Fragment] at the end. A [Link] is such a place as a value. Build checks the
// names in templates, `dram check` those in Go code.
//
// # Answers
//
//	c.Render("question/list.html", page)   a page of templates/, whole or not at all
//	c.Text("hello"), c.JSON(v)             with c.Status(201) before it
//	c.Redirect("question.detail", id)      303 to a route of this app
//	c.RedirectPath(next)                   to a path of this site only
//	c.NoContent(), c.NotModified()         204, 304
//	c.SendFile(f), c.SendContent(…)        ranges, conditional requests
//	c.Stream(type, write)                  what is long or slow
//	c.Events(run)                          server-sent events
//	socket.Handler(serve, options)         WebSockets, in package socket
//
// Before that, c.Writer.Header().Set and http.SetCookie(c.Writer, …) add to the
// header; c.Request is that of net/http, with c.Request.Cookie and the rest.
// Templates are looked for in templates/, {{static}} files in static/. They are
// compiled at start, which nobody notices but by the time that pages take;
// [App.Templates] tells which are, and pages.compile = false leaves all of them
// to html/template.
//
// Streams end when the process does: see [Context.Draining].
//
// # Input
//
// [Bind] reads a form, urlencoded, multipart or JSON, into a struct with
// explicit names, checks it, and keeps what was typed for the page that shows
// it again. [Edit] does so for what exists already. [Context.Uploads] reads
// large files as they come, [Context.ReadJSON] any JSON. A body may have
// server.max_body bytes, less where [Group.MaxBody] says so.
//
// # Sessions
//
// [Context.Session] is the visitor's state, kept in an encrypted cookie, or on
// the server with [App.SessionStore]; [Context.Flash] leaves a message for the
// next page, which shows it by {{flashes}}. Login, logout, passwords and guards
// are in package auth.
//
//	c.Session().Set("basket", items)           before the first byte of the body
//	ok, err := c.Session().Get("basket", &items)
//	c.Flash("success", "Saved.")
//
// # Errors
//
// What a handler returns as error is answered by the boundary: with the status
// of an [HTTPError] or of any error that has a StatusCode method, else with 500
// and an id that is also in the log. A client that names text/html in Accept
// gets a page, one that names JSON, or sent it, application/problem+json (RFC
// 9457), any other plain text. Development explains the error in the page: in a
// comment at its end where the page is the app's own.
//
// Pages are errors/404.html and so on of the app's templates ([ErrorPage]), or
// of a group's own ([Group.ErrorPages]). A panic is a 500 with its stack in the
// log. When the response has already begun, the connection is cut, so that
// nobody takes the half for the whole. A client that left is 499 in the log.
//
// The log has one line for each request, with the status that was sent; for
// static files development has it at the level debug.
//
// # Templates
//
// Pages, layouts and partials are those of package view. Data is any value, a
// struct by preference. What belongs to the request comes from functions,
// which work in every partial:
//
//	{{url "question.detail" .ID}}  {{static "css/site.css"}}  {{path}}  {{query "page" 2}}
//	{{t "question.created" .Name}} {{locale}} {{locales}} {{inlocale "ko"}} {{date .At}}
//	{{user}} {{flashes}} {{site}}  {{field .Form "subject"}} {{errors .Form}} {{nonce}}
//
// and those of package view (truncate, nl2br, number, dict, …). [App.Func] adds
// the app's own. [App.Pages] renders pages outside of a request, for mails.
//
// # Locales
//
// Texts are in locales/<tag>.toml, see package i18n. The locale of a request is
// that of its path ([App.LocaleByPath]), else of a cookie ([App.LocaleByCookie]),
// else what Accept-Language asks for, else the default of the configuration.
//
// # Caching
//
// A response is private unless [Context.Public] says otherwise, and private
// again if it turns out to be one visitor's. [Context.ETag] and
// [Context.LastModified] spare a client what it has. Static files have their
// fingerprint in the name and may be kept for a year.
//
// # Security, as it is without a line of code
//
//   - Requests that other sites make a browser send are refused with 403 unless
//     they are GET, HEAD or OPTIONS (http.CrossOriginProtection), so a GET must
//     never change anything. [Group.AllowCrossOrigin] is for webhooks and APIs.
//   - HTML has a Content-Security-Policy that allows scripts only as files of
//     this site, no plugins, no foreign base, form target or frame around it.
//     {{nonce}} lets one inline script or style run. A handler that sets the
//     header itself decides.
//   - X-Content-Type-Options: nosniff, Referrer-Policy:
//     strict-origin-when-cross-origin and X-Frame-Options: SAMEORIGIN.
//   - Session cookies are encrypted, HttpOnly, SameSite=Lax, and in production
//     Secure under a __Host- name.
//   - Templates escape by context; package form takes only fields that have a
//     name, and never shows a password again.
//   - Bodies, numbers of fields, depths of JSON and uploads are bounded.
//   - Redirects stay on this site unless [Context.RedirectExternal] says
//     otherwise.
//   - Files of strangers are saved by the browser, not shown, unless they are
//     pictures ([Context.SendFile]).
//   - X-Forwarded fields count only behind a front of ours, which drops those
//     of clients ([Context.ClientIP], [Context.Secure], [Context.Base]).
//   - Production shows no cause of an error, only its id.
//
// # Fitting in
//
// App is an [http.Handler]. [App.HTTP] and [App.UseHTTP] take handlers and
// middleware of net/http in; [From] finds the Context inside of them.
// [App.Mount] puts another handler, or another app, below a prefix;
// [StripPrefix] puts an app below a prefix of a program of another make. The
// parts also work alone: packages router, view, form, session, i18n and asset
// speak net/http, and their examples show them so.
//
// A test makes the app as production does, by its New, and talks to it through
// package webtest.
//
// # For those who know Flask
//
//	@app.route, Blueprint             App.Get, App.Form, App.Group
//	<int:id>, url_for                 {id:int}, Context.URL, {{url}}
//	request.args, request.files       Context.Query, Context.Uploads
//	request.form, WTForms             Bind, package form, {{field}}
//	render_template, jsonify          Context.Render, Context.JSON
//	redirect, abort(404)              Context.Redirect, return dram.NotFound("")
//	errorhandler                      templates/errors/404.html, see ErrorPage
//	session, flash                    Context.Session, Context.Flash
//	before_request, after_request     Middleware with App.Use or Group.With
//	g, current_app                    Key, Context.App or the fields of the app's struct
//	template_filter, context_processor  App.Func
//	app.config                        package config, Config.Decode for [app]
//	cli.command, logger               App.Command, Context.Log
//	extensions with init_app          App.Add
//	SQLAlchemy, Migrate               package db
//	Login, Babel, Mail                packages auth, i18n, mail
//	send_from_directory               package storage, Context.SendFile
//	test_client                       package webtest
package dram
