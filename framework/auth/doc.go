// Package auth knows who makes a request: login, guards, passwords, and a limit
// on guessing them.
//
//	login := auth.New(auth.Config[users.User]{Load: s.Users.ByID, Login: "auth.login"})
//	app.Use(login.Load) // {{with user}}{{.Name}}{{end}} in every template
//
//	in := app.With(login.Required) // visitors go to the login page and come back
//	in.Post("/vote/{id:int}/", s.vote).Name("vote")
//
//	func (s *Site) vote(c *dram.Context) error {
//		author := login.Must(c) // a users.User
//		…
//	}
//
// Users are the app's own: a table, a type and a function that finds one by id.
// The session keeps the id. [Auth.User] asks for the user of a request, at most
// once and only if somebody wants to know: pages that show no user stay equal
// for all, and caches may keep them.
//
// # The login page
//
// [Auth.Password] compares, [Auth.SignIn] begins the session, [Auth.Return]
// leads back to where the visitor came from:
//
//	func (w *Web) login(c *dram.Context) error {
//		form, err := dram.Bind[Login](c)
//		if err != nil {
//			return err
//		}
//		if form.OK() {
//			id, ok, err := w.Auth.Password(c, form.Value.Name, form.Value.Password)
//			if err != nil {
//				return err
//			}
//			if ok {
//				if err := w.Auth.SignIn(c, id); err != nil {
//					return err
//				}
//				return w.Auth.Return(c, "question.list")
//			}
//			form.FailForm(c.T("auth.wrong"))
//		}
//		return c.Render("auth/login.html", loginPage{form})
//	}
//
// The form needs no action attribute: it is sent to the page's own address,
// which has the next=… that Return looks at. Logging out is a POST that calls
// [Auth.SignOut].
//
// Password is told by the configuration where accounts are:
//
//	auth.Config[users.User]{
//		Load:   s.Users.ByID,
//		Login:  "auth.login",
//		Epoch:  func(u users.User) int64 { return u.Epoch },
//		Find:   s.Users.Credentials, // name → id, hash
//		Rehash: s.Users.Rehash,      // id, old hash → new hash
//		Hasher: s.Hasher,
//		Limits: &auth.Limits{DB: database},
//	}
//
// # Passwords
//
// A [Hasher] makes argon2id hashes; sign-up and seeds call [Hasher.Hash], the
// login calls Password. Hashes of Werkzeug (Flask) and Django are understood
// and replaced at the next login of their user, and so are those made under
// older settings of the Hasher.
//
// The answer to a wrong name is that to a wrong password, and takes the same
// work, also where some accounts still have a slower foreign hash: every failure
// then takes the work of both, until their users have signed in once. Tell the
// Hasher at the start which hashes to expect:
//
//	hash, err := db.One[string](ctx, d, `SELECT password FROM user WHERE password LIKE 'scrypt:%' LIMIT 1`)
//	if err == nil { // else there is none left
//		err = s.Hasher.Expect(hash)
//	}
//
// Do not undo that: the page should say "name or password is wrong" for both.
// What remains are the app's own Config.Find, whose query should take as long
// for a name that is not there, the log line about a hash that cannot be read,
// and, without Expect, what happens in a process before its first login to an
// imported account. Sign-up necessarily tells which names are taken.
//
// [Limits] counts attempts per account and per address in the database, in a
// table that [Migration] makes.
//
// # Ending sessions
//
// Signing out ends the session of that browser. To end all sessions of a user,
// as a change of the password must, keep a number in the user's row, give it to
// Config.Epoch, and count it up in the same statement:
//
//	UPDATE user SET password = ?, epoch = epoch + 1 WHERE id = ?
//
// then call SignIn again for the browser at hand.
//
// A sealed cookie cannot be taken back from a device that is not at hand, nor
// from who stole a copy. With [Sessions] the app keeps its sessions in the
// database instead: a user sees where they are signed in and ends one session,
// and signing out makes copies of the cookie worthless.
//
// # Tests
//
// webtest signs in through Load without a password:
//
//	site.As(1).Submit("vote", 7).RedirectsTo("question.detail", 7)
package auth
