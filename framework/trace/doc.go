// Package trace is what an app in development tells the dev server: one line
// of JSON for each answered request, with its queries, its pages and its
// panic. Both sides import the types from here and nothing of each other.
//
// The app has a [Writer] at a pipe. While a request is under way a [Recorder]
// in its context collects what the database and the templates did:
//
//	rec := &trace.Recorder{}
//	ctx := trace.NewContext(r.Context(), rec)
//	… // in the database: trace.FromContext(ctx).Query(trace.Query{…})
//	request := trace.Request{Method: r.Method, Path: r.URL.Path, …}
//	rec.Fill(&request)
//	writer.Send(trace.Event{Request: &request})
//
// Without a Recorder in the context FromContext returns nil, which takes
// everything and keeps nothing, so that production pays for one look-up.
//
// The dev server reads the other end:
//
//	for event, err := range trace.Read(pipe) { … }
//
// A trace must never slow a request down or stop an app: Send does not wait,
// and what a slow reader makes impossible to keep is counted in the next event
// (Dropped). Values of arguments and forms may be secret; who records them
// decides what is shown.
//
// New fields may be added; a reader ignores what it does not know.
package trace
