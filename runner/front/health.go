package front

import (
	"fmt"
	"net/http"
	"strconv"
)

// The paths that say how we are, for load balancers and orchestrators.
const (
	livePath  = "/livez"  // 200 as long as this process answers
	readyPath = "/readyz" // 200 when a request would be answered by a worker, else 503
)

// health answers t if it asks how we are. Reasons are for those who may have
// figures, too.
func (f *front) health(t *turn) bool {
	path := t.path()
	if path != livePath && path != readyPath {
		return false
	}
	t.ours = true
	status, text := f.condition(path)
	if status != http.StatusOK && !t.settings.scrape.allows(t.clientIP()) {
		text = "not ready"
	}
	text += "\n"
	t.Start(status, http.Header{
		"Content-Type":   {"text/plain; charset=utf-8"},
		"Cache-Control":  {"no-store"},
		"Content-Length": {strconv.Itoa(len(text))},
	})
	if t.Method() != http.MethodHead {
		_, _ = t.Write([]byte(text)) // nobody is left to be told
	}
	return true
}

// condition is how we are, with the reason.
func (f *front) condition(path string) (status int, text string) {
	switch {
	case path == livePath:
	case f.draining.Load():
		return http.StatusServiceUnavailable, "draining"
	case f.stopping.Load():
		return http.StatusServiceUnavailable, "stopping"
	case f.table.expired():
		return http.StatusServiceUnavailable, "no word from the master"
	case !f.table.serves():
		now := f.table.current.Load()
		return http.StatusServiceUnavailable, fmt.Sprintf("no worker ready, of %d", now.wanted)
	}
	return http.StatusOK, "ok"
}

// serves reports whether a worker may be used now.
func (t *table) serves() bool {
	return t.choose(t.current.Load().ready, nil) != nil
}
