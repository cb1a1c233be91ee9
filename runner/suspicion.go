package runner

import (
	"fmt"
	"time"
)

const (
	// quitWait is how long a hung worker has to write the dump it was asked
	// for; then it is sent QUIT, at which Go prints every goroutine.
	quitWait = 2 * time.Second
	// dumpWindow is the time from the dump to the kill.
	dumpWindow = 5 * time.Second
)

// decideSuspicions finds workers that hang: those that have not beaten in time
// and do not answer a probe either. One of the two alone is no proof: a
// machine under load delays beats, and a busy app is slow to answer.
func (s *state) decideSuspicions(p *plan) {
	for _, w := range s.sortedWorkers() {
		switch w.Phase {
		case ready:
			if s.limits.Heartbeat > 0 && p.due(w.BeatAt.Add(s.limits.Heartbeat)) {
				p.add(action{Do: doSuspect, Worker: w.ID})
			}
		case suspect:
			s.decideSuspect(p, w)
		}
	}
}

func (s *state) decideSuspect(p *plan, w *process) {
	switch {
	case w.passed:
		p.add(action{Do: doTrust, Worker: w.ID})
	case len(s.peers) == 0 && !w.asked:
		p.add(action{Do: doAsk, Worker: w.ID})
	case w.failed == "" && s.awaited(p, w):
	case w.dumpAt.IsZero():
		p.add(action{Do: doDump, Worker: w.ID})
	case p.due(w.dumpAt.Add(dumpWindow)):
		p.add(kill(w, fmt.Sprintf("it hangs: no sign of life for %s, and no answer to a probe",
			p.now.Sub(w.BeatAt).Round(time.Second))))
	case !w.quitted && p.due(w.dumpAt.Add(quitWait)):
		p.add(action{Do: doQuit, Worker: w.ID})
	}
}
