package runner

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/pubsub"
	"github.com/dram-go/dram/runner/control"
	"github.com/dram-go/dram/runner/wire"
)

// masterOptions is what a master is started with.
type masterOptions struct {
	conf     *config.Config
	log      *slog.Logger
	source   string            // where the app's binary is taken from, now and at a reload
	file     string            // where the settings are read from, likewise
	settings map[string]string // flags as variables, for every process of the tree
	front    bool              // the tree has a front of its own
	clear    bool              // which listens in clear alone
	stdout   io.Writer
	stderr   io.Writer
	nursery  *nursery  // of PID 1; else nil
	identity *identity // who the processes of the tree run as; nil: as we do
}

// master supervises a tree. One goroutine, in run, owns everything here;
// others hand it work through post. It decides nothing by itself: state.decide
// does, and effects.go carries it out.
type master struct {
	masterOptions
	pid       int
	since     time.Time
	dir       *runDir
	equipment equipment // none without a front of our own, and once we stop
	tickets   [][]byte  // keys of TLS session tickets
	ticketed  time.Time // when the newest was made
	renewals  renewals  // of certificates
	inherited bool      // the listener is the service manager's
	life      *os.File  // the lifeline that children get; its end is ours alone

	state       *state
	generations map[int]generation
	workers     map[int]*worker
	fronts      map[int]*child // our own, by number
	peers       map[int]*peer  // connected fronts

	deployment *deployment // the one on its way
	preparing  bool        // its preparation runs in a goroutine
	lastNumber int         // the newest generation's; one that failed gives its number back
	forsaken   bool        // a copy that nobody waited for may still write under its number: none is given back
	lastReload *reloadStatus
	serving    *config.Config // of the generation that serves
	previous   *generation    // the one before it, to go back to; nil when there was none
	earlier    *generation    // the last one of the master before this one; nil when there was none
	after      afterwards
	started    bool
	failure    error // why the first start failed

	trial     *trial // of settings; nil when there is none
	change    *trial // to settings that the fronts have been told to use; nil when they do
	questions int    // about settings, so far

	greetings   greetings
	unreachable bool // the control socket is gone and cannot be made anew

	pair func() (front, worker *os.File, err error) // makes a link: wire.Pair

	hub          *hub
	notify       *notifier
	chores       chores
	callOffAfter func() // ends the migrations that follow a reload
	dumps        dumps
	ticked       time.Time // the last tick

	access  accessLog
	figures *figures
	pending []*pending

	waiters []*peer // command lines that wait for the end
	events  chan func()
	done    chan struct{} // run has returned
}

// worker is a worker's process and, once it is ready, the way to talk to it.
type worker struct {
	*child
	peer *peer
}

// serveTree runs a master until its tree has ended. The error says why the
// first start failed; after a successful one nothing but a stop ends it.
func serveTree(o masterOptions) error {
	dir, err := claimRunDir(o.conf.RunDir(), o.conf.LockDir(), o.identity)
	if err != nil {
		return err
	}
	if err := o.identity.settle(o.conf); err != nil {
		dir.release()
		return err
	}
	if os.Getpid() == 1 {
		o.nursery = &nursery{}
	}
	warnOfFewFiles(o.log)
	m := &master{
		masterOptions: o, pid: os.Getpid(), since: time.Now(), dir: dir,
		state:       newState(limitsOf(o.conf), o.front),
		generations: map[int]generation{}, workers: map[int]*worker{}, peers: map[int]*peer{},
		fronts: map[int]*child{}, pair: wire.Pair, serving: o.conf, dumps: dumps{}, callOffAfter: func() {}, ticked: time.Now(),
		events: make(chan func()), done: make(chan struct{}),
	}
	m.recallHistory()
	theirs, ours, err := newLifeline()
	if err != nil {
		dir.release()
		return err
	}
	defer ours.Close()
	defer theirs.Close()
	m.life = theirs
	if os.Getenv(pubsub.HubVariable) == "" { // else there is one already
		if m.hub, err = openHub(dir.path, o.identity); err != nil {
			dir.release()
			return err
		}
		defer m.hub.close()
	}
	m.figures = newFigures()
	m.beginWithMaintenance()
	m.access.moved = map[int]int{}
	if o.front {
		if err := m.equip(); err != nil {
			dir.release()
			return err
		}
	}
	if m.notify, err = newNotifier(os.Getenv, m.pid); err != nil {
		o.log.Warn("the service manager is not told how we are", "err", err)
	}
	return m.run()
}

// enoughFiles are the descriptors with which a front holds about 1,500 clients.
const enoughFiles = 4096

// warnOfFewFiles says at the start what would be found out under load. Go has
// raised the limit to the hard one already.
func warnOfFewFiles(log *slog.Logger) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err == nil && limit.Cur < enoughFiles {
		log.Warn("few files may be open, so clients will wait under load; raise the limit (ulimit -n, LimitNOFILE=)",
			"limit", limit.Cur, "expected", enoughFiles)
	}
}

// equip opens what the front needs at the start: the sockets, of which a
// service manager may have passed some, the certificates, and the access log.
func (m *master) equip() error {
	passed, err := socketActivation(os.Getenv, os.Getpid())
	if err != nil {
		return err
	}
	if places := wantedPlaces(m.conf, m.clear); len(passed) > len(places) {
		return fmt.Errorf("LISTEN_FDS passes %d sockets for %d addresses in server.listen and tls.listen", len(passed), len(places))
	}
	m.inherited = len(passed) > 0
	m.equipment, err = opening{conf: m.conf, clear: m.clear, passed: passed, listen: listenSoon, warn: m.warn}.run()
	m.rotateTickets(time.Now())
	return errors.Join(err, m.moveAccessLog(m.conf), m.followMetrics(m.conf))
}

func (m *master) warn(err error) { m.log.Warn(err.Error()) }

// run is the supervisor: one select, in which everything ends up.
func (m *master) run() error {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, masterSignals()...)
	defer signal.Stop(signals)
	go m.accept(m.dir.socket)
	m.deploy(deployReload, nil)
	beat := time.NewTicker(control.Beat)
	defer beat.Stop()
	orphans := make(chan os.Signal, 1)
	if m.nursery != nil {
		signal.Notify(orphans, syscall.SIGCHLD)
		defer signal.Stop(orphans)
	}
	dog := time.NewTicker(m.notify.interval(control.Beat))
	defer dog.Stop()
	for {
		wake := m.settle()
		m.runAfter()
		if m.state.over() && !m.preparing && !m.after.running {
			break
		}
		timer := time.NewTimer(time.Until(wake))
		select {
		case event := <-m.events:
			event()
		case s := <-signals:
			m.signaled(s)
		case <-beat.C:
			m.tick(time.Now())
		case <-orphans:
			m.nursery.reap()
		case <-dog.C:
			m.notify.feed(time.Now(), m.state.lively(time.Now()))
		case <-timer.C:
		}
		timer.Stop()
		m.fulfil()
		m.notify.status(m.state.summary())
	}
	m.end()
	return m.failure
}

// restful is how long the supervisor sleeps when no time is near.
const restful = time.Hour

// settle carries out what the policy wants until it wants no more, and
// returns when to ask again.
func (m *master) settle() time.Time {
	for range 100 {
		now := time.Now()
		p := m.state.decide(now)
		if len(p.actions) == 0 {
			if p.wake.IsZero() {
				return now.Add(restful)
			}
			return p.wake
		}
		for _, a := range p.actions {
			m.apply(a)
		}
	}
	m.log.Error("the supervisor's policy does not come to rest; this is a defect")
	return time.Now().Add(time.Second)
}

// post hands work to the supervisor's goroutine. It reports false when that
// has ended; then the work is not done.
func (m *master) post(event func()) bool {
	select {
	case m.events <- event:
		return true
	case <-m.done:
		return false
	}
}

// longPause is how late a tick may be before it says that we did not run.
const longPause = 3 * time.Second

// tick happens every control.Beat. When it is late, everybody was stopped, and
// what did not happen meanwhile is forgiven.
func (m *master) tick(now time.Time) {
	if gap := now.Sub(m.ticked) - control.Beat; gap >= longPause {
		m.log.Warn("the supervisor did not run for a while; forgiving what did not happen meanwhile", "pause", gap.Round(time.Millisecond))
		m.state.forgive(gap)
	}
	m.ticked = now
	m.beat()
	m.rotateTickets(now)
	m.lookForRenewals(now)
	m.tendSocket()
	if m.nursery != nil {
		m.nursery.reap() // those that one of our own hid
	}
	if m.hub != nil && m.state.stop == serving {
		if err := m.hub.tend(); err != nil {
			m.log.Error("workers do not hear each other", "err", err)
		}
	}
}

// stop begins the end of the tree.
func (m *master) stop(mode stopMode, why string) {
	if m.state.stop < mode {
		m.log.Info("stopping", "why", why, "quick", mode == quick)
		m.notify.stopping()
	}
	m.state.beginStop(mode, time.Now())
	for _, w := range m.workers { // fronts wait for streams, so these should end now
		if w.peer != nil {
			w.peer.send(control.KindDrain, nil)
		}
	}
	m.equipment.closeBut(equipment{}) // nobody is to wait in a queue that nobody reads
	m.equipment.places = nil
	m.callOffAfter()
	m.finishDeployment(exitRefused, errStopping.Error())
}

// end leaves nothing behind and tells those who wait for it.
func (m *master) end() {
	close(m.done)
	m.chores.finish()
	m.dir.release()
	for _, p := range m.peers {
		p.close()
	}
	for _, w := range m.waiters {
		w.send(control.KindResult, control.Result{Text: "stopped"})
		w.close()
		<-w.done
	}
	if m.started {
		m.log.Info("stopped")
	}
}

// announce tells once that the tree serves.
func (m *master) announce() {
	m.started = true
	m.notify.ready()
	m.status(false).writeTree(m.stderr)
	if m.front {
		m.equipment.tell(m.stdout)
		return
	}
	fmt.Fprintf(m.stderr, "fronts connect to %s\n", m.dir.socketPath())
}
