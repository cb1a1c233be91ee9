// Package tempo lets a process that answers many requests a second answer
// several of them each time that it gets a processor.
//
// Linux lets a process that was waiting go first: a front that hands a request
// to a worker is put aside for it at once, although the next ten requests are
// there already, and the worker has one to do before it sleeps again. Under
// load each request then costs four changes between processes, with all that
// the kernel and the Go scheduler do at each. The policy SCHED_BATCH (see
// sched(7)) makes who wakes up wait for its turn, a few milliseconds at most,
// and find a queue of work: the same requests take a third less processor
// time.
//
// Who has little to do should go first all the same, because then nothing is
// gained by waiting and the client gets its answer later. So a process is
// under this policy only while it answers thousands of requests a second.
// Nothing happens if the process was started under another policy than the
// usual one, or may not change it, or elsewhere than on Linux.
//
// The policy belongs to threads. All of the process change; those that are
// started later, and programs that it starts meanwhile, are as the thread that
// starts them.
package tempo
