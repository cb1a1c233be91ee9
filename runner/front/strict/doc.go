// Package strict has what the engines of the front hold clients to, whichever
// version of HTTP they speak:
//
//	octet    what fields and targets may consist of (RFC 9110, section 5)
//	target   which hosts and paths have one meaning only
//	refusal  why a request was not accepted
//	pace     how slow a client may be
//
// The rules are stricter than those of the RFCs where these let a message mean
// two things to two programs.
package strict
