package runner

import (
	"context"

	"github.com/dram-go/dram/runner/gateway"
)

// Draining returns a channel that is closed when the process that serves the
// request of ctx is about to end, while its clients are still there: what
// would go on for ever, a stream or a WebSocket, should come to its end then.
// Its client connects again and reaches the process that comes next. The
// channel is nil, which is never ready, outside of a request that a worker or
// run serves.
func Draining(ctx context.Context) <-chan struct{} { return gateway.Draining(ctx) }
