// Package wire is the gateway interface: how a front hands a request to a
// worker. It knows nothing else of Dram.
//
// A [Link] joins one front with one worker. The master makes it (a unix
// SOCK_SEQPACKET socketpair) and gives each side its end. Over a link the
// front opens as many data connections as it wants: [Link.Dial] makes a
// stream socketpair, keeps one end and sends the other across; the worker's
// [Listener] accepts it. So there are no paths, no permissions and nothing to
// unlink, and the death of either side is an immediate end of file on the
// link (see [Link.Gone]) and on every connection made over it.
//
// On a data connection the two sides speak HTTP/1.1 (RFC 9112), keep-alive,
// one exchange at a time. The worker never closes a connection first: only
// the front, which knows whether a request is on it, does.
package wire
