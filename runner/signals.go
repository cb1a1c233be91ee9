package runner

import (
	"os"
	"syscall"
)

// masterSignals are those that a master answers to, by the names that gunicorn
// and nginx gave them.
func masterSignals() []os.Signal {
	return []os.Signal{
		syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT,
		syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTTIN, syscall.SIGTTOU, syscall.SIGWINCH,
	}
}

// signaled carries out what a signal asks for.
func (m *master) signaled(s os.Signal) {
	switch s {
	case syscall.SIGHUP:
		m.deploy(deployReload, nil)
	case syscall.SIGUSR2:
		m.deploy(deployUpgrade, nil)
	case syscall.SIGUSR1:
		_ = m.reopenLogs("signal USR1") // it has said what is wrong
	case syscall.SIGTTIN:
		m.scale(m.state.target+1, "signal TTIN")
	case syscall.SIGTTOU:
		m.scale(max(1, m.state.target-1), "signal TTOU")
	case syscall.SIGWINCH:
		if hasTerminal() { // whose window was resized
			return
		}
		m.scale(0, "signal WINCH")
	case syscall.SIGQUIT:
		m.stop(quick, "signal QUIT")
	case syscall.SIGINT, syscall.SIGTERM:
		name := map[os.Signal]string{syscall.SIGINT: "INT", syscall.SIGTERM: "TERM"}[s]
		switch delay := m.serving.Server.DrainDelay; {
		case m.state.stop != serving:
			m.stop(quick, "signal "+name+" again")
		case delay > 0 && !m.state.draining:
			m.drain(delay, "signal "+name)
		default:
			m.stop(graceful, "signal "+name)
		}
	}
}

// hasTerminal reports whether this process has a controlling terminal.
func hasTerminal() bool {
	f, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	f.Close()
	return true
}
