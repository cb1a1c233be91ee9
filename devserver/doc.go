// Package devserver is `dram dev`: it watches an app, builds it, runs it and
// stands before it as the server that the browser talks to.
//
//	browser ──http──> dev server ──http over an inherited socket──> the app
//	                   ▲      └── go build, cancelled by a newer change
//	                   └── poke ── air (or a poller): "something may have changed"
//
// What a change does depends on what changed (see classify and decide):
//
//	*.go, go.mod, embedded files, migrations/   build, start, swap, reload the page
//	dram.toml, .env, locales/                   start again without a build
//	templates/, static/                         reload the page; the app re-reads them
//	static/**/*.css                             swap the stylesheet in the page
//	*_test.go, all else                         nothing
//
// # What it promises
//
//   - The last good process keeps serving while a build is broken or a new
//     process does not become ready. The browser shows what is wrong, with
//     file, line and code.
//   - Nobody is refused during a swap: the new process starts on a socket that
//     already listens, and takes over once it says that it is ready.
//   - Nobody sees the past: a navigation that arrives after a save waits for
//     the build ([holdLimit] at most), even if the watcher has not noticed yet.
//   - What passes through is not changed, but for one script tag in full HTML
//     pages: bodies, streams, WebSockets and fragments stay byte-identical.
//     A page with the tag loses its ETag and Last-Modified, because a browser
//     that revalidates it would keep a tag of the past.
//   - It answers only hosts that mean this machine (DNS rebinding), sends no
//     CORS header, and /__dev/ is for pages of its own origin.
//   - No orphan survives, not even a kill -9: the app holds a lifeline pipe,
//     and a guard process ends the build and air.
//
// # How it is built
//
// One goroutine (loop) owns the state and waits in one select; what it knows is
// published as immutable views on a board, and all else only reads those. The
// decisions are pure functions: classify, decide, findHead, amendPolicy,
// parseBuild. Read the files in this order: options, run, loop, action, change,
// snapshot, build, problem, app, process, guard, watch, air, board, gate,
// proxy, inject, head, policy, events, page.
//
// # air
//
// air (github.com/air-verse/air) is GPL-3.0 and is run as an unmodified
// separate process, only as a watcher that debounces: its build command pokes
// this process over a unix socket. It is never imported, linked or shipped.
// Where it is missing or dies, a poller does its work.
package devserver
