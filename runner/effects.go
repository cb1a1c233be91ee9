package runner

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/dram-go/dram/runner/control"
)

// apply carries out one decision of the policy.
func (m *master) apply(a action) {
	now := time.Now()
	switch a.Do {
	case doStart:
		if a.Slot == 0 {
			m.startFront(now)
		} else {
			m.startWorker(a.Slot, a.Generation, now)
		}
	case doStop:
		m.stopProcess(a, now)
	case doKill:
		m.killProcess(a, now)
	case doDrain:
		m.check(m.state.workers[a.Worker].move(draining, now, now.Add(m.state.limits.Graceful)))
	case doPublish:
		m.publish(now)
	case doResend:
		m.sendTable(a.Front, now)
	case doSwap:
		m.swap(a.Generation, now)
	case doCommit:
		m.commit(a.Generation)
	case doGiveUp:
		m.giveUp(a.Generation, a.Why)
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
	p := process{ID: m.state.lastWorker, Slot: slot, Generation: number}
	g := m.generations[number]
	c, err := startChild(launch{
		binary: g.binary, boot: true, life: m.life, args: []string{"__worker"},
		title: fmt.Sprintf("%s: worker %d gen %d", m.conf.Name, p.ID, number),
		env:   m.childEnv(g, control.RoleWorker, "DRAM_WORKER="+strconv.Itoa(p.ID)),
	})
	if err != nil {
		m.log.Error("cannot start a worker", "err", err)
		m.state.workerEnded(p, err.Error(), now, rand.Float64())
		return
	}
	p.PID = c.process.Pid
	m.workers[p.ID] = &worker{child: c}
	m.state.workerStarted(p, now)
	go m.watch(c, func(msg control.Message) { m.fromWorker(p.ID, msg) }, nil, func() { m.workerEnded(p.ID) })
}

func (m *master) startFront(now time.Time) {
	m.state.lastFront++
	p := process{ID: m.state.lastFront, Generation: m.frontGeneration()}
	g := m.generations[p.Generation]
	c, err := startChild(launch{
		binary: g.binary, life: m.life, args: []string{"__front"}, title: m.conf.Name + ": front",
		env: m.childEnv(g, control.RoleFront),
	})
	if err != nil {
		m.log.Error("cannot start the front", "err", err)
		m.state.frontEnded(p, err.Error(), now, rand.Float64())
		return
	}
	p.PID = c.process.Pid
	m.front = c
	m.state.frontStarted(p, now)
	greeted := func() {
		if m.front == c {
			m.frontConnected(p.ID, c.conn, m.listener)
		}
	}
	go m.watch(c, func(msg control.Message) { m.fromFront(p.ID, msg) }, greeted, m.frontEnded)
}

// childEnv is the environment of a process of a generation.
func (m *master) childEnv(g generation, role string, own ...string) []string {
	own = append(own, "DRAM_ROLE="+role, "DRAM_CONTROL_FD="+strconv.Itoa(controlFD), "DRAM_GENERATION="+strconv.Itoa(g.number))
	return childEnv(os.Environ(), m.settings, append(own, g.kept.variables()...)...)
}

// frontGeneration is whose binary a front runs: the serving one's, at the
// first start the coming one's.
func (m *master) frontGeneration() int {
	if m.state.generation > 0 {
		return m.state.generation
	}
	return m.state.rollout.Generation
}

// watch is the goroutine of one child: it passes on what the child says, then
// that it has ended, when both its process and its words have.
func (m *master) watch(c *child, message func(control.Message), greeted, ended func()) {
	said := make(chan struct{})
	go func() {
		defer close(said)
		if _, err := c.conn.Hello(m.hello()); err != nil {
			m.post(func() { m.refused(c, err) })
			return
		}
		if greeted != nil {
			m.post(greeted)
		}
		m.receive(c.conn, message)
	}()
	<-c.ended
	select {
	case <-said:
	case <-time.After(time.Second): // a grandchild holds the connection open
	}
	m.post(ended)
	c.conn.Close()
}

// receive passes on messages until the connection ends.
func (m *master) receive(conn *control.Conn, message func(control.Message)) {
	for {
		msg, files, err := conn.Receive()
		closeFiles(files)
		if err != nil || !m.post(func() { message(msg) }) {
			return
		}
	}
}

func (m *master) hello() control.Hello {
	return control.Hello{Role: control.RoleMaster, PID: m.pid}
}

// refused deals with a greeting that failed. A child that ended before it
// said a word is left to print its last ones; any other gets no second try.
func (m *master) refused(c *child, err error) {
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) {
		return
	}
	c.failed = err.Error()
	c.process.Kill()
}

func (m *master) fromWorker(id int, msg control.Message) {
	w := m.workers[id]
	if w == nil {
		return
	}
	switch msg.Kind {
	case control.KindReady:
		w.output.flush(m.stderr)
		if w.peer == nil {
			w.peer = newPeer(w.conn)
		}
		m.check(m.state.workerReady(id, time.Now()))
	case control.KindFailed:
		w.failed = failedReason(msg)
	}
}

func failedReason(msg control.Message) string {
	var f control.Failed
	if err := msg.Decode(&f); err != nil || f.Reason == "" {
		return "it gave no reason"
	}
	return f.Reason
}

func (m *master) workerEnded(id int) {
	p, w := *m.state.workers[id], m.workers[id]
	reason := m.deathReason(p, w.child)
	m.state.workerEnded(p, reason, time.Now(), rand.Float64())
	if w.peer != nil {
		w.peer.close()
	}
	delete(m.workers, id)
	for n := range m.spare {
		m.dropSpare(n, id)
	}
	if !wanted(p, w.child) {
		m.log.Warn(reason, "worker", id, "pid", p.PID, "generation", p.Generation)
	}
}

func (m *master) frontEnded() {
	p, c := *m.state.front, m.front
	reason := m.deathReason(p, c)
	m.frontGone(p.ID)
	m.state.frontEnded(p, reason, time.Now(), rand.Float64())
	m.front = nil
	if !wanted(p, c) {
		m.log.Warn(reason, "pid", p.PID)
	}
}

// wanted reports whether a process ended as it was told to.
func wanted(p process, c *child) bool {
	return p.Phase == stopping && p.Reason == "" && (p.Killed || c.status == "exit status 0")
}

// deathReason says in one block how a process ended and what its last words
// were.
func (m *master) deathReason(p process, c *child) string {
	crash := crashFile(m.dir.path, p.PID)
	words := readCrash(crash)
	pruneCrashes(m.dir.path, true)
	text := fmt.Sprintf("%s ended: %s", p, c.status)
	switch {
	case p.Reason != "":
		text = fmt.Sprintf("%s was killed: %s", p, p.Reason)
	case c.failed != "" && p.Phase != starting:
		text = fmt.Sprintf("%s ended: %s", p, c.failed)
	case c.failed != "":
		text = fmt.Sprintf("%s did not start: %s", p, c.failed)
	case p.Phase == starting:
		text = fmt.Sprintf("%s did not start: %s", p, c.status)
	}
	if last := c.output.last(); last != "" {
		return text + "\n" + indent(last)
	}
	if words != "" {
		return text + "\n" + indent(words) + "\n  … whole in " + crash
	}
	return text
}

func indent(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n  ") }

func (m *master) stopProcess(a action, now time.Time) {
	p, peer := m.target(a)
	if p == nil {
		return
	}
	if peer == nil { // it cannot be told
		m.killProcess(a, now)
		return
	}
	m.check(p.move(stopping, now, now.Add(a.Grace+killAfter)))
	peer.send(control.KindStop, control.Stop{Grace: a.Grace})
}

func (m *master) killProcess(a action, now time.Time) {
	p, _ := m.target(a)
	if p == nil || p.Killed {
		return
	}
	p.Killed, p.Reason = true, a.Why
	if p.Phase != stopping {
		m.check(p.move(stopping, now, time.Time{}))
	}
	c := m.front
	if p.Slot != 0 {
		c = m.workers[p.ID].child
	}
	c.process.Kill() // an error means that it has ended
}

// target is the process that an action is about and the way to talk to it.
func (m *master) target(a action) (*process, *peer) {
	if a.Worker == 0 {
		if m.state.front == nil {
			return nil, nil
		}
		return m.state.front, m.peers[m.state.front.ID]
	}
	w := m.workers[a.Worker]
	if w == nil {
		return nil, nil
	}
	return m.state.workers[a.Worker], w.peer
}
