package runner

import (
	"slices"
	"sync"

	"github.com/dram-go/dram/runner/control"
)

// maxGreetings bounds the connections of the control socket that have not
// said yet what they want.
const maxGreetings = 64

// greetings are these connections, the oldest first. When there are too many,
// the oldest must go: whoever means it has said so within milliseconds.
type greetings struct {
	mu   sync.Mutex
	open []*control.Conn
}

func (g *greetings) begin(conn *control.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.open) >= maxGreetings {
		g.open[0].Close()
		g.open = slices.Delete(g.open, 0, 1)
	}
	g.open = append(g.open, conn)
}

func (g *greetings) end(conn *control.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := slices.Index(g.open, conn); i >= 0 {
		g.open = slices.Delete(g.open, i, i+1)
	}
}
