package devserver

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// holdLimit is how long a request waits for a build before it is answered by
// what there is.
const holdLimit = 15 * time.Second

// gate decides which process a request may see.
type gate struct {
	board *board
	look  func(context.Context) // returns when the board knows what is saved
	limit time.Duration
}

// enter returns the view that answers r and, if there is a process, has it
// acquired: the caller releases it.
//
// A page, and whatever changes something, must not meet a process of the past:
// it waits while a newer one is made. What a page that is already there asks
// for (scripts, images, streams) goes to the process that made the page.
func (g *gate) enter(r *http.Request) *view {
	ctx, cancel := context.WithTimeout(r.Context(), g.limit)
	defer cancel()
	waits := mustSeeNew(r)
	if waits {
		g.look(ctx)
	}
	for {
		v := g.board.await(ctx, func(v *view) bool {
			return !v.hold || v.app != nil && !waits
		})
		if v.app == nil || v.app.acquire() {
			return v
		}
		// It was replaced between the two: the next view is there or near.
		if ctx.Err() != nil {
			return &view{state: v.state, changed: v.changed}
		}
		g.board.await(ctx, func(newer *view) bool { return newer.app != v.app })
	}
}

// mustSeeNew tells the requests that wait for a build: navigations, and
// everything that may change something. Browsers say what is a navigation
// (Fetch Metadata, https://www.w3.org/TR/fetch-metadata/); others are taken at
// their Accept header, so that curl sees the new page too.
func mustSeeNew(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return true
	}
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" {
		return mode == "navigate"
	}
	if r.Header.Get("Upgrade") != "" {
		return false
	}
	accept := r.Header.Get("Accept")
	return accept == "" || accept == "*/*" || strings.Contains(accept, "text/html")
}
