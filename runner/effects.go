package runner

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/dram-go/dram/framework/pubsub"
	"github.com/dram-go/dram/runner/control"
)

// apply carries out one decision of the policy.
func (m *master) apply(a action) {
	now := time.Now()
	s := m.state
	switch a.Do {
	case doStart:
		if a.Slot == 0 {
			m.startFront(a.Generation, now)
		} else {
			m.startWorker(a.Slot, a.Generation, now)
		}
	case doStop:
		m.stopProcess(a, now)
	case doKill:
		m.killProcess(a, now)
	case doDrain:
		m.drainWorker(a.Worker, now)
	case doRetire:
		m.log.Info(fmt.Sprintf("worker %d is being replaced: %s", a.Worker, a.Why))
		s.retire(a.Worker, a.Why)
	case doAsk:
		m.askWorker(a.Worker)
	case doTrust:
		m.check(s.trust(s.workers[a.Worker], now))
	case doSuspect:
		m.suspectWorker(a.Worker, now)
	case doDump:
		m.dumpHung(a.Worker, now)
	case doQuit:
		m.quitWorker(a.Worker)
	case doPublish:
		m.publish(now)
	case doCut:
		m.cutFront(a, now)
	case doResend:
		m.sendTable(a.Front, now)
	case doSoak:
		m.soak(now)
	case doCommit:
		m.commit(a.Generation)
	case doFail:
		s.failRollout(a.Why)
	case doNote:
		if s.rollout.Starting {
			m.say("taking generation %d back", s.rollout.Generation)
		}
		s.noteFailure(now)
	case doGiveUp:
		m.giveUp(a.Generation, a.Why)
	case doEnd:
		m.stop(graceful, "the delay of the drain is over")
	}
}

// check logs a step that the state refused: a defect, not an event.
func (m *master) check(err error) {
	if err != nil {
		m.log.Error("supervisor", "err", err)
	}
}

func (m *master) startWorker(slot, number int, now time.Time) {
	m.state.lastWorker++
	p := process{ID: m.state.lastWorker, Slot: slot, Generation: number, Jitter: 0.9 + 0.2*rand.Float64()}
	g := m.generations[number]
	c, err := startChild(launch{
		binary: g.binary, boot: true, life: m.life, nursery: m.nursery, identity: m.identity, args: []string{"__worker"},
		title: fmt.Sprintf("%s: worker %d gen %d", m.conf.Name, p.ID, number),
		env:   m.childEnv(g, control.RoleWorker, m.workerVariables(g, p.ID)...),
	})
	if err != nil {
		m.log.Error("cannot start a worker"+lostCopy(err), "err", err)
		m.state.workerEnded(p, err.Error(), now, rand.Float64())
		return
	}
	p.PID = c.process.Pid
	m.figures.counts.starts[workerKind]++
	m.workers[p.ID] = &worker{child: c}
	m.state.workerStarted(p, now)
	go m.watch(c, func(msg control.Message) { m.fromWorker(p.ID, msg) }, nil, func() { m.workerEnded(p.ID) })
}

func (m *master) startFront(number int, now time.Time) {
	m.state.lastFront++
	p := process{ID: m.state.lastFront, Generation: number}
	g := m.generations[number]
	c, err := startChild(launch{
		binary: g.binary, life: m.life, nursery: m.nursery, identity: m.identity, args: []string{"__front"},
		title: fmt.Sprintf("%s: front gen %d", m.conf.Name, number),
		env:   m.childEnv(g, control.RoleFront),
	})
	if err != nil {
		m.log.Error("cannot start the front"+lostCopy(err), "err", err)
		m.state.frontEnded(p, err.Error(), now, rand.Float64())
		return
	}
	p.PID = c.process.Pid
	m.figures.counts.starts[frontKind]++
	m.fronts[p.ID] = c
	m.state.frontStarted(p, now)
	greeted := func() {
		if m.fronts[p.ID] == c {
			m.frontConnected(p.ID, c.conn, m.equipmentOf(number))
		}
	}
	go m.watch(c, func(msg control.Message) { m.fromFront(p.ID, msg) }, greeted, func() { m.frontEnded(p.ID) })
}

// lostCopy says what helps when somebody has removed the state directory.
func lostCopy(err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return ": the kept copy of its binary is gone; reload makes it anew"
	}
	return ""
}

// childEnv is the environment of a process of a generation.
func (m *master) childEnv(g generation, role string, own ...string) []string {
	own = append(own, "DRAM_ROLE="+role, "DRAM_CONTROL_FD="+strconv.Itoa(controlFD), "DRAM_GENERATION="+strconv.Itoa(g.number))
	own = append(own, m.identity.variables()...)
	return childEnv(os.Environ(), m.settings, append(own, g.kept.variables()...)...)
}

// workerVariables are what a worker alone is told.
func (m *master) workerVariables(g generation, id int) []string {
	vars := append([]string{"DRAM_WORKER=" + strconv.Itoa(id)}, g.share...)
	if m.hub != nil {
		vars = append(vars, pubsub.HubVariable+"="+m.hub.path)
	}
	return vars
}

// drainWorker takes a worker out of the table and tells it, so that its
// streams can say goodbye.
func (m *master) drainWorker(id int, now time.Time) {
	m.check(m.state.workers[id].move(draining, now, now.Add(m.state.limits.Graceful)))
	if w := m.workers[id]; w != nil && w.peer != nil {
		w.peer.send(control.KindDrain, nil)
	}
}

// askWorker lets a worker probe itself, when no front can.
func (m *master) askWorker(id int) {
	w := m.state.workers[id]
	w.asked = true
	if peer := m.workers[id].peer; peer != nil {
		peer.send(control.KindProbe, control.Probe{Probe: w.probe, Path: m.probePath()})
	}
}

func (m *master) suspectWorker(id int, now time.Time) {
	w := m.state.workers[id]
	m.log.Warn(fmt.Sprintf("no sign of life from worker %d for %s; asking it", id, now.Sub(w.BeatAt).Round(time.Second)), "pid", w.PID)
	m.state.askForProbe(w, now)
	m.check(w.move(suspect, now, time.Time{}))
}

// quitWorker makes the Go runtime of a worker that hangs print every
// goroutine, and end.
func (m *master) quitWorker(id int) {
	w := m.state.workers[id]
	w.quitted = true
	w.Reason = "it hangs"
	m.workers[id].process.Signal(syscall.SIGQUIT) // an error means that it has ended
}

// cutFront ends a front that hangs, our own by its process and another by its
// connection: it connects again when it lives.
func (m *master) cutFront(a action, now time.Time) {
	m.state.peers[a.Front].cut = true
	if m.fronts[a.Front] != nil {
		m.killProcess(a, now)
		return
	}
	m.log.Error(fmt.Sprintf("front %d is cut off: %s", a.Front, a.Why))
	m.peers[a.Front].conn.Close()
}

func (m *master) soak(now time.Time) {
	m.state.rollout.soaking = now
	if limit := m.state.limits.Soak; limit > 0 {
		m.say("generation %d serves; watching it for %s", m.state.rollout.Generation, limit)
	}
}

func (m *master) stopProcess(a action, now time.Time) {
	p, peer := m.target(a)
	if p == nil {
		return
	}
	if peer == nil { // it cannot be told
		m.killProcess(a, now)
		return
	}
	until := now.Add(a.Grace + a.Linger + killAfter)
	if p.lingers { // it was told to end, and shall now do so without waiting for clients
		p.Until = until
	} else {
		m.check(p.move(stopping, now, until))
	}
	p.lingers = a.Linger > 0
	peer.send(control.KindStop, control.Stop{Grace: a.Grace, Linger: a.Linger})
}

func (m *master) killProcess(a action, now time.Time) {
	p, _ := m.target(a)
	if p == nil || p.Phase == killing {
		return
	}
	if a.Why != "" {
		p.Reason = a.Why
	}
	m.check(p.move(killing, now, time.Time{}))
	c := m.fronts[p.ID]
	if !p.isFront() {
		c = m.workers[p.ID].child
	}
	c.process.Kill() // an error means that it has ended
}

// target is the process that an action is about and the way to talk to it.
func (m *master) target(a action) (*process, *peer) {
	if a.Worker == 0 {
		return m.state.fronts[a.Front], m.peers[a.Front]
	}
	w := m.workers[a.Worker]
	if w == nil {
		return nil, nil
	}
	return m.state.workers[a.Worker], w.peer
}
