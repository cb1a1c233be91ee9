// Package load sends HTTP requests to a server and judges what became of each
// one: answered, lost, answered twice over, wrong, and how long it took. It is
// the engine of `dram bench load` and the judge of the chaos tests.
//
//	l, err := load.Start(ctx, load.Plan{URL: "http://127.0.0.1:8000/", Connections: 64, Duration: 10 * time.Second})
//	report, err := l.Wait()
//	report.Write(os.Stdout)
//
// # Two models
//
// In the closed model (the default) each connection sends its next request
// when the last one was answered, after [Plan.Think]. That finds out what a
// server can do, but a server that stalls also stops the questions: the slow
// moments are asked about least ("coordinated omission").
//
// In the open model ([Plan.Rate]) request k is due at k/rate after the start,
// whatever became of the ones before, and its latency is counted from that
// moment, even when no connection was free to send it then. That is what
// visitors would have seen.
//
// # An honest client
//
// Over HTTP/1.1 the client is written for judging: it looks whether the server
// has closed a kept connection before it uses it, never repeats a request, and
// counts one that was written and not answered in whole as lost. What a client
// may always do again is not lost: a request that followed, in the same
// pipeline, an answer that said "Connection: close". A kept connection that the server closed
// without having said so is counted apart ([Connections.Dropped]): this client
// was lucky, another one would have written into it.
//
// Over HTTP/2 net/http's client is used. It opens a new connection for
// requests that a GOAWAY says were not taken, which is right by RFC 9113
// (section 6.8), and which no other client sees either.
//
// # The ledger
//
// No client can see from outside whether a POST was carried out twice, or
// confirmed and not carried out. So the app counts:
//
//   - Each request has the field "Dram-Load-Id: RUN-N", with N counted up from
//     0, and each POST also the form field id=RUN-N.
//   - When the app has done what a POST asks for, it writes the id down, and
//     answers with a status of 2xx. It may send the field back; then a
//     client that gets another request's answer is found out.
//   - GET of the ledger's URL with ?run=RUN answers in text/plain, one id a
//     line, as often as it was written down.
//
// An id that was answered 2xx and is missing is lost; one that is there twice
// is duplicated. [Ledger] is a handler for both ends, which an app mounts in
// two lines.
//
// # Limits
//
// A plan always ends: after [Plan.Requests], after [Plan.Duration], or when
// both are zero after ten seconds. Servers beyond this machine are refused
// unless [Plan.AllowRemote] is set. Linux only: CPU time, memory and
// descriptors are read from /proc.
package load
