// Package gateway is the worker's side of the gateway interface: it serves
// any http.Handler on the connections that fronts open over their links.
//
// [Server] is to fronts what http.Server is to clients, and [Serve] is the
// life of one under a master:
//
//   - It never closes an idle connection. Only the front knows whether a
//     request is on its way, so only the front closes.
//   - The master says when to end (STOP on the control connection), after the
//     fronts have said that they are done with this worker.
//   - When the master dies, the worker goes on for the fronts that still hold
//     a link, then finishes and ends by itself. No orphan stays.
//
// On a message connection many small requests are under way at once, each in a
// goroutine of its own (package wire says why). A handler cannot tell: as soon as it
// does what no message can carry, such as a flush, its response moves to a
// connection of its own.
//
// # What handlers find
//
// A handler must not notice: it gets the request that net/http's server would
// have given it on the client's own connection, with RemoteAddr, TLS, Host,
// Proto and the local address of the client's, and a ResponseWriter that can
// flush, hijack, send trailers and informational responses, and set deadlines.
// One suite runs the same handlers on both. The differences:
//
//   - A handler that panics is answered for: 500, and the stack in the log.
//     http.ErrAbortHandler cuts the client's connection, as usual.
//   - Reading the body and writing the response never wait for each other, as
//     with EnableFullDuplex.
//   - A response up to 16 KiB has a Content-Length; on net/http it is 2 KiB.
//   - The context of a request ends with a cause: [ErrClientGone],
//     [ErrStopped] or a [*LateError] when the response has not begun in the
//     time that the front grants.
//   - [Draining] tells a stream early that its process will end.
//   - Fields that concern the client's connection are the front's.
package gateway
