// Package tags knows language tags (RFC 5646) and which of an app's locales a
// client wants. It is apart from the catalogues, because a cache that answers
// for an app must choose as the app does.
package tags
