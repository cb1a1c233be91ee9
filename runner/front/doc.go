// Package front is the process that clients talk to. It serves the static
// files itself and hands every other request to a worker; it never runs code
// of the app.
//
// [Run] is a front from its first message to its last. What it does with one
// request, in order:
//
//	entrance   a client gets a place, or waits for one, unless its address has too many
//	exchange   an engine presents a request: package h1 or h2
//	settings   those in force are taken and kept for the whole of the request
//	methods    TRACE (405) and CONNECT (501) reach nobody
//	guard      a host that is none of ours is refused, and an address in a hurry
//	health     /livez and /readyz are answered here, figures for who may have them
//	closure    a site that is closed for maintenance answers 503
//	limits     a body that is too large is refused, a small one is read whole
//	mount      the app is found: this one, another one, or foreign upstreams
//	static     a file of the app, or of a directory, is answered here
//	kept       a page that a handler made public is answered from memory
//	table      a ready worker is picked, or waited for
//	proxy      the request goes to the worker over a pooled connection
//	messages   when many are under way there, it shares one with others
//	watch      the worker must begin its response in time
//	retry      a pure function says what to do when that failed
//	relay      the response goes to the client as it comes
//	figures    it is counted
//	access     one line in the log
//
// # What a client never notices
//
// A request without body whose method is safe (RFC 9110, section 9.2.1) is
// sent to another worker when its worker dies before the client has seen a
// byte of the response. So that this covers nearly every page, a response of
// known, modest length to such a request is read whole before its head goes
// out; workers know the length of whatever has at most 64 KiB and was not
// flushed. A request of any method is sent elsewhere when no handler has seen it:
// nothing of it was sent, or it was sent at once and the kernel says that the
// worker had not read it whole. Nothing else is ever sent twice: a POST whose
// worker died is answered 502, because it may have been carried out. Requests
// with an Idempotency-Key count as safe where server.idempotency_keys says so.
//
// The end of a worker's link is its death: it is used no more, its idle
// connections are closed, and requests that met the death wait for its
// replacement like any others. A connection that ends while the link lives
// only makes other workers preferable for a second.
//
// A request at which a worker died may be why. It is repeated once, and for up
// to 2 s it waits for more than the last ready worker. A path that has met the
// deaths of two workers in a minute, without an answer in between, is not
// repeated at all.
//
// A handler that aborts (http.ErrAbortHandler) is no death: its worker says so,
// and the client's connection is cut, as net/http's server does it.
//
// A client that reads slowly keeps neither a worker nor an upstream busy: when a
// write to it has waited for 100 ms, what follows is read as fast as it comes,
// up to 64 MiB of a response and 256 MiB of all of an app in files without a
// name in the directory for temporary files (TMPDIR). Where there is no room it
// is read as the client takes it.
//
// While no worker is ready (a start, a crash of all, a silent master) requests
// wait, a bounded number of them for a bounded time, then 503.
//
// # Settings
//
// What a configuration means to the front is one immutable struct behind an
// atomic pointer. When the master sends another configuration, or SIGHUP
// reaches a front that runs apart, it is read and judged as a whole beside the
// running one. If anything is wrong with it, nothing changes; else it holds
// for every request that begins from then on, on connections that are open
// too. None is closed.
//
// # https
//
// Package h1 makes the handshakes, each in a goroutine of its own and within
// 10 s. Connections that chose HTTP/2 go on to package h2, which presents its
// streams as the same exchanges: 128 of them at once for each connection, which
// bounds what a flood of resets can start too, with the same limits and paces,
// and a goodbye that is GOAWAY. Certificates come with the
// settings; whoever is connected keeps the ones of its handshake. HTTP that
// comes to the port for https is answered 400 with a word of advice, TLS that
// comes to a port in clear likewise; renegotiation is refused.
//
// A connection is good for each host that the certificate shown on it holds, as
// browsers use it. A request for another host, which has a certificate of its
// own, is answered 421, and browsers come again on another connection (RFC 9110,
// section 7.4); from a trusted proxy it is not. Clients that name no host in
// their handshake, or one without a certificate, are shown the first.
//
// # What clients may cost
//
// All of this is on by default, with numbers that no browser comes near;
// [server] and [limits] in dram.toml change them, at once and without closing a
// connection.
//
//	a head         10 s from its first byte to its last, 8 KiB for the request line
//	               (414), 100 fields of 16 KiB together (431)
//	a body         10 MiB (413), pauses of 30 s at most, 240 bytes a second
//	a response     is taken with pauses of 60 s at most, at 240 bytes a second
//	a connection   idles for 75 s; while there is no place for others, the idlest
//	               are closed after 1 s, and heads and handshakes that stall
//	an address     has 1,000 connections, and half of all places at most, 500 new
//	               ones a second and 2,000 at once; more are reset; so are,
//	               over HTTP/2, more requests at once than that, or than 128
//	               asks 1,000 times a second and 5,000 times at once; more are
//	               answered 429 with Retry-After
//
// Who takes nothing of a response, be it by a window of 0 over HTTP/2, makes the
// front hold what it has of it: up to 256 KiB that were read whole, else 64 KiB,
// and as much of a body that nobody reads. With the numbers above that is some
// 260 MiB for an address that does its worst, and 60 s at most; of responses that
// were read whole all together are 128 MiB for each app, then others pass as they
// come.
//
// A least rate counts the time alone that a client makes the front wait, of
// which the first 10 s in each direction are free. An address of IPv6 is its
// /64. Requests count for the client that a trusted proxy names, connections
// for their peer. Loopback addresses (limits.exempt) and trusted proxies have no
// limits: an address with a whole office behind it can be exempted there, too.
// What is counted lives in tables of a fixed size, and in a map with an entry
// for each address that is connected; the check of a request takes some 50 ns.
//
// With server.hosts, requests for other hosts are answered 421, and those
// without a host 400; hosts of mounts are among them. Health is answered before
// any of this.
//
// # Static files
//
// What the app has in its folder static, every generation publishes to one
// store, compressed with brotli, zstd and gzip where that pays. The front
// answers for these files below /static/ and for the directories of
// [static.directories.NAME]; a file that is nowhere is the app's to answer for.
// Files up to 64 KiB are sent from memory, of which [static] memory bounds the
// use, others by the kernel: package static has the rules. A directory that
// is not there hinders a start, and a reload changes nothing then; one that
// vanishes later has no files until it is back.
//
// A worker may have a file sent that no client may ask for: it answers 200 with
// X-Sendfile: PATH, absolute and in a directory of static.sendfile, and the
// front sends that file with the other fields of the response, in ranges and by
// conditions as the client asks for it. Context.SendFile of the framework does
// so by itself. The front, which needs the right to read these files, is who
// says what may be named; a file elsewhere is answered 500, one that is gone
// 404. Only workers of this app are heeded, and no client sees the field.
//
// # What is kept
//
// A response that a handler made public (Context.Public of the framework, or
// Cache-Control: public, max-age=60 from any app) is kept for as long as it
// says, up to [cache] in dram.toml: package cache has the rules. Requests with
// the cookie of the app's session (NAME or __Host-NAME, after the app), with a
// cookie of cache.cookies or with Authorization never meet what is kept. While
// a worker makes such a page, others wait who want the same, at most
// cache.wait. When another generation begins or ends to serve, everything is
// forgotten; what the other one was asked for before is not kept. An unsafe
// request that succeeds makes this front forget its path, and what its Location
// names, before the client has the answer. Other fronts of the same gateway are
// told and forget it a moment later.
//
// Mounts take part unless their cache = false. What another app's gateway
// reloads is not known here: its pages stay until they are stale.
//
// Cache-Status (RFC 9211) and the field cache of the access log say what
// happened: hit, stored, or collapsed for one that waited. A public response
// that could not be kept says why.
//
// Requests that are carried out twice are bounded by a budget of one for five
// that come in, see budget: a site that fails all the time must not get twice
// the work for it.
//
// # Mounts
//
// A section [mounts.NAME] gives the requests for a host, or below a path, to
// another app (package config, Mount). An exact host goes before *.HOST, that
// before none; then the longest path. The host is compared without port, case
// and final dot; the path in whole segments, decoded one by one, so that an
// encoded slash separates nothing. A path that is of one mount as it stands
// and of another once its dots are resolved is refused (400): whoever looks at
// it later might see the other one.
//
// The app gets the rest of the path, otherwise exactly as it was sent, and
// "/" for nothing. What was taken off it is told in X-Forwarded-Prefix: an app
// of package framework puts it before all addresses that it writes, Werkzeug's
// ProxyFix (x_prefix=1) makes it SCRIPT_NAME for Flask and Django. With
// keep_prefix neither happens.
//
// The app may be
//
//   - this one, below another address (app = "self");
//   - that of another gateway, by its control socket: the front takes part in
//     the rule that nothing is lost there, and serves its static files;
//   - upstreams, servers of another make, by HTTP/1.1.
//
// Upstreams get what workers get, but the bodies of requests when these are
// whole, from a file (in TMPDIR) if they are longer than 64 KiB: a server that
// does few things at once would be kept busy by few slow clients. Where there is
// no room for a file, 256 MiB for each mount, or with whole_bodies = false,
// they pass as they come.
//
// Upstreams have less trust than workers: their X-Sendfile counts for nothing,
// and a response that is not HTTP is answered 502. One that is short and of
// known length is read whole before its head goes out, so that slow clients do
// not hold a process of theirs. Requests that may be repeated use connections
// again, the others have one each, because a server may close an idle connection
// at any time.
//
// An upstream that takes no connections is left alone at once, one at which
// max_fails requests in a row failed too, unless it is the last; it is tried
// again after 250 ms, 500 ms and so on, by health.path or a mere connection.
// Checks take out by fall, bring back by rise. Who comes back starts slowly.
// While none is usable requests wait like those for workers: a server that is
// restarted loses none.
//
// Upstreams of https:// must have a certificate for the host of their URL from
// an authority that this machine trusts. mounts.NAME.tls.ca names a file with
// the authorities that count instead, tls.server_name another name;
// tls.insecure_skip_verify takes whoever answers, and says so.
//
// # What the master can rely on
//
// A worker is named by an ACK only after no new request can reach a worker
// that is missing or draining in that table, and by an IDLE only after its
// last request ended and the link to it is closed. Both rest on one atomic
// counter for each worker, see worker.acquire. When the master has been silent
// for control.Lease, no worker is used until it speaks again.
//
// # What a worker can rely on
//
// X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host, X-Forwarded-Prefix, X-Real-Ip and
// X-Request-Id are ours: what a client sent under these and similar names was
// dropped. So were hop-by-hop fields and fields whose name contains "_" or
// ".", which frameworks of the CGI tradition cannot tell from others. The same
// holds for the fields of a trailer. Host is as the client sent it, and so is
// the path but for the prefix of a mount, which X-Forwarded-Prefix says; what
// one of server.trusted_proxies says there that it took off stands before it.
package front
