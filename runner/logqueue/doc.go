// Package logqueue writes the lines of a log in a goroutine of its own, so that
// whoever logs never waits for a disk, a pipe or a terminal.
//
// A [Queue] is an io.Writer that takes whole lines, one for each call; those of
// [Queue.WriteSoon] may wait a moment to share a system call. What does not fit
// while the reader is slow is dropped and counted, and the queue says so when it
// can. [Queue.Redirect] moves the log to another file between two
// lines: none is lost, none is torn.
package logqueue
