package runner

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/dram-go/dram/runner/control"
)

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
		err := m.receive(c.conn, message)
		m.post(func() { m.silenced(c, err) })
	}()
	<-c.ended
	select {
	case <-said:
	case <-time.After(time.Second): // a grandchild holds the connection open
	}
	m.post(ended)
	c.conn.Close()
}

// receive passes on messages until the connection ends, and says how it did.
func (m *master) receive(conn *control.Conn, message func(control.Message)) error {
	for {
		msg, files, err := conn.Receive()
		closeFiles(files)
		if err != nil {
			return err
		}
		if !m.post(func() { message(msg) }) {
			return nil
		}
	}
}

// silenced deals with a child that will never be heard again. Usually it ends
// within moments. One that says what nobody understands, or that lives on
// without a word, can be told nothing either, so it is replaced.
func (m *master) silenced(c *child, err error) {
	switch {
	case err == nil, errors.Is(err, net.ErrClosed): // by us
		return
	case !isHangup(err):
		c.failed = "it does not keep to the control protocol: " + err.Error()
		c.process.Kill()
		return
	}
	limit := m.state.limits.Graceful + m.state.limits.Linger + killAfter
	time.AfterFunc(limit, func() {
		m.post(func() {
			select {
			case <-c.ended:
			default:
				c.failed = "it closed its control connection and lived on"
				c.process.Kill()
			}
		})
	})
}

// isHangup reports the end of a connection whose other side is gone.
func isHangup(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) }

func (m *master) hello() control.Hello {
	return control.Hello{Role: control.RoleMaster, PID: m.pid}
}

// refused deals with a greeting that failed. A child that ended before it
// said a word is left to print its last ones; any other gets no second try.
func (m *master) refused(c *child, err error) {
	if isHangup(err) {
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
	var err error
	switch msg.Kind {
	case control.KindReady:
		m.workerReady(id, w)
	case control.KindFailed:
		w.failed = failedReason(msg)
	case control.KindBeat:
		var pulse control.Pulse
		if err = msg.Decode(&pulse); err == nil {
			m.check(m.state.workerBeat(id, pulse, residentSize(m.state.workers[id].PID), time.Now()))
		}
	case control.KindProbed:
		var answer control.Probed
		if err = msg.Decode(&answer); err == nil {
			m.state.probed(0, id, answer.Probe, answer.Failure)
		}
	case control.KindFigures:
		var figures control.Figures
		if err = msg.Decode(&figures); err == nil {
			m.figures.said(workerName(id), figures)
		}
	case control.KindDumped:
		var dumped control.Dumped
		if err = msg.Decode(&dumped); err == nil {
			m.dumped(id, dumped)
		}
	}
	if err != nil {
		m.log.Error("message of a worker", "worker", id, "err", err)
	}
}

func (m *master) workerReady(id int, w *worker) {
	w.output.flush(m.stderr)
	if w.peer == nil {
		w.peer = newPeer(w.conn)
	}
	m.check(m.state.workerReady(id, time.Now()))
	p := m.state.workers[id]
	if p.Phase == probing && m.probePath() == "" {
		m.check(m.state.trust(p, time.Now()))
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
	m.dumped(id, control.Dumped{Failure: "the worker has ended"})
	m.figures.processEnded(&p, w.cpu, wanted(p, w.child))
	if !wanted(p, w.child) {
		m.log.Warn(reason, "worker", id, "pid", p.PID, "generation", p.Generation)
	}
}

func (m *master) frontEnded(id int) {
	p, c := *m.state.fronts[id], m.fronts[id]
	reason := m.deathReason(p, c)
	m.frontGone(id)
	m.state.frontEnded(p, reason, time.Now(), rand.Float64())
	delete(m.fronts, id)
	m.figures.processEnded(&p, c.cpu, wanted(p, c))
	if !wanted(p, c) {
		m.log.Warn(reason, "pid", p.PID)
	}
}

// wanted reports whether a process ended as it was told to.
func wanted(p process, c *child) bool {
	return p.Reason == "" && (p.Phase == killing || p.Phase == stopping && c.status == "exit status 0")
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
