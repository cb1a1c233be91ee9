// Package control is the language that the processes of one running tree
// speak with their master, and the command line with a running master.
//
// A [Conn] carries frames over a unix stream socket: four bytes of length,
// big endian, then a JSON [Message]. A frame may carry open files
// (SCM_RIGHTS, unix(7)): that is how the master, which opens everything that
// needs rights, hands listeners and links to the processes that use them.
//
// Either side begins with HELLO, which names the range of protocol versions
// it speaks and its build; [Conn.Hello] refuses a peer without a common
// version. Unknown kinds and unknown fields are skipped, so that an old master
// and a new worker, which is what every deployment is, understand each other.
//
// The three conversations:
//
//	worker → master   hello, ready, (failed), beat …, probed, dumped
//	master → worker   hello, link + 1 file for each front, probe, dump, drain, stop
//
//	front  → master   hello, ready, ack, idle, probed
//	master → front    hello, listen + files, table + 1 file for each new link, beat, stop
//
//	CLI    → master   hello, request
//	master → CLI      hello, progress …, result
//
// # Why no request is lost
//
// A TABLE is the full list of workers a front may use, with a revision. The
// front answers ACK{revision} once no new request can go to a worker that is
// missing or draining in it, and IDLE{worker} once the last request there has
// ended. The master tells a worker to stop only after every connected front
// has said both. A table is a lease: a front that has heard nothing for
// [Lease] must stop using it, so the master never waits longer for a front
// that hangs.
package control
