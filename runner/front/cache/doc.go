// Package cache keeps responses that a handler made public and answers with
// them, as a shared cache does by RFC 9111, in bounded memory.
//
// A request meets it twice: [Cache.Begin] says what to do with the request,
// and where that is to ask the app, a [Fill] takes the response.
//
//	o := c.Begin(&r, false)
//	switch {
//	case o.Hit != nil:   // answer with it
//	case o.Flight != nil: // somebody asks the app already: wait, then Begin again
//	default:             // ask the app; tell o.Fill, unless it is nil
//	}
//
// # What is kept
//
// A response to GET with a status that ends the exchange well (200, 203, 204,
// 300, 301, 302, 307, 308, 404, 410), whose Cache-Control says public or
// s-maxage and how long (s-maxage, else max-age, else Expires; section 4.2.1).
// Nothing is guessed: without an explicit lifetime a response is not kept.
// Never kept are responses
//
//   - that say private, no-store or no-cache (also with field names),
//   - that set a cookie, or vary on something that is not listed below,
//   - to requests with Authorization, with the cookie of a session, with a body,
//     with no-store, or whose Connection takes fields away,
//   - that are longer than Options.MaxEntry, or came with a trailer, or did not
//     come whole.
//
// # What they are found by
//
// Scheme, host, path and query, and the values of the fields that Vary names
// (section 4.1). Vary may name Accept, Accept-Encoding, Accept-Language,
// Origin, Save-Data, X-Requested-With, Hx-Request and Hx-Boosted. Two values are
// the same if they differ in case (where it does not count) and white space
// only; an Accept-Language also, if its ranges come in another order that
// their weights undo. A response that lists the languages of its page in
// Avail-Language (draft-ietf-httpbis-availability-hints), as package framework
// does, serves all that its language suits best, so that there are no more
// variants than languages whatever clients ask for. Vary: Cookie is supported as far as that a response to a
// request without any cookie serves requests without any cookie. Host and
// scheme are parts of the key anyway.
//
// A request with the cookie of a session meets no cache, in neither direction.
//
// # What clients may ask for
//
// GET and HEAD are answered with what is kept, conditional requests and ranges
// included (the caller does that, by [net/http.ServeContent]). Of the
// directives of requests no-store and only-if-cached count; no-cache and
// max-age do not (section 5.2.1 makes them advice): a reload is no way to make
// the app work for pages that it called public.
//
// # Ends
//
// A response is not used after its lifetime. It is dropped before when memory
// is short, the least recently used first; when the build that serves changes
// ([Cache.Serve]); and when an unsafe request to its path was answered without
// an error ([Cache.Invalidate], section 4.4), whatever its query. A response
// that was asked for before such an end is not kept after it.
//
// # Collapsing
//
// While one request asks the app for a page, others for the same page wait for
// its answer. They are the same only if they agree in every field that Vary
// could name, so nobody gets what was meant for another. Waiting ends
//
//	when the answer is there and was kept: all have it
//	when it turns out not to be for keeping: all go to the app at once, and for
//	        a while nobody waits for that page again
//	when the one who asked has left: the next one asks
//	after Options.Patience: who waited so long asks itself
package cache
