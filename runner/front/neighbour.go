package front

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/dram-go/dram/runner/control"
)

// newNeighbour follows the gateway of another app, whose run directory or control
// socket is at path.
func newNeighbour(path, build string, s *settings, live *live, log *slog.Logger, news func()) *app {
	path = socketOf(path)
	log = log.With("gateway", path)
	n := &neighbour{
		table: newTable(live, log, time.Now), static: newFiles(s.static.ofNeighbours(), log), log: log,
		path: path, news: news, since: time.Now(), why: "the gateway has not answered yet",
	}
	ctx, stop := context.WithCancel(context.Background())
	events := make(chan event)
	var talking sync.WaitGroup
	talking.Go(func() {
		defer close(events)
		attend(ctx, path, control.Hello{Build: build}, s.retry, log, events)
	})
	talking.Go(func() {
		for e := range events {
			n.react(e)
		}
	})
	return &app{static: n.static, table: n.table, serve: newProxy(n.table).serve, look: n.look, close: func() {
		stop()
		talking.Wait()
		n.table.reset()
		n.table.wiring.close()
		n.static.close()
	}}
}

// socketOf is the control socket that a path names, which may be that of its
// directory.
func socketOf(path string) string {
	if info, err := os.Stat(path); err != nil && filepath.Ext(path) != ".sock" || err == nil && info.IsDir() {
		return filepath.Join(path, control.SocketName)
	}
	return path
}

// neighbour is an app of another tree, which the front serves beside its own.
type neighbour struct {
	table  *table
	static *files
	log    *slog.Logger
	path   string // of the control socket
	news   func() // called when it has changed

	mu     sync.Mutex
	serves bool // it has workers for us
	since  time.Time
	why    string // it does not
}

// react carries out what the gateway says.
func (n *neighbour) react(e event) {
	if e.err != nil {
		n.log.Warn("gateway lost; requests wait, then get 503", "err", ended(e.err))
		n.table.reset()
		n.note(false, ended(e.err).Error())
		return
	}
	tell := func(kind control.Kind, body any) {
		if err := e.conn.Send(kind, body); err != nil {
			n.log.Debug("message to the gateway", "kind", kind, "err", err)
		}
	}
	switch {
	case e.opened:
		tell(control.KindReady, nil)
	case e.message.Kind == control.KindTable:
		var m control.Table
		if err := e.message.Decode(&m); err != nil {
			n.log.Error("table that cannot be read", "err", err)
			closeFiles(e.files)
			return
		}
		n.static.use(m.Assets)
		n.table.apply(m, e.files, tell)
		n.note(n.table.serves(), "no worker is ready")
	default:
		closeFiles(e.files)
		n.table.renew()
	}
}
