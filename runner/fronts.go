package runner

import (
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dram-go/dram/runner/control"
)

// frontConnected makes a connected front part of the rule that nothing is
// lost. Our own child gets the equipment; a front that runs apart has its own.
func (m *master) frontConnected(n int, conn *control.Conn, e equipment) {
	p := newPeer(conn)
	m.peers[n] = p
	m.state.peerConnected(n)
	// Before the first request: where its line goes, and whether the site is open.
	m.sendAccessLog(n)
	m.sendTable(n, time.Now())
	m.sendMetrics(n)
	if len(e.places) > 0 {
		if err := m.bring(p, e); err != nil {
			m.log.Error("cannot pass the listeners to the front", "err", err)
			conn.Close()
			return
		}
	}
	if len(m.peers) > 1 {
		m.beat() // each learns that it is not alone
	}
}

// duplicate copies a descriptor, because the queue closes what it has sent.
func duplicate(f *os.File) (*os.File, error) {
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}

// foreignFront takes in a front that runs apart from this tree.
func (m *master) foreignFront(conn *control.Conn, them control.Hello) {
	m.state.lastFront++
	n := m.state.lastFront
	m.log.Info("a front connected", "front", n, "pid", them.PID)
	m.frontConnected(n, conn, equipment{})
	go func() {
		m.receive(conn, func(msg control.Message) { m.fromFront(n, msg) })
		m.post(func() {
			m.log.Info("a front went away", "front", n, "pid", them.PID)
			m.frontGone(n)
		})
	}()
}

func (m *master) frontGone(n int) {
	if p := m.peers[n]; p != nil {
		p.close()
		delete(m.peers, n)
	}
	delete(m.access.moved, n)
	m.figures.bury(frontName(n))
	m.state.peerGone(n)
	m.answered(m.trial, n)
	m.answered(m.change, n)
}

func (m *master) fromFront(n int, msg control.Message) {
	var err error
	switch msg.Kind {
	case control.KindReady:
		m.check(m.state.frontReady(n, time.Now()))
	case control.KindSettled:
		var answer control.Settled
		if err = msg.Decode(&answer); err == nil {
			m.settled(n, answer)
		}
	case control.KindFigures:
		var figures control.Figures
		if err = msg.Decode(&figures); err == nil {
			m.figures.said(frontName(n), figures)
		}
	case control.KindScrape:
		var asked control.Scrape
		if err = msg.Decode(&asked); err == nil {
			m.scrape(question{n, asked.Number})
		}
	case control.KindAccessed:
		var moved control.Accessed
		if err = msg.Decode(&moved); err == nil {
			m.access.moved[n] = moved.Number
		}
	case control.KindMounted:
		var mounted control.Mounted
		if err = msg.Decode(&mounted); err == nil && m.peers[n] != nil {
			m.peers[n].upstreams = mounted.Upstreams
		}
	case control.KindChanged:
		m.relayChange(n, msg)
	case control.KindAck:
		var ack control.Ack
		if err = msg.Decode(&ack); err == nil {
			m.state.peerAcked(n, ack.Revision, time.Now())
		}
	case control.KindIdle:
		var idle control.Idle
		if err = msg.Decode(&idle); err == nil {
			m.state.peerIdle(n, idle.Worker)
		}
	case control.KindProbed:
		var answer control.Probed
		if err = msg.Decode(&answer); err == nil {
			m.state.probed(n, answer.Worker, answer.Probe, answer.Failure)
		}
	case control.KindFailed:
		if c := m.fronts[n]; c != nil {
			c.failed = failedReason(msg)
		}
	}
	if err != nil {
		m.log.Error("message of a front", "front", n, "err", err)
	}
}

// publish sends every front the table as it is now.
func (m *master) publish(now time.Time) {
	m.state.published(m.state.wantTable(), now)
	for n := range m.peers {
		m.sendTable(n, now)
	}
}

// sendTable sends one front the current table with links to the workers it
// has none to yet. A message carries a limited number of files, so a table
// with very many new workers goes out in growing parts. When a link cannot be
// made, the table waits and the policy asks for it again.
func (m *master) sendTable(n int, now time.Time) {
	for {
		table, complete := m.state.forPeer(n)
		table.Assets, table.ProbePath = m.generations[m.state.table.files].assets, m.probePath()
		files, err := m.linksFor(n, table)
		if err != nil {
			if m.state.peers[n].owed.IsZero() {
				m.log.Error("cannot link a front with a worker; trying again", "front", n, "err", err)
			}
			m.state.tableFailed(n, "the fronts cannot be linked with the workers: "+err.Error(), now)
			return
		}
		for _, row := range table.Workers {
			m.state.peers[n].links[row.ID] = true
		}
		m.peers[n].send(control.KindTable, table, files...)
		if complete {
			m.state.tableSent(n, now)
			return
		}
	}
}

// linksFor returns the front's ends of the links that a table brings: all of
// them or, with an error, none.
func (m *master) linksFor(n int, table control.Table) (files []*os.File, err error) {
	for _, row := range table.Workers {
		if !row.NewLink {
			continue
		}
		f, err := m.newLink(n, row.ID)
		if err != nil {
			closeFiles(files)
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// newLink makes a link, sends the worker its end and returns the front's.
func (m *master) newLink(front, id int) (*os.File, error) {
	ours, theirs, err := m.pair()
	if err != nil {
		return nil, err
	}
	m.workers[id].peer.send(control.KindLink, control.Link{Front: front}, theirs)
	return ours, nil
}

// probePath is what new and suspected workers are asked for.
func (m *master) probePath() string {
	if d := m.deployment; d != nil && d.conf != nil {
		return d.conf.Reload.Probe
	}
	return m.serving.Reload.Probe
}

// beat renews the lease of every front, and says how many there are.
func (m *master) beat() {
	for _, p := range m.peers {
		p.send(control.KindBeat, control.Renewal{Fronts: len(m.peers)})
		if p.behind && len(p.queue) <= unreadChanges {
			p.send(control.KindChanged, control.Changed{All: true})
			p.behind = false
		}
	}
}

// unreadChanges is how many messages may wait for a front that is told of a
// change. One that reads no more shall not be cut off for the others' changes.
const unreadChanges = 16

// relayChange passes on what a front says of pages that have changed. Whoever
// cannot follow forgets everything later.
func (m *master) relayChange(from int, msg control.Message) {
	for n, p := range m.peers {
		switch {
		case n == from:
		case p.behind || len(p.queue) > unreadChanges:
			p.behind = true
		default:
			p.send(control.KindChanged, msg.Body)
		}
	}
}
