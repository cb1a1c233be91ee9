package runner

import (
	"errors"
	"net"
	"time"

	"github.com/dram-go/dram/runner/control"
)

// accept takes connections of a control socket until it is closed.
func (m *master) accept(socket *net.UnixListener) {
	for {
		u, err := socket.AcceptUnix()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // no descriptors left, for example: pause, others may close some
			m.log.Error("control socket", "err", err)
			select {
			case <-time.After(100 * time.Millisecond):
				continue
			case <-m.done:
				return
			}
		}
		conn := control.NewConn(u)
		m.greetings.begin(conn)
		go func() {
			defer m.greetings.end(conn)
			m.greet(conn)
		}()
	}
}

// tendSocket looks whether this master still has its lock, and commands still
// find it, and makes anew what somebody has removed. When another master has
// taken the lock meanwhile, the socket is that one's.
func (m *master) tendSocket() {
	if m.state.stop != serving {
		return
	}
	err := m.dir.relock()
	if err == nil && !m.dir.lost() {
		m.unreachable = false
		return
	}
	old := m.dir.socket
	if err == nil {
		err = errors.Join(m.identity.settle(m.conf), m.dir.bind())
	}
	if err != nil {
		if !m.unreachable {
			m.log.Error("commands cannot reach this master: its control socket is gone", "err", err)
		}
		m.unreachable = true
		return
	}
	m.unreachable = false
	m.log.Warn("the control socket was removed; it is made anew", "path", m.dir.socketPath())
	old.Close()
	go m.accept(m.dir.socket)
}

// greet finds out who is there and hands the conversation over.
func (m *master) greet(conn *control.Conn) {
	if err := conn.CheckPeer(); err != nil {
		if !errors.Is(err, net.ErrClosed) { // one of too many
			m.log.Warn("control socket", "err", err)
		}
		conn.Close()
		return
	}
	conn.Unix().SetDeadline(time.Now().Add(helloLimit))
	them, err := conn.Hello(m.hello())
	if err != nil {
		conn.Close() // has no common version, or only looked whether we live
		return
	}
	switch them.Role {
	case control.RoleFront:
		conn.Unix().SetDeadline(time.Time{})
		if !m.post(func() { m.foreignFront(conn, them) }) {
			conn.Close()
		}
	case control.RoleCLI:
		m.command(conn)
	default:
		m.log.Warn("control socket: a stranger", "role", them.Role, "pid", them.PID)
		conn.Close()
	}
}

// command reads the request of a command line.
func (m *master) command(conn *control.Conn) {
	msg, files, err := conn.Receive()
	closeFiles(files)
	var r control.Request
	if err != nil || msg.Kind != control.KindRequest || msg.Decode(&r) != nil {
		conn.Close()
		return
	}
	conn.Unix().SetDeadline(time.Time{})
	if !m.post(func() { m.request(newAsker(conn), r) }) {
		conn.Close()
	}
}

func answer(p *peer, r control.Result) {
	p.send(control.KindResult, r)
	p.close()
}
