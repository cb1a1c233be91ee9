// Package wire is the gateway interface (DGI): how a front hands a request to
// a worker. It knows nothing else of Dram. This page is its specification,
// version 1; with the vectors in testdata it is enough to write another
// implementation.
//
// # Links
//
// A [Link] joins one front with one worker. The master makes it (a unix
// SOCK_SEQPACKET socketpair) and gives each side its end. Over a link the
// front opens as many data connections as it wants: [Link.Dial] makes a
// stream socketpair, keeps one end and sends the other across as SCM_RIGHTS
// with one byte, whatever it is; the worker's [Listener] accepts it. So there
// are no paths, no permissions and nothing to unlink, and the death of either
// side is an immediate end of file on the link (see [Link.Gone]) and on every
// connection made over it.
//
// A data connection is a stream connection, or by agreement a message
// connection. A stream connection carries one exchange (a request and its
// response) at a time, whatever its size. A message connection carries many
// small ones at once, see below. The front opens a connection, keeps it for
// more exchanges, and closes it. The worker never closes one between exchanges.
//
// # Frames
//
// Both directions are sequences of frames: a header of four bytes and a
// payload.
//
//	byte 0     bit 7    OPTIONAL: who does not know the kind skips the frame
//	           bit 6    END: the message ends with this frame
//	           bits 0–5 kind
//	bytes 1–3  length of the payload, big-endian
//
//	kind        sent by  payload at most   what
//	1 HELLO     both         4 KiB         first frame of each direction
//	2 REQUEST   front      256 KiB         head of a request
//	3 RESPONSE  worker     256 KiB         head of a response
//	4 BODY      both        64 KiB         bytes of a body
//	5 TRAILER   both       256 KiB         fields after a body
//	6 ABORT     worker       4 KiB         the exchange is given up
//	7 ASK       front       32 KiB         a request that has no body
//	8 ANSWER    worker     128 KiB         a response with its body
//	9 MOVE      worker       4 KiB         the response comes elsewhere
//	10 CANCEL   front        4 KiB         nobody waits for the response
//	11 CLAIM    front        4 KiB         for a response that moved
//
// A frame of another kind has at most 4 KiB. It is a violation unless it is
// OPTIONAL.
//
// In payloads, u8 and u16 are big-endian numbers of fixed size, uvarint is the
// unsigned base-128 number of encoding/binary (and of Protocol Buffers), and
// string is a uvarint length and that many bytes.
//
// # HELLO
//
//	4 bytes  "DGI" and LF
//	u8       side: 1 front, 2 worker
//	u8 u8    lowest and highest version that the sender speaks
//	uvarint  features, a bit set: 1 messages; unknown ones are ignored
//	         (later versions may append)
//
// A worker that knows of message connections sets that bit always, a front
// where it wants one. When both have set it, it is one.
//
// Each side sends HELLO at once and waits for the other's before it sends
// anything else. They speak the highest version that both know. If there is
// none, each says so in its log and closes. A connection on which the HELLO
// has not come has carried nothing, so its request may go elsewhere.
//
// # Messages
//
//	from the front   REQUEST  BODY*  [TRAILER]
//	from the worker  RESPONSE(1xx)*  RESPONSE  BODY*  [TRAILER]
//
// END is on the last frame of a message: on the head when there is no body, on
// the last BODY, or on the TRAILER, which always has it. A BODY may be empty.
// Informational responses have no END, except 101, which always has it. The
// next REQUEST may follow when both messages have ended.
//
// REQUEST:
//
//	u8       flags: 1 the client waits for 100 before it sends the body;
//	         2 WHOLE, see below
//	u16      exchange: 1 for the first request on the connection, then 2, 3,
//	         after 65535 comes 0
//	string   method
//	string   target, as the client sent it (RFC 9112, section 3.2)
//	string   host: the authority that the request is for
//	u8       version of HTTP that the client speaks, major*16 + minor
//	uvarint  length of the body plus 1; 0 when it is unknown
//	facts    u8 id, string value; ends with id 0; at most 64
//	fields
//
// RESPONSE:
//
//	u8       flags: 1 LAST, the worker takes no other request here
//	u16      exchange: that of the request
//	u16      status, 100 to 999
//	uvarint  length of the body plus 1; 0 when it is unknown
//	fields
//
// TRAILER is fields alone. ABORT is a u8 code and a string for the log.
//
// fields is a list of name and value, both for what is one line in HTTP/1.1:
//
//	name     u8: 0 ends the list; 1, then a string: that name; 2 and above:
//	         that entry of the table in names.go, which begins with 2 and is
//	         append-only
//	value    string
//
// A name is a token (RFC 9110, section 5.1); receivers make its letters'
// case canonical (Content-Type). A value has neither CR, LF nor NUL. A list
// has at most 2048 fields. Host, Transfer-Encoding, and Content-Length of a
// response are not among them: framing is never text. Nothing that concerns
// the client's connection alone is either, except Connection and Upgrade for
// upgrades, Connection: close of a response, which asks the front to end the
// client's connection, and Trailer, which announces the names in a TRAILER.
//
// When a length is given, the BODY frames have exactly that many bytes. To
// HEAD, with 204 and with 304 RESPONSE has END, and its length, if given, is
// what it would have been.
//
// # Message connections
//
// What one side says at once on many exchanges costs one system call, and the
// other side another to read it: under load that is a fifth of all that a small
// request costs. When little is under way it saves nothing, and a request goes
// by a stream connection faster.
//
//	ASK     the payload of a REQUEST without a body. Its exchange is any
//	        number that no other has for which there was no ANSWER or MOVE.
//	ANSWER  u16 exchange, u32 length of the head, the head, which is the payload
//	        of a RESPONSE with the same exchange and a status from 200 on, and
//	        the body. Its length is that of the body, except to HEAD, and with
//	        204 and 304, which have none. LAST: nothing is to be asked here any
//	        more.
//	MOVE    u16 exchange, uvarint ticket, which is not 0
//	CANCEL  u16 exchange, uvarint ticket; 0 as long as nothing has moved
//
// All have END. The worker sends one ANSWER or MOVE for each ASK, in any order,
// also after a CANCEL, when nobody reads it.
//
// MOVE is for all that an ANSWER cannot be: informational responses, a body
// that is longer, or sent in parts, trailers, upgrades, an exchange that is
// given up. The front sends a CLAIM, a uvarint ticket, with END, on a stream
// connection to the same worker, as if it were a REQUEST, and what follows there
// is the response to the ASK. Who does not want it sends CANCEL with the ticket.
// The worker waits 10 s for either. To a CLAIM with a ticket that is void it
// sends ABORT 1.
//
// An ABORT on a message connection is one of the connection, with code 2.
//
// Neither side may hold its reading up for a write of its own: when each waits
// until the other reads, both wait for ever. So whoever reads hands on what it
// has read, and no more.
//
// When a message connection ends, nobody knows which of the requests on it were
// read. So only those go by message that may be carried out twice.
//
// # Facts
//
// What no client can write, so that a worker may trust it. Ids of which a
// receiver knows nothing are skipped, and never used again.
//
//	1  ADDRESS:PORT of the client       6   request id
//	2  ADDRESS:PORT it reached          7   milliseconds until the response
//	3  scheme: http or https                must have begun, as a uvarint
//	4  locale, a BCP 47 tag             8   TLS: u16 version, u16 cipher suite
//	5  mount: prefix of the path        9   TLS: protocol by ALPN
//	   under which the app lives        10  TLS: server name by SNI
//	11  directories, absolute, with NUL between them: a response with status 200
//	    whose field X-Sendfile names a file in one is a wish that the front
//	    send that file with the other fields of the response, whole or in
//	    ranges, or answer a condition of the request (RFC 9110, sections 13 and
//	    14). What the worker sends as a body is not used. A client never sees
//	    X-Sendfile.
//
// Time travels as what remains of it: clocks jump and differ.
//
// # Flow control
//
// It is the kernel's: who does not read makes the other side wait. On a stream
// connection, neither side may hold its reading up until a write of its own is done, with one
// exception: a message with WHOLE. WHOLE says that the front has sent the
// message, at most 64 KiB of body, before it does anything else; the worker
// must read it to its end before it acts on any of it.
//
// # Ends
//
// A response may end before its request has: then the front sends no more and
// closes. If it has sent all, the worker skips what it has not read, and the
// connection goes on.
//
// The front cancels an exchange by shutting down or closing the connection;
// the worker sees it without reading ([Hangups]) and ends what it does.
//
// The worker gives an exchange up by ABORT and closes: code 1, the handler
// wants the client to see a cut connection and no response of the front's; code
// 2, the front has broken the protocol, and the text says how. An end without
// ABORT is the death of the worker. Until the first byte of the response has
// come, the front knows what that means for the request:
//
//	the write failed with nothing sent      it was not seen
//	ECONNRESET, and the request was WHOLE   it was not read whole, so nobody acted
//	end of file, or any other reset         it was taken, and may have been carried out
//
// # Upgrades
//
// RESPONSE 101 ends the exchange, and both directions are raw bytes from then
// on: the front sends them only after it has read that frame. A front that did
// not ask for the protocol closes. Each side may end its own direction first.
//
// # Violations
//
// Everything that this page does not allow. Who finds one says it in a log,
// and closes that connection; the link, the other connections and the other
// side's process go on. A worker sends ABORT 2 first; a front answers its
// client 502.
package wire
