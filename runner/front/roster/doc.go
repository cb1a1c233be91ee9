// Package roster knows the open connections of a server, and the goroutines
// that serve them: what the engines of the front have in common at the end of
// their lives, whichever version of HTTP they speak.
//
// A connection is in it from Add to Remove. Goroutines that Go has started are
// waited for by Close, after which there are neither new ones nor new
// connections.
package roster
