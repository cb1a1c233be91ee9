package runner

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"

	"github.com/dram-go/dram/framework/pubsub"
	"github.com/dram-go/dram/runner/control"
)

// hubName is the file name of the hub's socket in the run directory.
const hubName = "hub.sock"

// hub relays what workers publish, of both generations during a reload. It
// lives in the master because that outlives them, and looks at nothing.
type hub struct {
	relay pubsub.Hub
	path  string
	who   *identity   // who connects, if not we
	file  os.FileInfo // of the socket
	end   context.CancelFunc
	ended sync.WaitGroup
}

// openHub begins to relay at a socket in the run directory, which only our
// user may enter.
func openHub(runDir string, who *identity) (*hub, error) {
	h := &hub{path: filepath.Join(runDir, hubName), who: who}
	return h, h.open()
}

func (h *hub) open() error {
	l, err := control.Bind(h.path)
	if err != nil {
		return fmt.Errorf("hub: %w", err)
	}
	if err = h.who.lendSocket(h.path); err == nil {
		h.file, err = os.Lstat(h.path)
	}
	if err != nil {
		l.Close()
		return fmt.Errorf("hub: %w", err)
	}
	h.serve(l)
	return nil
}

func (h *hub) serve(l net.Listener) {
	ctx, cancel := context.WithCancel(context.Background())
	before := h.end
	h.end = func() {
		cancel()
		if before != nil {
			before()
		}
	}
	h.ended.Go(func() {
		_ = h.relay.Serve(ctx, l) // ends with ctx, or with a socket that was closed
	})
}

// tend makes the socket anew when somebody has removed it. Whoever is
// connected stays so.
func (h *hub) tend() error {
	if now, err := os.Lstat(h.path); err == nil && os.SameFile(now, h.file) {
		return nil
	}
	return h.open()
}

// close ends all connections and removes the socket.
func (h *hub) close() {
	if h == nil {
		return
	}
	h.end()
	h.ended.Wait()
	if now, err := os.Lstat(h.path); err == nil && os.SameFile(now, h.file) {
		os.Remove(h.path)
	}
}

func (m *master) hubStatus() *hubStatus {
	if m.hub == nil {
		return nil
	}
	s := m.hub.relay.Stats()
	return &hubStatus{Peers: s.Peers, Relayed: s.Relayed, Gaps: s.Gaps}
}
