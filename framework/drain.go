package dram

import (
	"net/http"
	"sync"
)

// drain tells streams that the process is about to end. The zero value is
// ready.
type drain struct {
	mu      sync.Mutex
	signal  chan struct{} // made by who asks first
	begun   bool
	servers map[*http.Server]bool // that tell us when they shut down
}

func (d *drain) begin() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.begun {
		return
	}
	d.begun = true
	if d.signal == nil {
		d.signal = make(chan struct{})
	}
	close(d.signal)
}

// watch returns what is closed when the drain begins: by hand, or because the
// server of the request shuts down.
func (d *drain) watch(server *http.Server) <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.signal == nil {
		d.signal = make(chan struct{})
	}
	if server != nil && !d.servers[server] {
		if d.servers == nil {
			d.servers = map[*http.Server]bool{}
		}
		d.servers[server] = true
		server.RegisterOnShutdown(d.begin)
	}
	return d.signal
}

// Drain tells streams to end, see [Context.Draining]. It does not wait for
// them. The Shutdown of a http.Server that serves the app does it too, and so
// does [App.Close].
func (a *App) Drain() { a.drain.begin() }

// Draining returns a channel that is closed when this process is about to end,
// while its clients are still there: what would go on for ever (a stream, a
// WebSocket) should come to its end, and its client connects again, to the
// process that comes next. [Context.Events] ends by itself.
func (c *Context) Draining() <-chan struct{} {
	server, _ := c.Request.Context().Value(http.ServerContextKey).(*http.Server)
	return c.app.drain.watch(server)
}
