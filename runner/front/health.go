package front

import (
	"net/http"
	"strconv"
)

// The paths that say how we are, for load balancers and orchestrators.
const (
	livePath  = "/livez"  // 200 as long as this process answers
	readyPath = "/readyz" // 200 when a request would be answered by a worker, else 503
)

// health answers t if it asks how we are.
func (f *front) health(t *turn) bool {
	path := t.path()
	if path != livePath && path != readyPath {
		return false
	}
	status, text := http.StatusOK, "ok\n"
	switch {
	case path == livePath:
	case f.draining.Load() || f.stopping.Load():
		status, text = http.StatusServiceUnavailable, "draining\n"
	case !f.table.serves():
		status, text = http.StatusServiceUnavailable, "no worker ready\n"
	}
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

// serves reports whether a worker may be used now.
func (t *table) serves() bool {
	return t.choose(t.current.Load().ready, nil) != nil
}
