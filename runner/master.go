package runner

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/dram-go/dram/framework/config"
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
	stdout   io.Writer
	stderr   io.Writer
}

// generation is one build of the app that runs or is about to.
type generation struct {
	number int
	build  string
	binary string // the kept copy
	kept   keptSettings
	assets *control.Assets
}

// master supervises a tree. One goroutine, in run, owns everything here;
// others hand it work through post. It decides nothing by itself: state.decide
// does, and effects.go carries it out.
type master struct {
	masterOptions
	pid      int
	since    time.Time
	dir      *runDir
	listener *os.File // nil without a front of our own, and once we stop
	address  string   // as bound
	life     *os.File // the lifeline that children get; its end is ours alone

	state       *state
	generations map[int]generation
	workers     map[int]*worker
	front       *child
	peers       map[int]*peer // connected fronts

	deployment *deployment // the one on its way
	preparing  bool        // its preparation runs in a goroutine
	lastNumber int         // the newest generation's; one that failed gives its number back
	forsaken   bool        // a copy that nobody waited for may still write under its number: none is given back
	lastReload *reloadStatus
	started    bool
	failure    error // why the first start failed

	greetings   greetings
	unreachable bool // the control socket is gone and cannot be made anew

	spare map[int]map[int]*os.File                   // by front and worker: links that wait for the front's next table
	pair  func() (front, worker *os.File, err error) // makes a link: wire.Pair

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
	dir, err := claimRunDir(o.conf.RunDir())
	if err != nil {
		return err
	}
	m := &master{
		masterOptions: o, pid: os.Getpid(), since: time.Now(), dir: dir,
		state:       newState(limitsOf(o.conf), o.front),
		generations: map[int]generation{}, workers: map[int]*worker{}, peers: map[int]*peer{},
		spare: map[int]map[int]*os.File{}, pair: wire.Pair,
		events: make(chan func()), done: make(chan struct{}),
	}
	theirs, ours, err := newLifeline()
	if err != nil {
		dir.release()
		return err
	}
	defer ours.Close()
	defer theirs.Close()
	m.life = theirs
	if o.front {
		if m.listener, m.address, err = listen(o.conf.Server.Listen); err != nil {
			dir.release()
			return err
		}
	}
	return m.run()
}

func limitsOf(c *config.Config) limits {
	return limits{Boot: c.Workers.BootTimeout, Graceful: c.Workers.GracefulTimeout}
}

// run is the supervisor: one select, in which everything ends up.
func (m *master) run() error {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT)
	defer signal.Stop(signals)
	go m.accept(m.dir.socket)
	m.deploy(nil)
	beat := time.NewTicker(control.Beat)
	defer beat.Stop()
	for {
		wake := m.settle()
		if m.state.over() && !m.preparing {
			break
		}
		timer := time.NewTimer(time.Until(wake))
		select {
		case event := <-m.events:
			event()
		case s := <-signals:
			m.signaled(s)
		case <-beat.C:
			m.beat()
			m.tendSocket()
		case <-timer.C:
		}
		timer.Stop()
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

func (m *master) signaled(s os.Signal) {
	switch s {
	case syscall.SIGHUP:
		m.deploy(nil)
	case syscall.SIGQUIT:
		m.stop(quick, "signal QUIT")
	case syscall.SIGINT:
		if m.state.stop != serving {
			m.stop(quick, "signal INT again")
			return
		}
		m.stop(graceful, "signal INT")
	case syscall.SIGTERM:
		m.stop(graceful, "signal TERM")
	}
}

// stop begins the end of the tree.
func (m *master) stop(mode stopMode, why string) {
	if m.state.stop < mode {
		m.log.Info("stopping", "why", why, "quick", mode == quick)
	}
	m.state.beginStop(mode, time.Now())
	if m.listener != nil {
		m.listener.Close() // nobody is to wait in a queue that nobody reads
		m.listener = nil
	}
	m.finishDeployment(exitRefused, errStopping.Error())
}

// end leaves nothing behind and tells those who wait for it.
func (m *master) end() {
	close(m.done)
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
	m.status().writeTree(m.stderr)
	if m.address != "" {
		fmt.Fprintf(m.stdout, "listening on http://%s\n", m.address)
		return
	}
	fmt.Fprintf(m.stderr, "fronts connect to %s\n", m.dir.socketPath())
}

// commit makes the new generation the one that reloads fall back on.
func (m *master) commit(number int) {
	g := m.generations[number]
	for n := range m.generations {
		if n != number {
			delete(m.generations, n)
		}
	}
	if err := pruneBinaries(filepath.Join(m.conf.StateDir(), "bin"), g.build); err != nil {
		m.log.Warn("old binaries stay on the disk", "err", err)
	}
	if err := pruneSettings(settingsDir(m.conf), m.generations); err != nil {
		m.log.Warn("old settings stay on the disk", "err", err)
	}
	m.state.rollout = nil
	if !m.started {
		m.announce()
		m.deployment = nil
		return
	}
	m.finishDeployment(exitOK, fmt.Sprintf("generation %d (build %s) serves", number, g.build))
}

// giveUp ends a rollout that failed: the generation before goes on, or, at
// the first start, nothing does.
func (m *master) giveUp(number int, why string) {
	defer delete(m.generations, number)
	m.state.rollout = nil
	if !m.started {
		m.failure = errors.New(why)
		m.deployment = nil
		m.state.beginStop(quick, time.Now())
		return
	}
	m.finishDeployment(exitRefused, why)
}
