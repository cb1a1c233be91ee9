// Package router finds the route of a request path and writes the path of a
// route. It knows nothing of handlers: each route carries a value of a type
// that the caller chooses, so the package serves any net/http program.
//
//	r := router.New[http.Handler]()
//	detail := r.Add("GET", "/question/detail/{id:int}/", show, "web.go:12")
//	r.Name(detail, "question.detail")
//	if err := r.Build(); err != nil { … } // every fault at once
//
//	var params router.Params
//	found := r.MatchURL(req.Method, req.URL, &params)
//	path, err := r.Path("question.detail", 42) // "/question/detail/42/"
//
// # Patterns
//
// A pattern begins with a slash. Between slashes stands either literal text,
// written as it reads ("/질문/", never percent-encoded), or one parameter:
//
//	{name}         one segment of any text
//	{name:int}     one segment that a converter accepts
//	{name...}      all segments that are left, also none; only at the end
//
// Converters are int, uint, uuid, slug, date and what [Router.RegisterConverter]
// adds. A converter that refuses a segment makes the pattern not match: the
// answer to /question/detail/abc/ is "not found", not an error. Each converter
// accepts one spelling of a number only (7, never 007 or +7), so that one thing
// has one address.
//
// # Which route wins
//
// Segment by segment from the left, literal text wins over a parameter with a
// converter, that over a plain parameter, that over a rest. When the better
// choice leads nowhere, also because it lacks the method, the next is tried.
// The order of registration never matters. Two converters at one place are
// tried in this order: the app's own as registered, then date, uuid, uint, int,
// slug.
//
// A route for GET answers HEAD too. The value of [Any] as method answers every
// method that has no route of its own at the same pattern.
//
// # The path
//
// Matching works on the escaped path, as url.URL.EscapedPath returns it: it is
// cut at its slashes, and each segment is decoded once. A decoded segment that
// holds a slash, a backslash, NUL or invalid UTF-8, or is "." or "..", makes
// the path bad ([BadPath], answer 400) whether or not a route would match: what
// a proxy in front of us and we ourselves make of such a path could differ.
// Empty segments (//) match nothing.
//
// A trailing slash is part of a pattern. A GET or HEAD for the other form
// yields [Redirect] with the path of the matched pattern, written anew from it
// and its parameters; it always begins with one slash and names no host. Other
// methods find nothing there, because a redirect would lose the body.
package router
