package runner

import (
	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
)

// generation is one build of the app that runs, is about to, or is held to
// fall back on.
type generation struct {
	number int
	build  string
	binary string // the kept copy
	kept   keptSettings
	assets *control.Assets
	share  []string // variables: the part of the machine that each worker has
}

// limitsOf are the policy's limits of a configuration.
func limitsOf(c *config.Config) limits {
	return limits{
		Boot: c.Workers.BootTimeout, Graceful: c.Workers.GracefulTimeout, Linger: c.Server.KeepAlive,
		Soak: c.Reload.Soak, Heartbeat: c.Workers.HeartbeatTimeout,
		MaxRequests: uint64(c.Workers.MaxRequests), MaxAge: c.Workers.MaxAge,
		MaxRSS: int64(c.Workers.MaxRSS), MaxStuck: c.Workers.MaxStuck,
	}
}

// commit makes the coming generation the one that serves, and holds the one
// before it for a rollback, unless both are the same: a reload that changed
// nothing does not take the way back away.
func (m *master) commit(number int) {
	g, before := m.generations[number], m.earlier
	first := m.state.generation == 0
	if !first {
		served := m.generations[m.state.generation]
		before = &served
	}
	m.state.commit()
	if before != nil && !g.sameAs(*before) {
		m.previous = before
	}
	for n := range m.generations {
		if n != number {
			delete(m.generations, n)
		}
	}
	m.tidy(g)
	m.after = afterwards{generation: g, due: !m.deployment.isRollback()}
	if first {
		m.announce()
		m.deployment = nil
		return
	}
	d, text := m.deployment, m.deployment.success(g)
	m.concludeDeployment(exitOK, text)
	m.useSettings(g, d.equipment, func() { d.tell(exitOK, text) })
}
