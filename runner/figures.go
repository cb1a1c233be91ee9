package runner

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
	"github.com/dram-go/dram/runner/metrics"
)

// figures are what the processes of a tree have counted. The master keeps them,
// because it outlives all others: what one said last is added to that of the
// dead when it ends, so no counter falls while the master lives.
type figures struct {
	book   metrics.Book
	number int // of the last question
	waits  map[string]bool
	asking bool // a collection runs
	asked  []question
	broken map[string]bool // processes whose text has been complained about

	counts  counts
	cpu     map[string]time.Duration // of each living process, as it was last looked at
	address string                   // for figures, as wanted; "" for none
	file    *os.File                 // its listener
}

// question is a wish for the figures of all, by a front.
type question struct{ front, number int }

// counts are the master's own.
type counts struct {
	starts, deaths map[string]uint64        // by kind of process
	cpu            map[string]time.Duration // of processes that have ended, likewise
	reloads        map[[2]string]uint64     // by kind and result
}

const (
	frontKind  = "front"
	workerKind = "worker"
)

func newFigures() *figures {
	return &figures{cpu: map[string]time.Duration{}, waits: map[string]bool{}, broken: map[string]bool{}, counts: counts{
		starts: map[string]uint64{frontKind: 0, workerKind: 0}, deaths: map[string]uint64{frontKind: 0, workerKind: 0},
		cpu: map[string]time.Duration{frontKind: 0, workerKind: 0}, reloads: map[[2]string]uint64{},
	}}
}

func kindOf(p *process) string {
	if p.isFront() {
		return frontKind
	}
	return workerKind
}

func nameOf(p *process) string { return kindOf(p) + " " + strconv.Itoa(p.ID) }

func frontName(n int) string   { return frontKind + " " + strconv.Itoa(n) }
func workerName(id int) string { return workerKind + " " + strconv.Itoa(id) }

// collectLimit is how long a process may take to say its figures. Of one that
// does not, those that it said last are taken.
const collectLimit = time.Second

// scrape passes on a front's wish.
func (m *master) scrape(q question) {
	f := m.figures
	f.asked = append(f.asked, q)
	if !f.asking {
		m.collect()
	}
}

// collect asks everybody, and answers those who have asked until then.
func (m *master) collect() {
	f := m.figures
	f.asking = true
	f.number++
	clear(f.waits)
	ask := control.Figures{Number: f.number}
	for n, p := range m.peers {
		f.waits[frontName(n)] = true
		p.send(control.KindFigures, ask)
	}
	for id, w := range m.workers {
		if w.peer != nil {
			f.waits[workerName(id)] = true
			w.peer.send(control.KindFigures, ask)
		}
	}
	m.when(collectLimit, func() bool { return len(f.waits) == 0 }, func(bool) {
		asked := f.asked
		f.asked = nil
		f.book.Say("", string(m.treeFigures()))
		own := &metrics.Writer{}
		metrics.WriteRuntime(own)
		f.book.Say("master", string(own.Text()))
		go func() { // it takes a while when there are many
			text, broken := f.book.Text()
			m.post(func() { m.sayAll(asked, text, broken) })
		}()
	})
}

// said takes the figures of a process.
func (f *figures) said(process string, said control.Figures) {
	if said.Number == f.number {
		delete(f.waits, process)
	}
	f.book.Say(process, said.Text)
}

// bury keeps what a process has counted that has ended.
func (f *figures) bury(process string) {
	delete(f.waits, process)
	delete(f.broken, process)
	f.book.Bury(process)
}

// sayAll answers with a file: the text may be too long for a message.
func (m *master) sayAll(asked []question, text []byte, broken map[string]error) {
	f := m.figures
	f.asking = false
	for process, err := range broken {
		if !f.broken[process] {
			f.broken[process] = true
			m.log.Error("figures that cannot be read are left out", "process", process, "err", err)
		}
	}
	for _, q := range asked {
		peer := m.peers[q.front]
		if peer == nil {
			continue
		}
		file, err := memoryFile(text)
		if err != nil {
			m.log.Error("figures", "err", err)
			continue
		}
		peer.send(control.KindScraped, control.Scrape{Number: q.number}, file)
	}
	if len(f.asked) > 0 { // in the meantime
		m.collect()
	}
}

// memoryFile is a file without a name.
func memoryFile(text []byte) (*os.File, error) {
	fd, err := unix.MemfdCreate("figures", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("memfd_create: %w", err)
	}
	f := os.NewFile(uintptr(fd), "figures")
	if _, err := f.Write(text); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// treeFigures are what the master knows of the tree.
func (m *master) treeFigures() []byte {
	w, c, s := &metrics.Writer{}, &m.figures.counts, m.state
	w.Family("dram_info", metrics.Gauge, "Always 1; what serves.")
	w.Sample(1, "app", m.conf.Name, "build", m.generations[s.generation].build)
	w.One("dram_start_time_seconds", metrics.Gauge, "When the master started, in Unix time.", float64(m.since.UnixMilli())/1000)
	w.One("dram_generation", metrics.Gauge, "Number of the generation that serves.", float64(s.generation))
	w.One("dram_workers_wanted", metrics.Gauge, "Workers that shall serve.", float64(s.target))
	phases := map[phase]int{ready: 0}
	for _, p := range s.workers {
		phases[p.Phase]++
	}
	w.Family("dram_workers", metrics.Gauge, "Workers by state.")
	for _, name := range slices.Sorted(maps.Keys(phases)) {
		w.Sample(float64(phases[name]), "state", string(name))
	}
	closed := 0.0
	if s.maintenance != nil {
		closed = 1
	}
	w.One("dram_maintenance", metrics.Gauge, "Whether the site is closed for maintenance (1).", closed)
	if list := m.certificates(time.Now()); len(list) > 0 {
		w.Family("dram_certificate_expiry_timestamp_seconds", metrics.Gauge, "When a certificate expires, in Unix time.")
		seen := map[string]bool{}
		for _, c := range list {
			if !seen[c.File] {
				seen[c.File] = true
				w.Sample(float64(c.Expires.Unix()), "file", c.File, "name", c.Name)
			}
		}
	}
	byKind := func(name, help string, counts map[string]uint64) {
		w.Family(name, metrics.Counter, help)
		for _, kind := range slices.Sorted(maps.Keys(counts)) {
			w.Count(counts[kind], "kind", kind)
		}
	}
	byKind("dram_process_starts_total", "Processes that were started.", c.starts)
	byKind("dram_process_deaths_total", "Processes that ended by themselves, or were killed because they hung.", c.deaths)
	w.Family("dram_reloads_total", metrics.Counter, "Reloads, upgrades and rollbacks by their result.")
	for _, kind := range []string{string(deployReload), string(deployRollback), string(deployUpgrade)} {
		for _, result := range []string{"failed", "ok"} {
			w.Count(c.reloads[[2]string{kind, result}], "kind", kind, "result", result)
		}
	}
	m.generationFigures(w)
	m.processFigures(w)
	return w.Text()
}

// generationFigures are what workers of the generations that live have answered.
func (m *master) generationFigures(w *metrics.Writer) {
	tallies := map[int]tally{}
	for number := range m.generations {
		tallies[number] = m.state.tallyOf(number)
	}
	w.Family("dram_generation_requests_total", metrics.Counter, "Requests that the workers of a generation have ended.")
	for _, n := range slices.Sorted(maps.Keys(tallies)) {
		w.Count(tallies[n].Done, "generation", strconv.Itoa(n))
	}
	w.Family("dram_generation_failed_total", metrics.Counter, "Of these, the ones answered with 500 and above, or not at all.")
	for _, n := range slices.Sorted(maps.Keys(tallies)) {
		w.Count(tallies[n].Failed, "generation", strconv.Itoa(n))
	}
}

// processFigures are what the kernel knows of each process.
func (m *master) processFigures(w *metrics.Writer) {
	cpu := maps.Clone(m.figures.counts.cpu)
	cpu["master"] = cpuTime(m.pid)
	w.Family("dram_process_resident_memory_bytes", metrics.Gauge, "Memory that a process occupies.")
	w.Sample(float64(residentSize(m.pid)), "process", "master")
	for _, p := range append(m.state.sortedFronts(), m.state.sortedWorkers()...) {
		name := nameOf(p)
		used := max(m.figures.cpu[name], cpuTime(p.PID))
		m.figures.cpu[name] = used
		cpu[kindOf(p)] += used
		w.Sample(float64(residentSize(p.PID)), "process", name)
	}
	w.Family("dram_process_cpu_seconds_total", metrics.Counter, "Processor time of all processes of a kind, of those that have ended, too.")
	for _, kind := range slices.Sorted(maps.Keys(cpu)) {
		w.Sample(cpu[kind].Seconds(), "kind", kind)
	}
	w.Family("dram_worker_requests_in_flight", metrics.Gauge, "Requests that run in a worker, as of its last beat.")
	for _, p := range m.state.sortedWorkers() {
		w.Sample(float64(p.Pulse.InFlight), "process", nameOf(p), "generation", strconv.Itoa(p.Generation))
	}
}

// processEnded counts the end of a process of ours; asked says that it was told
// to end.
func (f *figures) processEnded(p *process, used time.Duration, asked bool) {
	name, kind := nameOf(p), kindOf(p)
	f.bury(name)
	f.counts.cpu[kind] += max(f.cpu[name], used)
	delete(f.cpu, name)
	if !asked {
		f.counts.deaths[kind]++
	}
}

// tryMetrics says what would hinder the address for figures of a configuration;
// now is where they are at present.
func tryMetrics(conf *config.Config, now string) error {
	address := conf.Metrics.Listen
	if address == now || address == "" {
		return nil
	}
	f, _, err := listenFor("metrics.listen", address)
	if err != nil {
		return err
	}
	return f.Close()
}

// followMetrics opens the address for figures of a configuration, and tells the
// fronts, unless it is the one before. If it cannot be had, that one stays.
func (m *master) followMetrics(conf *config.Config) error {
	address := conf.Metrics.Listen
	if address == m.figures.address {
		return nil
	}
	var file *os.File
	if address != "" {
		var err error
		if file, _, err = listenSoon("metrics.listen", address); err != nil {
			return err
		}
	}
	if m.figures.file != nil {
		m.figures.file.Close()
	}
	m.figures.address, m.figures.file = address, file
	for n := range m.fronts {
		m.sendMetrics(n)
	}
	return nil
}

// sendMetrics gives a front of our own the listener for figures.
func (m *master) sendMetrics(n int) {
	peer := m.peers[n]
	if peer == nil || m.fronts[n] == nil {
		return // one that runs apart opens its own
	}
	var files []*os.File
	if m.figures.file != nil {
		copied, err := duplicate(m.figures.file)
		if err != nil {
			m.log.Error("cannot pass the listener for figures to the front", "err", err)
			return
		}
		files = append(files, copied)
	}
	peer.send(control.KindMetrics, nil, files...)
}
