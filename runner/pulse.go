package runner

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
)

// pulse is a worker's side of what its master asks of it beyond serving: beats,
// probes and dumps.
type pulse struct {
	requests *inFlight
	handler  http.Handler // for probes
	conn     *control.Conn
	worker   int
	limit    time.Duration // for a response to begin: workers.request_timeout
	runDir   string
	log      *slog.Logger

	dumped time.Time // the last dump that nobody asked for

	counted *counted
}

func newPulse(app http.Handler, conn *control.Conn, worker int, conf *config.Config, log *slog.Logger) *pulse {
	requests := &inFlight{}
	return &pulse{
		requests: requests, handler: requests.counted(app), conn: conn, worker: worker,
		limit: conf.Workers.RequestTimeout, runDir: conf.RunDir(), log: log, counted: newCounted(app, log),
	}
}

// beat tells the master each second how the worker is, until ctx ends or the
// master is gone.
func (p *pulse) beat(ctx context.Context) {
	tick := time.NewTicker(control.WorkerBeat)
	defer tick.Stop()
	for {
		now := time.Now()
		said, hung := p.requests.survey(now, p.limit)
		p.name(now, hung)
		if p.conn.Send(control.KindBeat, said) != nil {
			return // whoever reads from the master sees its end too
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// dumpPause is the shortest time between two dumps because of hung requests.
const dumpPause = time.Minute

// name says which requests hang, and where, before the front gives up on them.
func (p *pulse) name(now time.Time, hung []control.Busy) {
	if len(hung) == 0 {
		return
	}
	for _, b := range hung {
		p.log.Error("request hangs: in a moment it gets 504 and its context ends", "method", b.Method, "path", b.Path,
			"age", now.Sub(b.Begun).Round(time.Second), "id", b.ID)
	}
	if !p.dumped.IsZero() && now.Sub(p.dumped) < dumpPause {
		return
	}
	p.dumped = now
	pruneFiles(p.runDir, "dump-*.txt", keepDumps-1)
	path := dumpFile(p.runDir, os.Getpid(), now)
	if err := writeDump(path); err != nil {
		p.log.Warn("no dump of the goroutines", "err", err)
		return
	}
	p.log.Error("what the goroutines are at is in " + path)
}

// hear answers what the master asks. It is called by the goroutine that reads
// from it, so what takes time gets one of its own.
func (p *pulse) hear(m control.Message) {
	switch m.Kind {
	case control.KindDump:
		var d control.Dump
		if m.Decode(&d) == nil {
			go p.dump(d.Path)
		}
	case control.KindFigures:
		var asked control.Figures
		if m.Decode(&asked) == nil {
			go p.counted.say(asked.Number, p.tell)
		}
	case control.KindProbe:
		var probe control.Probe
		if m.Decode(&probe) == nil {
			go p.probe(probe)
		}
	}
}

func (p *pulse) dump(path string) {
	said := control.Dumped{Path: path}
	if err := writeDump(path); err != nil {
		said.Failure = err.Error()
	}
	p.tell(control.KindDumped, said)
}

// tell sends a message; when the master is gone, the end of reading says so.
func (p *pulse) tell(kind control.Kind, body any) {
	if err := p.conn.Send(kind, body); err != nil {
		p.log.Debug("message to the master", "kind", kind, "err", err)
	}
}

// probe asks the handler for a page as a front would.
func (p *pulse) probe(asked control.Probe) {
	said := control.Probed{Worker: p.worker, Probe: asked.Probe}
	ctx, cancel := context.WithTimeout(context.Background(), probeLimit)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost"+asked.Path, nil)
	if err != nil {
		said.Failure = err.Error()
	} else {
		r.RequestURI, r.RemoteAddr = asked.Path, "127.0.0.1:0"
		said.Failure = probeHandler(p.handler, r)
	}
	p.tell(control.KindProbed, said)
}

// probeHandler says what is wrong with a handler's answer, "" if nothing is.
func probeHandler(h http.Handler, r *http.Request) (failure string) {
	w := &blindWriter{header: http.Header{}}
	defer func() {
		if fault := recover(); fault != nil {
			failure = fmt.Sprintf("GET %s panicked: %v", r.URL.Path, fault)
		}
	}()
	h.ServeHTTP(w, r)
	if w.status >= http.StatusInternalServerError {
		return fmt.Sprintf("GET %s was answered %d", r.URL.Path, w.status)
	}
	return ""
}

// blindWriter takes a response of which only the status matters.
type blindWriter struct {
	header http.Header
	status int
}

func (w *blindWriter) Header() http.Header { return w.header }

func (w *blindWriter) WriteHeader(status int) {
	if w.status < http.StatusOK {
		w.status = status
	}
}

func (w *blindWriter) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return len(b), nil
}
