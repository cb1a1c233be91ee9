package front

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
	"github.com/dram-go/dram/runner/logqueue"
	"github.com/dram-go/dram/runner/tempo"
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
	// Open opens what a front that runs apart listens on, and reads its
	// certificates, for a configuration: at the start, and when Again says that
	// the configuration may be another. What stays is returned again. A child
	// gets all of it from its master.
	Open func(*config.Config) ([]Listener, []Certificate, error)
	Log  *slog.Logger
	// Announce, if set, is called once with HOST:PORT when clients can connect.
	Announce func(addr string)
	// Hello is what this front says of itself: Build, and its Generation and
	// number (Worker) if it has them.
	Hello control.Hello
	// Renewed, if set, brings certificates that take the place of those that Open
	// has read, to a front that runs apart.
	Renewed <-chan []Certificate
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
	// Tempo, if set, counts the requests.
	Tempo *tempo.Tempo
	// Alone says that the front has the process for itself: it may then tell the
	// scheduler how many processors to use.
	Alone bool
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
	if o.Control == nil && o.Open == nil {
		return errors.New("front: a front that runs apart opens its own listeners")
	}
	f, err := newFront(o, newSettings)
	if err != nil {
		return err
	}
	if err := f.open(); err != nil {
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
	figures  figures
	guard    *guard
	kept     kept
	home     *app // this one: static and proxy

	processors *processors

	errorPages atomic.Pointer[errorPages] // of the app
	closure    atomic.Pointer[closure]    // nil: the site is open

	stopping atomic.Bool
	draining atomic.Bool // the master says that a stop is near
	inFlight counter
	cancel   context.CancelCauseFunc // of every request

	// The rest belongs to run's goroutine.
	listeners      []*guarded
	offered        offer
	tickets        [][32]byte // keys of TLS session tickets
	changes        *changes
	apps           apps
	master         *control.Conn // the conversation with it; nil when there is none
	toldSome       bool
	scrapes        scrapes
	figuresAt      *metricsServer // nil without an address for figures
	metricsAddress string         // of a front that runs apart
	changed        chan struct{}  // holds one signal after an app of a mount has changed
	shared         bool           // others accept on our listeners, too, or will
	failed         chan error     // from engines
	serving        sync.WaitGroup
	drained        chan struct{} // closed when nothing is in flight after stop
	hurry          func()        // cuts the lingering short; set by stop
	result         error
}

// newFront makes a front whose settings are made of configurations by
// understand.
func newFront(o Options, understand func(*config.Config) (*settings, error)) (*front, error) {
	s, err := understand(o.Config)
	if err != nil {
		return nil, err
	}
	f := &front{options: o, log: o.Log, failed: make(chan error, 1), changed: make(chan struct{}, 1)}
	f.scrapes.asked = make(chan scrape)
	f.changes = newChanges(o, understand)
	base, cancel := context.WithCancelCause(context.Background())
	f.cancel = cancel
	f.table = newTable(&f.live, o.Log, time.Now)
	f.table.wiring.record = o.Record
	f.proxy = newProxy(f.table)
	f.kept.gossip = newGossip()
	f.kept.use(s.cache)
	f.static = newFiles(s.static, o.Log)
	f.home = &app{static: f.static, table: f.table, names: true, serve: f.proxy.serve}
	f.furnish(s)
	if o.Alone {
		f.processors = newProcessors()
	}
	f.live.Store(s)
	f.guard = newGuard(&f.live, o.Log)
	f.entrance = newEntrance(s.clients, f.guard.admit, o.Log)
	f.access = newAccessLog(o.Lines, o.Log)
	f.engine = s.engine(base, &f.live, o.Log, f.handle, f.refuse)
	if e, ok := f.engine.(interface{ relieve(least time.Duration) }); ok {
		f.entrance.relieve = func() { e.relieve(f.live.Load().rested) }
	}
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
	var rotate <-chan time.Time // keys of session tickets, for lack of a master that does
	if f.options.Control == nil {
		f.openAccess()
		f.openMetrics()
		f.useTickets(NextTickets(nil))
		ticker := time.NewTicker(TicketTime)
		defer ticker.Stop()
		rotate = ticker.C
		f.install(f.live.Load(), f.offered)
	}
	done := ctx.Done()
	changed := f.kept.gossip.wake
	var again <-chan time.Time // when others may be told of changes again
	for {
		select {
		case <-changed:
			if f.master != nil {
				f.tell(f.master, control.KindChanged, f.kept.gossip.take())
			}
			changed, again = nil, time.After(gossipPause)
		case <-again:
			changed, again = f.kept.gossip.wake, nil
		case e := <-events:
			f.react(e)
		case c := <-f.changes.ready:
			f.change(c)
		case <-f.options.Again:
			f.askToChange(change{Settings: control.Settings{Use: true}})
		case list := <-f.options.Renewed:
			f.renew(list)
		case s := <-f.scrapes.asked:
			f.scrape(s)
		case <-f.options.Reopen:
			f.openAccess()
		case <-rotate:
			f.useTickets(NextTickets(f.ticketKeys()))
		case <-f.changed:
			f.tellUpstreams()
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
		f.master = e.conn
		f.tellUpstreams()
		if f.options.Control == nil {
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
		if f.listen(m, files) {
			f.tell(e.conn, control.KindReady, nil)
		}
	case control.KindTickets:
		f.table.renew()
		var m control.Tickets
		if err := e.message.Decode(&m); err != nil {
			f.log.Error("keys of session tickets", "err", err)
			return
		}
		f.useTickets(m.Keys)
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
	case control.KindChanged:
		f.table.renew()
		var m control.Changed
		if err := e.message.Decode(&m); err != nil {
			f.log.Error("pages that have changed", "err", err)
			return
		}
		f.kept.hear(m)
	case control.KindBeat:
		f.table.renew()
		var m control.Renewal
		f.kept.gossip.others.Store(e.message.Decode(&m) == nil && m.Fronts > 1)
		f.sayFigures(e.conn, 0)
	case control.KindFigures:
		f.table.renew()
		var m control.Figures
		if e.message.Decode(&m) == nil {
			f.sayFigures(e.conn, m.Number)
		}
	case control.KindScraped:
		f.table.renew()
		f.scraped(e)
		files = nil
	case control.KindMetrics:
		f.table.renew()
		f.takeMetrics(files)
		files = nil
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
	f.master = nil
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
func (f *front) listen(m control.Listen, files []*os.File) bool {
	o, err := unpackOffer(m, files)
	if err == nil && len(o.listeners) == 0 {
		err = errors.New("front: the master sent no listener")
	}
	var s *settings
	if err == nil {
		s, err = f.live.Load().with(o)
	}
	if err != nil {
		o.close()
		f.fail(err)
		return false
	}
	f.install(s, o)
	return true
}

// open opens what a front that runs apart needs.
func (f *front) open() (err error) {
	if f.options.Control != nil {
		return nil
	}
	var s *settings
	if f.offered.listeners, f.offered.certificates, err = f.options.Open(f.options.Config); err == nil {
		s, err = f.live.Load().with(f.offered)
	}
	if err != nil {
		f.offered.close()
		return err
	}
	f.live.Store(s)
	return nil
}

// fail ends a front that cannot serve, and tells the master why.
func (f *front) fail(err error) {
	if f.options.Control != nil && !f.stopping.Load() {
		f.tell(f.options.Control, control.KindFailed, control.Failed{Reason: err.Error()})
	}
	f.stop(parting{why: err})
}

// handle answers one request.
func (f *front) handle(x exchange) {
	f.inFlight.enter()
	defer f.inFlight.leave()
	f.options.Tempo.Step()
	t := newTurn(x, time.Now(), f.live.Load())
	f.processors.look(t.begun)
	t.pages = f.errorPages.Load()
	if f.stopping.Load() {
		t.Last()
	}
	leave, crowded := f.guard.crowded(t)
	defer leave()
	switch {
	case crowded:
	case t.refusesMethod():
	case t.pathless(): // so no worker's
		t.answer(http.StatusBadRequest, "target is no path")
	case f.health(t), f.tryScrape(t):
	case f.guard.turnsAway(t):
	case f.redirect(t):
	case f.maintain(t):
	case !f.route(t):
	case t.Length() > t.settings.body:
		t.answer(http.StatusRequestEntityTooLarge, "body too large")
	case t.app.static.tryServe(t):
	default:
		f.kept.serve(t, t.app.serve)
	}
	took := time.Since(t.begun)
	f.figures.count(t, took)
	f.access.write(t, took, t.settings.access)
}
