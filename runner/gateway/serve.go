package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
	"github.com/dram-go/dram/runner/wire"
)

// Options is what a worker serves, and for whom.
type Options struct {
	Handler http.Handler
	Control *control.Conn  // to the master; Serve does not close it
	Config  *config.Config // Workers.GracefulTimeout and Server.KeepAlive bound the end
	Log     *slog.Logger
	Hello   control.Hello // Worker, Generation and Build of this process
	// Ready, if set, is called right before the master is told READY.
	Ready func()
	// Message, if set, is called with what the master says beyond links and
	// STOP, one message after the other. It must not block.
	Message func(control.Message)
}

// Serve says HELLO and READY to the master and serves the handler until the
// master says STOP, the master and its fronts are gone, or ctx ends. Requests
// in flight may finish within the grace of the STOP, or Workers.GracefulTimeout.
// It returns an error when it could not begin, and nil after an orderly end.
func Serve(ctx context.Context, o Options) error {
	listener := wire.NewListener()
	server, err := NewServer(o.Handler, o.Log)
	if err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer server.Close()

	if err := greet(o); err != nil {
		return err
	}
	orders := make(chan control.Stop, 1)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		receive(o, server, listener, orders)
	}()

	grace := o.Config.Workers.GracefulTimeout
	select {
	case stop := <-orders:
		grace = stop.Grace
	case <-gone:
		o.Log.Warn("the master is gone; finishing what the fronts still send")
		server.Drain() // streams may move to the next master's workers
		// A front lingers for idle clients before its own grace.
		deadline := time.Now().Add(o.Config.Server.KeepAlive + grace)
		waitForFronts(ctx, listener, time.Until(deadline))
		grace = min(grace, time.Until(deadline))
	case <-ctx.Done():
	case err := <-served:
		return fmt.Errorf("worker: serve: %w", err)
	}
	finish(server, grace, o.Log)
	return nil
}

func greet(o Options) error {
	us := o.Hello
	us.Role = control.RoleWorker
	if _, err := o.Control.Hello(us); err != nil {
		return err
	}
	if o.Ready != nil {
		o.Ready()
	}
	return o.Control.Send(control.KindReady, nil)
}

// receive carries out what the master says until the connection ends.
func receive(o Options, server *Server, listener *wire.Listener, orders chan<- control.Stop) {
	for {
		m, files, err := o.Control.Receive()
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
				o.Log.Debug("control connection ended", "err", err)
			}
			return
		}
		switch m.Kind {
		case control.KindLink:
			addLinks(o, listener, files)
			files = nil
		case control.KindDrain:
			server.Drain()
		case control.KindStop:
			var stop control.Stop
			if err := m.Decode(&stop); err != nil {
				o.Log.Error("stop without a grace, taken as 0", "err", err)
			}
			select {
			case orders <- stop:
			default: // one is enough
			}
		default:
			if o.Message != nil {
				o.Message(m)
			}
		}
		for _, f := range files {
			f.Close()
		}
	}
}

// addLinks takes over the files of a LINK message.
func addLinks(o Options, listener *wire.Listener, files []*os.File) {
	for _, f := range files {
		link, err := wire.NewLink(f)
		if err != nil {
			o.Log.Error("link to a front", "err", err)
			continue
		}
		listener.Add(link)
	}
}

// waitForFronts waits until every front has closed its link, limit at most.
func waitForFronts(ctx context.Context, listener *wire.Listener, limit time.Duration) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-listener.NoLinks():
	case <-timer.C:
	case <-ctx.Done():
	}
}

// finish lets requests in flight end within grace and cuts the rest.
func finish(server *Server, grace time.Duration, log *slog.Logger) {
	if grace > 0 {
		ctx, cancel := context.WithTimeout(context.Background(), grace)
		defer cancel()
		if server.Shutdown(ctx) == nil {
			return
		}
		log.Warn("requests cut that did not end in time", "grace", grace)
	}
	server.Close()
}
