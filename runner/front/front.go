package front

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
	"github.com/dram-go/dram/runner/front/h1"
	"github.com/dram-go/dram/runner/logqueue"
)

// Options is what a front serves with, and for whom.
type Options struct {
	Config *config.Config
	// Control is the conversation with the master that started this front. If
	// it is nil, the front dials the control socket Gateway, and does so again
	// whenever the gateway goes away. Run closes it.
	Control *control.Conn
	Gateway string
	// Orphaned, if set, says when Control has ended whether the master has too.
	Orphaned func() bool
	// Listener is where clients connect; nil: the master sends listeners.
	Listener net.Listener
	Log      *slog.Logger
	// Announce, if set, is called once with HOST:PORT when clients can connect.
	Announce func(addr string)
	// Hello is what this front says of itself: Build, and its Generation and
	// number (Worker) if it has them.
	Hello control.Hello
	// Load reads the configuration anew: that in a file of a generation when the
	// master asks for it, else, when Again says so, that of a front that runs
	// apart.
	Load  func(control.Settings) (*config.Config, error)
	Again <-chan os.Signal
	// Lines takes the access log as long as there is no file for it. The master
	// sends that file; a front that runs apart opens it, and does so again
	// whenever Reopen says so.
	Lines  *logqueue.Queue
	Reopen <-chan os.Signal
	// Record, if set, is a directory to which all that is said on data
	// connections is written, for wire.Dump: WORKER-NUMBER.front and .worker.
	Record string
}

// Run serves until the master says STOP or ctx ends; then it accepts nobody
// any more, says goodbye in each response, waits for requests in flight within
// the grace of the STOP, or Workers.GracefulTimeout, and returns nil. It
// returns an error when it could not serve, and, after the same orderly end,
// when the master went away; then idle clients stay for up to
// Server.KeepAlive, so that each hears the goodbye before its next request.
func Run(ctx context.Context, o Options) error {
	if o.Control == nil && o.Gateway == "" {
		return errors.New("front: neither a control connection nor the path of a gateway's control socket")
	}
	if o.Control == nil && o.Listener == nil {
		return errors.New("front: a front that runs apart brings its own listener")
	}
	f, err := newFront(o, newSettings)
	if err != nil {
		return err
	}
	return f.run(ctx)
}

// front is a running front.
type front struct {
	options  Options
	live     live
	log      *slog.Logger
	entrance *entrance
	engine   engine
	table    *table
	proxy    *proxy
	static   *files
	access   *accessLog
	guard    *guard
	kept     kept
	home     *app // this one: static and proxy

	errorPages atomic.Pointer[errorPages] // of the app
	closure    atomic.Pointer[closure]    // nil: the site is open

	stopping atomic.Bool
	draining atomic.Bool // the master says that a stop is near
	inFlight counter
	cancel   context.CancelCauseFunc // of every request

	// The rest belongs to run's goroutine.
	listeners []*guarded
	changes   *changes
	apps      apps
	shared    bool       // others accept on our listeners, too, or will
	failed    chan error // from engines
	serving   sync.WaitGroup
	drained   chan struct{} // closed when nothing is in flight after stop
	hurry     func()        // cuts the lingering short; set by stop
	result    error
}

// newFront makes a front whose settings are made of configurations by
// understand.
func newFront(o Options, understand func(*config.Config) (*settings, error)) (*front, error) {
	s, err := understand(o.Config)
	if err != nil {
		return nil, err
	}
	f := &front{options: o, log: o.Log, failed: make(chan error, 1)}
	f.changes = newChanges(func(which control.Settings) (*settings, error) {
		conf, err := o.Load(which)
		if err != nil {
			return nil, err
		}
		return understand(conf)
	})
	base, cancel := context.WithCancelCause(context.Background())
	f.cancel = cancel
	f.table = newTable(&f.live, o.Log, time.Now)
	f.table.wiring.record = o.Record
	f.proxy = newProxy(f.table)
	f.kept.use(s.cache)
	f.static = newFiles(s.static, o.Log)
	f.home = &app{static: f.static, names: true, serve: f.proxy.serve}
	f.furnish(s)
	f.live.Store(s)
	f.guard = newGuard(&f.live, o.Log)
	f.entrance = newEntrance(s.clients, f.guard.admit, o.Log)
	f.access = newAccessLog(o.Lines, o.Log)
	f.engine = s.engine(base, &f.live, o.Log, f.handle, func(remote string, why *h1.Refusal) {
		f.access.refused(remote, why, f.live.Load().access)
	})
	return f, nil
}

// run is the life of a front.
func (f *front) run(ctx context.Context) error {
	talk, hangUp := context.WithCancel(context.Background())
	retry := f.live.Load().retry
	events := make(chan event)
	var talking sync.WaitGroup
	talking.Go(func() {
		if f.options.Control != nil {
			converse(talk, f.options.Control, f.options.Hello, events)
		} else {
			attend(talk, f.options.Gateway, f.options.Hello, retry, f.log, events)
		}
	})
	talking.Go(func() { f.changes.run(talk) })
	defer talking.Wait()
	defer hangUp()
	defer f.end()
	if f.options.Control == nil {
		f.openAccess()
		f.accept(f.options.Listener)
	}
	done := ctx.Done()
	for {
		select {
		case e := <-events:
			f.react(e)
		case c := <-f.changes.ready:
			f.change(c)
		case <-f.options.Again:
			f.askToChange(change{Settings: control.Settings{Use: true}})
		case <-f.options.Reopen:
			f.openAccess()
		case err := <-f.failed:
			f.fail(err)
		case <-done:
			done = nil
			f.stop(parting{grace: f.live.Load().grace, last: true})
		case <-f.drained:
			return f.result
		}
	}
}

// react carries out what the master said.
func (f *front) react(e event) {
	switch {
	case e.err != nil:
		f.lost(e.err)
		return
	case e.opened:
		if f.options.Listener != nil {
			f.accept(f.options.Listener)
			f.tell(e.conn, control.KindReady, nil)
		}
		return
	}
	files := e.files
	defer func() { closeFiles(files) }()
	switch e.message.Kind {
	case control.KindListen:
		f.table.renew()
		var m control.Listen
		if err := e.message.Decode(&m); err != nil {
			f.log.Error("listeners without a description", "err", err)
		}
		f.shared = m.Inherited
		if f.listen(files) {
			f.tell(e.conn, control.KindReady, nil)
		}
	case control.KindTable:
		var m control.Table
		if err := e.message.Decode(&m); err != nil {
			f.log.Error("table that cannot be read", "err", err)
			return
		}
		f.static.use(m.Assets) // before a worker names them in a page
		f.useErrorPages(m.Assets)
		f.closure.Store(closureOf(m.Maintenance))
		f.draining.Store(m.Draining)
		f.table.apply(m, files, func(kind control.Kind, body any) { f.tell(e.conn, kind, body) })
		files = nil
		f.kept.servedBy(m.Workers)
	case control.KindAccess:
		f.table.renew()
		f.moveAccess(e)
		files = nil
	case control.KindSettings:
		f.table.renew()
		f.askedToChange(e)
	case control.KindStop:
		var m control.Stop
		if err := e.message.Decode(&m); err != nil {
			f.log.Error("stop without a grace, taken as 0", "err", err)
		}
		f.stop(parting{grace: m.Grace, linger: m.Linger, last: m.Linger == 0})
	default:
		f.table.renew()
	}
}

// tell sends a message; when the master is gone, Receive says so.
func (f *front) tell(conn *control.Conn, kind control.Kind, body any) {
	if err := conn.Send(kind, body); err != nil {
		f.log.Debug("message to the master", "kind", kind, "err", err)
	}
}

// lost reacts to the end of a conversation: a child ends, a front that runs
// apart holds requests until the next one brings a table.
func (f *front) lost(err error) {
	if f.options.Control != nil {
		// Workers live on while we hold our links: who is connected is served,
		// and comes again to the next master's front.
		f.table.outlive()
		f.stop(parting{grace: f.live.Load().grace, linger: f.live.Load().keepAlive, last: f.options.Orphaned != nil && f.options.Orphaned(), why: ended(err)})
		return
	}
	f.log.Warn("gateway lost; requests wait, then get 503", "err", ended(err))
	f.table.reset()
}

// listen accepts on the sockets that the master opened.
func (f *front) listen(files []*os.File) bool {
	if len(files) == 0 {
		f.fail(errors.New("front: the master sent no listener"))
		return false
	}
	for _, file := range files {
		l, err := net.FileListener(file)
		if err != nil {
			f.fail(fmt.Errorf("front: the master sent something that is no listener: %w", err))
			return false
		}
		f.accept(l)
	}
	return true
}

// fail ends a front that cannot serve, and tells the master why.
func (f *front) fail(err error) {
	if f.options.Control != nil && !f.stopping.Load() {
		f.tell(f.options.Control, control.KindFailed, control.Failed{Reason: err.Error()})
	}
	f.stop(parting{why: err})
}

// accept serves clients of one listener.
func (f *front) accept(l net.Listener) {
	if slices.ContainsFunc(f.listeners, func(g *guarded) bool { return g.Listener == l }) {
		return // a gateway that came back
	}
	if f.stopping.Load() {
		l.Close()
		return
	}
	g := f.entrance.guard(l)
	f.listeners = append(f.listeners, g)
	f.serving.Go(func() {
		if err := f.engine.serve(g); err != nil {
			select {
			case f.failed <- err:
			default: // one is enough
			}
		}
	})
	if len(f.listeners) == 1 && f.options.Announce != nil {
		f.options.Announce(l.Addr().String())
	}
}

// handle answers one request.
func (f *front) handle(x exchange) {
	f.inFlight.enter()
	defer f.inFlight.leave()
	t := newTurn(x, time.Now(), f.live.Load())
	t.pages = f.errorPages.Load()
	if f.stopping.Load() {
		t.Last()
	}
	switch {
	case t.Method() == http.MethodConnect:
		t.answer(http.StatusNotImplemented, "no tunnels")
	case t.pathless(): // so no worker's
		t.answer(http.StatusBadRequest, "target is no path")
	case f.health(t):
	case f.guard.turnsAway(t):
	case f.maintain(t):
	case !f.route(t):
	case t.Length() > t.settings.body:
		t.answer(http.StatusRequestEntityTooLarge, "body too large")
	case t.app.static.tryServe(t):
	default:
		f.kept.serve(t, t.app.serve)
	}
	f.access.write(t, time.Since(t.begun), t.settings.access)
}
