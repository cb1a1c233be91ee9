// Package h2 is the front's HTTP/2 server, for connections whose TLS handshake
// has chosen it. It knows the costs that a client can cause by frames that are
// cheap for itself, keeps no buffer for a connection that waits, and knows when
// a client has gone. Names of sections are those of RFC 9113.
//
//	s := h2.New(h2.Options{}, func(x *h2.Exchange) {
//		x.Start(200, http.Header{"Content-Type": {"text/plain"}})
//		io.WriteString(x, "hello\n")
//	})
//	...
//	s.Take(conn, func() {}) // a *tls.Conn after its handshake
//	...
//	s.Close()
//
// # The way of a request
//
//	conn      the reader, one goroutine for each connection, reads frames (4)
//	headers   fields are decompressed as they come (4.3)
//	head      and judged one by one; what is accepted has one meaning only (8.2, 8.3)
//	server    a goroutine of the crew takes the request, or it waits for its turn
//	exchange  the handler gets it
//	data      DATA is checked against the windows that we granted (5.2, 6.9)
//	body      and waits there for who reads it; what was read is granted again
//	reply     the head of the response waits for the beginning of its body
//	pack      its fields are compressed (RFC 7541)
//	send      DATA is sent as the client's windows allow
//	output    frames of all streams go out in few writes
//
// # Who writes
//
// There is no goroutine that writes: a request appends its frames under the
// connection's lock and, unless somebody is writing, writes what is there. What
// others append meanwhile goes with its next round. It writes twice at most and
// then hands over, so that nobody is kept by the responses of others. The
// reader writes nothing: if both sides stopped reading in order to write, they
// would wait for each other for good. A small page is one write and one record
// of TLS. More than 64 KiB is not appended: then a stream waits.
//
// A write that the client does not take in Options.WritePause ends the
// connection, as no other stream could go on. A client that grants a stream
// too little, or too slowly, ends this stream.
//
// # What is refused
//
// A request that HTTP/2 does not know (8.1.1) is answered by RST_STREAM: names
// in upper case, control characters and space around values, pseudo-fields that
// are repeated, missing, unknown or behind others, fields of a connection, Te of
// more than trailers, a Host that is not the authority, a body that is not as
// long as Content-Length says. One that HTTP/2 knows, but nobody may send, gets
// what it would get by HTTP/1.1:
//
//	400  no host, or one that is malformed; a target with "#", a backslash or a
//	     malformed escape in the path
//	414  method and path over Options.Line
//	417  an expectation that is not 100-continue
//	431  fields over Options.Head, or more than Options.Fields
//	501  CONNECT
//
// A field whose name has "_" or "." is read and then forgotten, as by package
// h1. Extended CONNECT (RFC 8441) is not offered: browsers open WebSockets by
// HTTP/1.1 then. Priorities are ignored (5.3), nothing is pushed (8.4).
//
// # What clients may cost
//
//	streams        Options.Streams at once. Those that a client resets count until
//	               their handlers have ended, four times as many wait, and then the
//	               connection is ended (CVE-2023-44487)
//	fields         32 frames and four times what a head may have, compressed
//	               (CVE-2024-27316); more are an error of the connection, because
//	               they must be decompressed whatever they are for
//	bodies         256 KiB for each stream and 1 MiB for all are taken ahead of who
//	               reads; what nobody wants is granted again
//	answers        256 KiB of those that the client makes us give: to PING, to
//	               SETTINGS, RST_STREAM
//	idle work      10,000 frames in 10 s that bring nothing about: PING, SETTINGS,
//	               PRIORITY, empty DATA, unknown ones, and RST_STREAM, which counts
//	               four times
//
// All but the first are answered by GOAWAY with ENHANCE_YOUR_CALM. Every wait
// for a client has an end, see Options; bodies and responses also have a least
// rate, which counts only the time that the client made us wait.
//
// # Ends
//
// Goodbye takes two steps (6.8). The first GOAWAY names no stream: the client
// shall go elsewhere, but whatever it asks for is answered. With it goes a PING,
// whose answer says that the client has read this; then, or after
// Options.HeadTime, the second GOAWAY names the last stream that was taken, and
// the connection ends with its last response. So nothing is lost, idle
// connections can be told too, and a client knows what it may repeat. A
// response that says "Connection: close", an idle connection and Dismiss come
// at once to the second step.
//
// Ending a connection we shut our direction and read on for a while, so that no
// reset destroys what we said. A client that hangs up, even if only its own
// direction, ends the contexts of all its requests, RST_STREAM that of one.
package h2
