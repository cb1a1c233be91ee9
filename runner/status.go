package runner

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/dram-go/dram/runner/control"
)

// status is what a master says about itself; `status --json` prints it.
type status struct {
	App        string          `json:"app"`
	State      string          `json:"state"` // starting, serving, degraded, down, reloading, draining, stopping
	PID        int             `json:"pid"`
	Build      string          `json:"build"` // of the serving generation
	Generation int             `json:"generation"`
	Previous   string          `json:"previous,omitempty"`  // build that rollback goes back to
	Listen     string          `json:"listen,omitempty"`    // the first address; empty for a gateway alone
	Addresses  []string        `json:"addresses,omitempty"` // URLs of all
	User       string          `json:"user,omitempty"`      // of its processes, when the master's is another
	Since      time.Time       `json:"since"`
	CPU        float64         `json:"cpu"`    // seconds, of the master; each process has its own
	RSS        int64           `json:"rss"`    // bytes, likewise
	Target     int             `json:"target"` // workers that shall serve
	Front      *processStatus  `json:"front,omitempty"`
	OldFronts  []processStatus `json:"old_fronts,omitempty"` // replaced by an upgrade, saying goodbye
	Fronts     int             `json:"fronts"`               // connected ones, with those that run apart
	Workers    []processStatus `json:"workers"`
	Waiting    []waitingStatus `json:"waiting,omitempty"` // places whose process died
	Breaker    bool            `json:"breaker,omitempty"` // all workers die; one is tried each 30 s
	Rollout    *rolloutStatus  `json:"rollout,omitempty"` // the reload under way
	Reload     *reloadStatus   `json:"reload,omitempty"`  // the last one
	After      string          `json:"after,omitempty"`   // why migrations after the last reload failed
	Hub        *hubStatus      `json:"hub,omitempty"`

	Maintenance  *control.Maintenance `json:"maintenance,omitempty"`  // the site is closed
	Certificates []certificateStatus  `json:"certificates,omitempty"` // the first to expire comes first
	Upstreams    []control.Upstream   `json:"upstreams,omitempty"`    // of mounts, as the newest front sees them
}

// certificateStatus is a certificate that the fronts have.
type certificateStatus struct {
	File    string    `json:"file"`
	Name    string    `json:"name"` // the first of its hosts
	Expires time.Time `json:"expires"`
	Remark  string    `json:"remark,omitempty"` // what is wrong with it, or soon will be
}

type processStatus struct {
	ID         int       `json:"id,omitempty"`
	Generation int       `json:"generation"`
	PID        int       `json:"pid"`
	State      phase     `json:"state"`
	Since      time.Time `json:"since"`          // in this state
	Until      time.Time `json:"until,omitzero"` // when the state ends at the latest
	Started    time.Time `json:"started"`        // the process
	Restarts   int       `json:"restarts"`       // deaths in this place
	CPU        float64   `json:"cpu"`            // processor time, seconds

	// Of workers alone, as of their last beat.
	InFlight int            `json:"in_flight"`
	Requests uint64         `json:"requests"`
	Failed   uint64         `json:"failed"`          // of these, answered with 500 and above
	Stuck    int            `json:"stuck,omitempty"` // that ignore the end of their context
	RSS      int64          `json:"rss"`             // bytes; of all processes
	Retiring string         `json:"retiring,omitempty"`
	Oldest   *control.Busy  `json:"oldest,omitempty"`  // request that has waited longest for its response
	Streams  []control.Busy `json:"streams,omitempty"` // with --streams
}

// waitingStatus is a place without a process: after several deaths the next
// one starts later.
type waitingStatus struct {
	Process  string    `json:"process"` // front, worker
	Restart  time.Time `json:"restart"` // when the next one starts; zero: after another place's
	Restarts int       `json:"restarts"`
}

// rolloutStatus is a reload under way.
type rolloutStatus struct {
	Kind       string    `json:"kind"` // reload, upgrade, rollback
	Generation int       `json:"generation"`
	Build      string    `json:"build,omitempty"`
	Step       string    `json:"step"`            // preparing, canary, rolling, soaking, taking back
	Doing      string    `json:"doing,omitempty"` // while it is preparing
	Began      time.Time `json:"began"`
	Ready      int       `json:"ready"` // new workers that serve
	Target     int       `json:"target"`
	Reason     string    `json:"reason,omitempty"` // why it is being taken back
}

type reloadStatus struct {
	At         time.Time `json:"at"`
	Kind       string    `json:"kind"` // reload, upgrade, rollback
	Generation int       `json:"generation"`
	Build      string    `json:"build,omitempty"`
	OK         bool      `json:"ok"`
	Reason     string    `json:"reason,omitempty"` // why it failed
}

// hubStatus counts what workers publish to each other.
type hubStatus struct {
	Peers   int    `json:"peers"`
	Relayed uint64 `json:"relayed"`
	Gaps    uint64 `json:"gaps"`
}

// maxStreamRows bounds the streams of a status, which must fit into a message
// with the longest names that beats have, written as JSON.
const maxStreamRows = 250

// status describes the tree as it is now.
func (m *master) status(streams bool) status {
	s := m.state
	out := status{
		App: m.conf.Name, PID: m.pid, Build: m.generations[s.generation].build, Generation: s.generation,
		Listen: m.equipment.first(), Addresses: m.equipment.urls(), User: m.identity.String(), Since: m.since, Target: s.target, Fronts: len(s.peers), Reload: m.lastReload, State: s.health(),
		Waiting: s.waiting(), Breaker: s.tripped(), Rollout: m.rolloutStatus(), After: m.after.failure, Hub: m.hubStatus(),
		Maintenance: s.maintenance,
	}
	out.CPU, out.RSS = cpuTime(m.pid).Seconds(), residentSize(m.pid)
	if m.previous != nil {
		out.Previous = m.previous.build
	}
	switch {
	case s.stop != serving:
		out.State = "stopping"
	case s.draining:
		out.State = "draining"
	case !m.started:
		out.State = "starting"
	case s.rollout != nil:
		out.State = "reloading"
	}
	for _, f := range s.sortedFronts() {
		p := processOf(f, s.frontSlot.restarts)
		p.CPU, p.RSS = cpuTime(p.PID).Seconds(), residentSize(p.PID)
		if f == s.front() {
			out.Front = &p
		} else {
			out.OldFronts = append(out.OldFronts, p)
		}
	}
	out.Upstreams, out.Certificates = m.upstreams(), m.certificates(time.Now())
	left := maxStreamRows
	for _, w := range s.sortedWorkers() {
		restarts := 0
		if slot := s.slots[w.Slot]; slot != nil && w.Generation == s.generation {
			restarts = slot.restarts
		}
		p := processOf(w, restarts)
		p.CPU, p.RSS = cpuTime(p.PID).Seconds(), residentSize(p.PID)
		if streams {
			p.Streams = w.Pulse.Streams[:min(left, len(w.Pulse.Streams))]
			left -= len(p.Streams)
		}
		out.Workers = append(out.Workers, p)
	}
	return out
}

// maxCertificates bounds those of a status.
const maxCertificates = 100

// certificates are those that the fronts have, the first to expire first.
func (m *master) certificates(now time.Time) (list []certificateStatus) {
	for _, c := range m.equipment.certificates {
		name := c.Leaf.Subject.CommonName
		switch {
		case len(c.Leaf.DNSNames) > 0:
			name = c.Leaf.DNSNames[0]
		case len(c.Leaf.IPAddresses) > 0:
			name = c.Leaf.IPAddresses[0].String()
		}
		list = append(list, certificateStatus{c.Name, name, c.Leaf.NotAfter, c.Remark(now)})
	}
	slices.SortStableFunc(list, func(a, b certificateStatus) int { return a.Expires.Compare(b.Expires) })
	return list[:min(len(list), maxCertificates)]
}

// upstreams are those of the front that connected last and has some.
func (m *master) upstreams() []control.Upstream {
	for _, n := range slices.Backward(slices.Sorted(maps.Keys(m.peers))) {
		if list := m.peers[n].upstreams; list != nil {
			return list
		}
	}
	return nil
}

func processOf(p *process, restarts int) processStatus {
	return processStatus{
		ID: p.ID, Generation: p.Generation, PID: p.PID, State: p.Phase, Since: p.Since, Until: p.Until, Started: p.Started, Restarts: restarts,
		InFlight: p.Pulse.InFlight, Requests: p.Pulse.Done, Failed: p.Pulse.Failed, Stuck: p.Pulse.Stuck,
		RSS: p.RSS, Retiring: p.Retire, Oldest: p.Pulse.Oldest,
	}
}

// rolloutStatus describes the reload under way, nil when there is none.
func (m *master) rolloutStatus() *rolloutStatus {
	r, d := m.state.rollout, m.deployment
	if r == nil || d == nil || !m.started {
		return nil
	}
	out := &rolloutStatus{
		Kind: string(d.kind), Generation: r.Generation, Build: m.generations[r.Generation].build,
		Began: d.began, Doing: d.doing, Target: r.Target, Reason: r.Failed, Step: r.step(),
	}
	for _, w := range m.state.workers {
		if w.Generation == r.Generation && w.serves() {
			out.Ready++
		}
	}
	return out
}

// step names how far a rollout is.
func (r *rollout) step() string {
	switch {
	case r.Failed != "":
		return "taking back"
	case !r.Starting:
		return "preparing"
	case !r.canary:
		return "canary"
	case r.soaking.IsZero():
		return "rolling"
	}
	return "soaking"
}

// health says how well the tree serves.
func (s *state) health() string {
	count := 0
	for _, w := range s.workers {
		if w.serves() {
			count++
		}
	}
	switch front := s.front(); {
	case s.wantFront && (front == nil || front.Phase != ready):
		return "down"
	case s.tripped():
		return "degraded"
	case count == 0:
		return "down"
	case count < s.target:
		return "degraded"
	}
	return "serving"
}

// waiting are the places whose next process starts later.
func (s *state) waiting() (rows []waitingStatus) {
	if s.stop != serving || s.generation == 0 {
		return nil
	}
	if s.wantFront && s.front() == nil {
		rows = append(rows, waitingStatus{"front", s.frontSlot.notAt, s.frontSlot.restarts})
	}
	for n := 1; n <= s.target; n++ {
		if s.filled(n) {
			continue
		}
		at := s.notAt(n)
		if at == never {
			at = time.Time{}
		}
		rows = append(rows, waitingStatus{"worker", at, s.slot(n).restarts})
	}
	return rows
}

func (m *master) statusResult(args []string) control.Result {
	streams := len(args) > 0 && args[0] == "streams"
	data, err := json.Marshal(m.status(streams))
	if err != nil {
		return control.Result{ExitCode: exitUsage, Text: err.Error()}
	}
	return control.Result{Data: data}
}
