package runner

import (
	"testing"

	"github.com/dram-go/dram/runner/control"
)

// TestTheLastMessageIsRead of a process that has ended are read, though what it is told
// meanwhile does not arrive.
func TestTheLastMessageIsRead(t *testing.T) {
	ours, file, err := control.Pair()
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := control.FromFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := theirs.Send(control.KindFigures, control.Figures{Text: "the last"}); err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	p := &peer{conn: ours, queue: make(chan envelope), done: make(chan struct{})}
	go p.write()
	for range 2 { // when the second is taken, the first has failed
		p.queue <- envelope{kind: control.KindBeat}
	}
	m, _, err := ours.Receive()
	if err != nil || m.Kind != control.KindFigures {
		t.Errorf("%+v, %v", m, err)
	}
	p.close()
	<-p.done
}
