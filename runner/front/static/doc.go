// Package static answers requests for files: those of the asset store and of
// directories, small ones from memory as they will be sent, large ones by the
// kernel.
//
//	request     what a client asks for, taken from a parsed head
//	condition   If-Match and its relatives (RFC 9110, section 13)
//	span        Range (section 14)
//	coding      Accept-Encoding (section 12.5.3)
//	place       where files lie: the store, or a directory below a prefix
//	file        a file in all its encodings, with the fields of its responses
//	shelf       the files that are kept ready, bounded in octets and descriptors
//	answer      which response it is to be, and its sending
//
// # What is answered
//
// GET and HEAD of a regular file: 200, or 304, 412, 206 (one or two ranges) and
// 416 as the conditions of the request say. Other methods get 405. Whatever is
// no file, is hidden (a name with a part that begins with a dot), has an encoded
// separator, or leads out of its directory by a symbolic link is not answered at
// all: the request is then a worker's.
//
// # Validators
//
// The entity tag of an asset is its fingerprint, and that of a file in a
// directory its time and size. Each encoding has a tag of its own, because a
// strong tag stands for octets. A file that was changed within the last two
// seconds has a weak tag until then: its time may be too coarse to show the next
// change.
//
// # Files that change
//
// What a file in a directory is, is believed for a second ([Options.Trust]).
// A response has the length that its head announced: when a file grows, the rest
// is not sent; when it shrinks, the connection is cut, so that nobody takes a
// part for the whole. A file that was replaced by a rename, or removed, while it
// is being sent is sent as it was. Assets never change.
package static
