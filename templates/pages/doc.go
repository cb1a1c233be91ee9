// Package pages holds the pages that Dram itself shows: the error page of an
// app that has none of its own, what the front says when no worker can answer
// (502, 503, 504, maintenance), and the page that explains an error to the
// developer.
//
// They are functions of small structs. Everything in the structs is text and
// is escaped; the only markup is ours. A page needs nothing but itself: no
// script, no font, no image, no request. Its one inline style is allowed by
// [CSP], which whoever serves a page must send with it:
//
//	w.Header().Set("Content-Type", pages.ContentType)
//	w.Header().Set("Content-Security-Policy", pages.CSP)
//	w.WriteHeader(http.StatusBadGateway)
//	pages.Error(w, pages.ErrorPage{Status: 502, Locale: pages.Negotiate(r.Header.Get("Accept-Language"))})
//
// Texts are Korean and English; light or dark follows the reader's system.
package pages
