package front

import (
	"math"

	"golang.org/x/sys/unix"
)

// openFiles is how many files this process may have open. The Go runtime has
// raised the soft limit to the hard one before main.
func openFiles() uint64 {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 1024 // what every system grants
	}
	return limit.Cur
}

// reservedFiles are kept for what is neither a client nor a connection to a
// worker: logs, listeners, links, and those that a message of the master brings.
// If the last did not fit, the table they belong to would be lost.
const reservedFiles = 256

// divide shares the open files out: a client connection may need a second
// file, a connection to a worker or an asset, and beside those some
// connections to workers are kept idle.
func divide(files uint64) (clients, idle int) {
	free := int(min(files, math.MaxInt32))
	free -= min(reservedFiles, free/2)
	idle = min(4096, free/8)
	return max(1, (free-idle)/2), idle
}
