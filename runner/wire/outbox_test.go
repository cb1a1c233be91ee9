package wire

import (
	"io"
	"runtime"
	"testing"
)

// broken reports that nothing is sent any more.
func (o *outbox) broken() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.failed != nil
}

// TestTheLastAnswersOfAWorker are read, although it is found to be gone by a
// write before.
func TestTheLastAnswersOfAWorker(t *testing.T) {
	a, b := sockets(t)
	front, worker := greetForMessages(t, a, b, 0)
	asker, answerer := NewAsker(front), NewAnswerer(worker)
	first := askFor(asker.Begin(), get("/first"))
	asked, _ := answerer.next(t)
	must(t, answerer.Answer(asked.Exchange, &Response{Status: 200, Length: 4}, nil, []byte("last")))
	answerer.Close()
	unseen := askFor(asker.Begin(), get("/unseen"))
	for !asker.out.broken() { // until its write has failed
		runtime.Gosched()
	}
	if sent, err := asker.Begin().Ask(get("/unsent")); sent || err == nil {
		t.Errorf("sent %t, %v", sent, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- asker.Run() }()
	if got := <-first; got.err != nil || got.body != "last" {
		t.Errorf("%+v", got)
	}
	if got := <-unseen; got.err == nil {
		t.Errorf("%+v", got)
	}
	if err := <-ended; err != io.EOF {
		t.Errorf("ended with %v", err)
	}
}
