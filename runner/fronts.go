package runner

import (
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dram-go/dram/runner/control"
	"github.com/dram-go/dram/runner/wire"
)

// frontConnected makes a connected front part of the rule that nothing is
// lost. Our own child gets the listener; a front that runs apart has its own.
func (m *master) frontConnected(n int, conn *control.Conn, listener *os.File) {
	p := newPeer(conn)
	m.peers[n] = p
	m.state.peerConnected(n)
	if listener != nil {
		copied, err := duplicate(listener)
		if err != nil {
			m.log.Error("cannot pass the listener to the front", "err", err)
			conn.Close()
			return
		}
		p.send(control.KindListen, control.Listen{Addresses: []string{m.address}}, copied)
	}
	m.sendTable(n)
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
	m.frontConnected(n, conn, nil)
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
	m.state.peerGone(n)
}

func (m *master) fromFront(n int, msg control.Message) {
	var err error
	switch msg.Kind {
	case control.KindReady:
		if f := m.state.front; f != nil && f.ID == n {
			m.check(m.state.frontReady(time.Now()))
		}
	case control.KindAck:
		var ack control.Ack
		if err = msg.Decode(&ack); err == nil {
			m.state.peerAcked(n, ack.Revision)
		}
	case control.KindIdle:
		var idle control.Idle
		if err = msg.Decode(&idle); err == nil {
			m.state.peerIdle(n, idle.Worker)
		}
	case control.KindFailed:
		if f := m.state.front; f != nil && f.ID == n {
			m.front.failed = failedReason(msg)
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
		m.sendTable(n)
	}
}

// sendTable sends one front the current table with links to the workers it
// has none to yet. A message carries a limited number of files, so a table
// with very many new workers goes out in growing parts.
func (m *master) sendTable(n int) {
	for {
		table, complete := m.state.forPeer(n)
		if g, ok := m.generations[m.state.generation]; ok {
			table.Assets = g.assets
		}
		var files []*os.File
		for _, row := range table.Workers {
			if !row.NewLink {
				continue
			}
			f, err := m.newLink(n, row.ID)
			if err != nil {
				m.log.Error("cannot link a front with a worker; this table is not sent", "err", err)
				closeFiles(files)
				return
			}
			files = append(files, f)
		}
		m.peers[n].send(control.KindTable, table, files...)
		if complete {
			return
		}
	}
}

// newLink makes a link, sends the worker its end and returns the front's.
func (m *master) newLink(front, id int) (*os.File, error) {
	ours, theirs, err := wire.Pair()
	if err != nil {
		return nil, err
	}
	m.workers[id].peer.send(control.KindLink, control.Link{Front: front}, theirs)
	m.state.peers[front].links[id] = true
	return ours, nil
}

// beat renews the lease of every front.
func (m *master) beat() {
	for _, p := range m.peers {
		p.send(control.KindBeat, nil)
	}
}
