package runner

import (
	"math"
	"runtime"
	"runtime/debug"
)

// heapFloor is how much a worker may allocate before its collector begins. Go
// begins at 4 MiB, so a worker that keeps little collects hundreds of times a
// second under load: a tenth of all its work, for 12 MiB.
const heapFloor = 16 << 20

// calmCollector makes it so, until the function that it returns is called: Go
// collects when the heap has doubled, and this is heap that nobody writes to,
// for which the kernel has no pages. The memory limit grows by as much.
func calmCollector() (end func()) {
	size, limit := int64(heapFloor), debug.SetMemoryLimit(-1)
	if limit < math.MaxInt64 {
		size = min(size, limit/16)
		debug.SetMemoryLimit(limit + size)
	}
	idle := make([]byte, size)
	return func() { runtime.KeepAlive(idle) }
}
