// Package nonblock reads and writes sockets in non-blocking mode, and sends
// files to them, without telling the Go scheduler; it asks the clock of the
// process in the same way.
//
// An ordinary system call is announced to the scheduler, because it might
// block; and when the whole process was idle before, that wakes the thread
// which looks after blocked ones (sysmon), and puts it to sleep again
// afterwards. A call that cannot block needs none of this, and a process that
// waits for the next request most of the time saves a tenth of its work. A call
// that takes long without blocking, as sending a part of a file does, would even
// have its processor taken away and handed to another thread. Octets of a file
// that are not in memory are sent by an ordinary call, because a disk can block.
//
// Only a process that runs no code of others may do so: while that thread
// sleeps, nobody interrupts a goroutine that computes for long.
package nonblock
