// Package session keeps a visitor's session in an encrypted cookie, or on the
// server behind a [Store]. It speaks net/http only: [Manager.Wrap] brings sessions to any handler, [Manager.Load]
// and [Manager.Commit] to a framework that commits headers itself.
//
//	sessions, err := session.New(session.Options{Secrets: []string{secret}, Name: "qna", Secure: true})
//	…
//	http.ListenAndServe(addr, sessions.Wrap(mux))
//
//	func login(w http.ResponseWriter, r *http.Request) {
//		s := session.From(r.Context())
//		s.Renew()
//		s.Set("user", 42)
//		s.Flash("success", "Welcome back.")
//		…
//	}
//
// # The cookie
//
// The session is a JSON object sealed by AES-256-GCM, so a client can neither
// read nor change it. Keys are derived from Options.Secrets: the first seals,
// all of them open, which is how a secret is rotated: put the new one in front,
// and drop the old one after MaxAge. A cookie that no key opens (forged,
// truncated, expired, or sealed by a newer generation of the app that already
// has the new secret) is a visitor without session; it is never an error, and
// the cookie is left alone until the session is written.
//
// When Secure, the cookie is named __Host-NAME: browsers then take it only over
// HTTPS, for this host alone and for all paths (RFC 6265bis section 4.1.3.2).
// It is always HttpOnly and SameSite=Lax.
//
// # When it is written
//
// The session is opened at its first use and sealed when the response header is
// committed, that is at the first byte of the body at the latest. From then on
// Set, Delete, Clear, Renew and Flash return [ErrCommitted]: a cookie can no
// longer reach the browser. A response gets a Set-Cookie only if the session
// changed, or if it was used and its last-use time is older than a few minutes.
// A response that used the session carries Vary: Cookie and, unless the handler
// chose a Cache-Control itself, Cache-Control: private.
//
// # What a sealed cookie cannot do
//
// The server keeps nothing, which is what makes several workers and machines
// easy, and what limits it. Choose a [Store] when you need any of:
//
//   - ending one device's session, or listing them. Logging out deletes the
//     cookie in that browser; a stolen copy stays good until it expires. To end
//     all sessions of a user, keep a number in the user's row and in the
//     session, and compare them.
//   - resisting replay: a client may send an older cookie of its own that is
//     still valid. Keep no counters, coupons or login attempts in it.
//   - parallel writes: of two responses under way at once, the later wins whole.
//     A flash may be shown twice, a change may be lost.
//   - more than about 2,800 bytes of JSON (the cookie is limited to 3.8 KiB).
//
// A random nonce per cookie makes one secret good for 2^32 written cookies
// (NIST SP 800-38D section 8.3). Rotate it before.
//
// # Sessions on the server
//
// With Options.Store the cookie holds a random token, and the session is a
// record of the store, found by a digest of the token: deleting the record ends
// the session of one device, and [Session.Renew] ends the token from before.
// [Session.Own] notes whose it is. Each request that uses its session costs one
// look into the store, and one more write if it changes it. Parallel writes
// still overwrite each other; a session that was ended meanwhile stays ended.
// Going from cookies to a store, or back, signs everybody out.
//
// A response must not be sent inside of a database transaction of its own
// request then: the session is written when the header is.
package session
