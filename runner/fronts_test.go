package runner

import (
	"testing"

	"github.com/dram-go/dram/runner/control"
)

// TestChangesThatAFrontDoesNotRead do not fill its queue, which would cut it
// off; when it reads again, it forgets everything.
func TestChangesThatAFrontDoesNotRead(t *testing.T) {
	slow := &peer{queue: make(chan envelope, queueLength)} // nobody writes
	m := &master{peers: map[int]*peer{1: {queue: make(chan envelope, queueLength)}, 2: slow}}
	change := control.Message{Kind: control.KindChanged, Body: []byte(`{"pages":[{"host":"h","target":"/x"}]}`)}
	for range 10 * queueLength {
		m.relayChange(1, change)
	}
	if n := len(slow.queue); n > unreadChanges+1 || len(m.peers[1].queue) != 0 {
		t.Fatalf("%d messages wait for it, %d for the front that has sent them", n, len(m.peers[1].queue))
	}
	m.beat() // it is still behind
	var last envelope
	for len(slow.queue) > 0 {
		last = <-slow.queue
	}
	if last.kind != control.KindBeat || last.body != (control.Renewal{Fronts: 2}) {
		t.Errorf("last %+v", last)
	}
	m.beat()
	<-slow.queue
	if last := <-slow.queue; last.kind != control.KindChanged || !last.body.(control.Changed).All {
		t.Errorf("last %+v", last)
	}
	m.relayChange(1, change)
	if last := <-slow.queue; last.kind != control.KindChanged {
		t.Errorf("last %+v", last)
	}
	m.beat()
	if <-slow.queue; len(slow.queue) != 0 {
		t.Error("it is told of everything again")
	}
}
