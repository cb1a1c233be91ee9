// Package h1 is the front's HTTP/1.1 server. It is strict where messages could
// mean two things, gives no buffer to a connection that waits, and knows when a
// client has gone.
//
//	s := h1.New(h1.Options{}, func(x *h1.Exchange) {
//		x.Start(200, http.Header{"Content-Type": {"text/plain"}})
//		io.WriteString(x, "hello\n")
//	})
//	...
//	err := s.Serve(listener) // until the listener is closed
//	s.Close()
//
// # The way of a request
//
//	accept    a connection comes in, is counted, and encrypted if it is to be
//	gone      it is registered with the one epoll that sees hang-ups
//	conn      it rests without a buffer until an octet comes
//	head      the head is parsed once, into offsets over the read buffer
//	exchange  the handler gets it, in the goroutine of the connection
//	body      is read when the handler reads it; the first Read says 100 Continue
//	reply     head and short body go out in one write
//	conn      the rest of the body is read away, or the connection is closed
//
// Pipelined requests are answered one after another; no response waits for a
// later request.
//
// # What is refused
//
// A request whose end or meaning others could see differently ends its
// connection (RFC 9112, sections 2 to 7 and 11.2; stricter where that is
// lenient):
//
//	400  a line without CR or LF, a control character, a folded field line, space
//	     around a field's name, more or less than one space in the request line
//	400  Host missing from HTTP/1.1, repeated, malformed, or not the authority of
//	     an absolute target; a target that is no path, with "#", with a backslash
//	     or a malformed escape in the path
//	400  Content-Length repeated (even alike), not all digits, or together with
//	     Transfer-Encoding; Transfer-Encoding repeated or in HTTP/1.0
//	408  a head that takes too long
//	414  a request line over Options.Line
//	417  an expectation that is not 100-continue
//	431  fields over Options.Head, or more than Options.Fields
//	501  a Transfer-Encoding other than chunked; CONNECT
//	505  versions other than 1.0 and 1.1
//
// Whatever is accepted, net/http's server would accept with the same framing;
// fuzzers hold that. A field whose name has "_" or "." is read and then
// forgotten, as nginx does: in a CGI program's variables it could not be told
// from another, but real clients send such fields, so refusing the request
// would break what works elsewhere. The fields of a trailer are treated alike;
// malformed chunks and trailers are errors of the body.
//
// # Time
//
// Every wait for a client has an end: see Options. Bodies and responses also
// have a least rate, which counts only the time that the client made us wait.
//
// A client that has been silent for a second costs no more than one that has
// just come: its connection has no buffer, and waits in a goroutine of its own
// whose stack has never been used for a request.
//
// # Ends
//
// The server says goodbye in a response (Connection: close), and closes idle
// connections only when they have waited for Options.KeepAlive, or when Dismiss
// or Relieve says so; what has arrived by then is still answered. Relieve also
// ends heads and handshakes that take long, and Close does not wait for any. When it ends a
// connection on which the client may still be sending, it shuts its own
// direction and reads on for a while, so that no reset destroys the response.
//
// A client that hangs up ends the context of its request, if its request was
// read whole. Shutting down only its sending direction counts as hanging up, as
// it does for net/http and nginx.
package h1
