package trace

import (
	"context"
	"strings"
	"sync"
)

const (
	// maxEntries bounds the queries and the renders of one request.
	maxEntries = 500
	// maxText bounds one text, in bytes.
	maxText = 4 << 10
)

// Recorder collects what happens in one request. A nil Recorder takes
// everything and keeps nothing. It may be used by many goroutines.
type Recorder struct {
	mu      sync.Mutex
	queries []Query
	renders []Render
	omitted int
}

// Query notes a statement.
func (r *Recorder) Query(q Query) {
	if r == nil {
		return
	}
	q.SQL, q.Error = shorten(q.SQL, maxText), shorten(q.Error, maxText)
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.queries) == maxEntries {
		r.omitted++
		return
	}
	r.queries = append(r.queries, q)
}

// Render notes a page.
func (r *Recorder) Render(p Render) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.renders) == maxEntries {
		r.omitted++
		return
	}
	r.renders = append(r.renders, p)
}

// Fill gives a request what was noted so far.
func (r *Recorder) Fill(request *Request) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	request.Queries = append(request.Queries, r.queries...)
	request.Renders = append(request.Renders, r.renders...)
	request.Omitted += r.omitted
}

// shorten cuts a text to n bytes and says so by an ellipsis.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

type contextKey struct{}

// NewContext returns a context that carries a recorder.
func NewContext(ctx context.Context, r *Recorder) context.Context {
	return context.WithValue(ctx, contextKey{}, r)
}

// FromContext returns the recorder of a context, nil if it has none.
func FromContext(ctx context.Context) *Recorder {
	r, _ := ctx.Value(contextKey{}).(*Recorder)
	return r
}
