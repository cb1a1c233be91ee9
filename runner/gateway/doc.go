// Package gateway is the worker's side of the gateway interface: it serves
// any http.Handler on the connections that fronts open over their links.
//
// [Serve] is net/http's server on a [wire.Listener]. Four things differ from
// a server on a TCP port:
//
//   - It never closes an idle connection. Only the front knows whether a
//     request is on its way, so only the front closes.
//   - The master says when to end (STOP on the control connection), after the
//     fronts have said that they are done with this worker.
//   - When the master dies, the worker goes on for the fronts that still hold
//     a link, then finishes and ends by itself. No orphan stays.
//   - A handler that panics is answered for: 500, and the stack in the log.
//
// A handler finds the client in Request.RemoteAddr, as on any server; see
// [FromFront].
package gateway
