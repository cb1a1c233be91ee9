package runner

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
)

// request carries out a command; p waits for the result.
func (m *master) request(p *peer, r control.Request) {
	switch r.Verb {
	case "status":
		answer(p, m.statusResult(r.Args))
	case "reload", "upgrade", "rollback":
		m.deploy(deployKind(r.Verb), p)
	case "stop":
		mode, why := graceful, "command stop"
		if len(r.Args) > 0 && r.Args[0] == "quick" {
			mode, why = quick, "command stop --quick"
		}
		m.waiters = append(m.waiters, p)
		m.stop(mode, why)
	case "drain":
		m.drainRequest(p, r.Args)
	case "scale":
		m.scaleRequest(p, r.Args)
	case "maintenance":
		m.maintenanceRequest(p, r.Args)
	case "logs":
		m.reopenRequest(p)
	case "dump":
		m.withWorker(p, r.Args, func(id int) { m.askForDump(id, p) })
	case "restart":
		m.withWorker(p, r.Args, func(id int) { m.restart(id, p) })
	case "connect":
		m.withWorker(p, r.Args, func(id int) { m.connect(id, p) })
	default:
		answer(p, control.Result{ExitCode: exitUsage, Text: fmt.Sprintf("the running master knows no command %q; `upgrade` brings it up to date", r.Verb)})
	}
}

// withWorker calls do with the worker that a request names.
func (m *master) withWorker(p *peer, args []string, do func(id int)) {
	if len(args) > 0 {
		id, err := strconv.Atoi(args[0])
		if w := m.state.workers[id]; err == nil && w != nil && w.serves() {
			do(id)
			return
		}
	}
	answer(p, control.Result{ExitCode: exitRefused, Text: fmt.Sprintf("there is no worker %s that serves; status shows which there are", strings.Join(args, " "))})
}

func (m *master) scaleRequest(p *peer, args []string) {
	n := -1
	if len(args) > 0 {
		if parsed, err := strconv.Atoi(args[0]); err == nil {
			n = parsed
		}
	}
	switch {
	case n < 0 || n > config.MaxWorkers:
		answer(p, control.Result{ExitCode: exitUsage, Text: fmt.Sprintf("%v workers: expected a number from 0 to %d", args, config.MaxWorkers)})
	case !m.scale(n, "command scale"):
		answer(p, control.Result{ExitCode: exitBusy, Text: "a reload is running; scale again when it is over"})
	default:
		answer(p, control.Result{Text: fmt.Sprintf("%d workers; the next reload sets what workers.count says", n)})
	}
}

// scale sets the number of workers, unless a generation is on its way, which
// brings its own. It reports whether it did.
func (m *master) scale(n int, why string) bool {
	if m.busy() || m.state.stop != serving {
		m.log.Warn(why + " refused: a reload or a stop is running")
		return false
	}
	n = min(n, config.MaxWorkers)
	m.log.Info(fmt.Sprintf("from %d to %d workers", m.state.target, n), "why", why)
	m.state.scale(n)
	return true
}

func (m *master) drainRequest(p *peer, args []string) {
	delay := m.serving.Server.DrainDelay
	if len(args) > 0 {
		parsed, err := time.ParseDuration(args[0])
		if err != nil || parsed < 0 {
			answer(p, control.Result{ExitCode: exitUsage, Text: fmt.Sprintf("a delay of %q: expected a duration like 10s", args[0])})
			return
		}
		delay = parsed
	}
	m.waiters = append(m.waiters, p)
	p.send(control.KindProgress, control.Progress{Text: fmt.Sprintf("/readyz says 503; stopping in %s", delay)})
	m.drain(delay, "command drain")
}

// drain tells those who send clients here to stop doing so, and stops when
// they have had the time for it.
func (m *master) drain(delay time.Duration, why string) {
	m.log.Info("draining: /readyz says 503", "why", why, "stop in", delay)
	m.state.beginDrain(time.Now(), delay)
}

// restart replaces a worker by a fresh one, which is ready first.
func (m *master) restart(id int, p *peer) {
	if m.busy() {
		answer(p, control.Result{ExitCode: exitBusy, Text: "a reload is running, which replaces all workers"})
		return
	}
	m.state.retire(id, "command worker restart")
	answer(p, control.Result{Text: fmt.Sprintf("worker %d goes as soon as another one is ready in its place", id)})
}

// connect gives a command a link to a worker of its own.
func (m *master) connect(id int, p *peer) {
	ours, theirs, err := m.pair()
	if err != nil {
		answer(p, control.Result{ExitCode: exitRefused, Text: err.Error()})
		return
	}
	m.workers[id].peer.send(control.KindLink, control.Link{}, theirs)
	p.send(control.KindResult, control.Result{}, ours)
	p.close()
}
