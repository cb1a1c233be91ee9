// Package webtest tests an app as a browser would meet it, without a network:
// each test has an app of its own, with a database of its own that is already
// migrated, and may run in parallel with all others.
//
//	func TestAsk(t *testing.T) {
//		t.Parallel()
//		site := webtest.New(t, New)
//		site.Submit("question.create", url.Values{"content": {"why?"}}).
//			Status(422).
//			See("#subject-error", "Subject")
//		site.Submit("question.create", url.Values{"subject": {"a"}, "content": {"b"}}).
//			RedirectsTo("question.detail", 1).
//			Follow().
//			See("a")
//	}
//
// The app is what New of the program returns: any http.Handler. Where it has
// these methods, webtest uses them, and an app of Dram has them all:
//
//	URL(route string, args ...any) (string, error)   Get, Submit, RedirectsTo
//	Migrate(context.Context) error                   before the test
//	SetLog(*slog.Logger)                             before that, to t.Output()
//	Start(context.Context) error                     before the test
//	Close(context.Context) error                     after the test
//	Commands() map[string]func(context.Context, []string) error
//	                                                 Command
//
// # Visitors
//
// A [Client] is one visitor with cookies of their own, and a [Site] is its
// first one. [Client.Visitor] is another, [Client.As] one who is signed in:
//
//	site.As(1).Submit("question.vote", 7).RedirectsTo("question.detail", 7)
//
// As needs no password and no login page. The app signs the user in as it
// always does, by the Load of package auth, so that everything behind is as in
// production: the session, its cookie, and what ends it.
//
// # Files and commands
//
// A form with files takes them behind its fields, and the verbs of the binary
// run without one:
//
//	site.Submit("product.create", url.Values{"name": {"Tea"}},
//		webtest.Upload{Field: "picture", Name: "tea.png", Content: png})
//	err := site.Command("seed", "12")
//
// # Settings
//
// The app gets the settings of its dram.toml, searched from the test's
// directory upwards to the go.mod, and none from the environment. Over them
// come the environment "test", a Root and an SQLite database in a temporary
// directory, a secret, a log of warnings and errors only, and last the options
// of [Set]. The clock is [Site.Clock], which a test can move.
//
// # Mail and time
//
// Nothing leaves the test: package mail keeps what the app sends in memory,
// where the test waits for it. [Site.Clock] runs as a real one, and a test sets
// it forward for all that asks Config.Now or DB.Now, such as the age of a link
// or of a session:
//
//	site.Submit("auth.reset", url.Values{"email": {"kim@example.org"}})
//	letter, err := site.App.Mail.Memory().Next(t.Context())
//	site.Clock.Advance(2 * time.Hour)
//	site.GetPath(link(letter)).Status(410)
//
// # See
//
// [Response.See] and [Response.Not] tell text and selectors apart by their
// number alone, never by their look:
//
//	See("text")              the page shows the text
//	See("selector", "text")  an element that the CSS selector matches shows it
//	See("selector", "a", "b") one such element shows each of them
//
// What a page shows is its text with the title, without script, style,
// noscript and template; runs of white space count as one space, and so does
// the border of a block such as a paragraph or a table cell. Values of inputs
// are attributes: See("input[name=subject][value='a']", "") finds them, since
// every element shows the empty text. What is not HTML is searched as it is.
//
// # Failures
//
// A check that fails ends the test, as t.Fatal does, and prints the request,
// the answer's status and the beginning of what its body shows. Hence checks
// belong to the test's own goroutine.
package webtest
