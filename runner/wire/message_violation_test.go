package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// endless is a script that says nothing more at its end until it is closed, as
// a connection does.
type endless struct {
	script
	quiet, closed chan struct{} // closed when all was read, and by Close
	once          [2]sync.Once
}

func (e *endless) Read(b []byte) (int, error) {
	n, err := e.script.Read(b)
	if err == io.EOF {
		e.once[0].Do(func() { close(e.quiet) })
		<-e.closed
	}
	return n, err
}

func (e *endless) Close() error {
	e.once[1].Do(func() { close(e.closed) })
	return nil
}

func (e *endless) SetWriteDeadline(time.Time) error { return nil }

// runAsker lets a front ask for three targets of a worker that says this, and
// returns how it ended and what became of each.
func runAsker(said []byte, methods [3]string) (results [3]error, bodies [3]int, ended error) {
	hello := build(KindHello, false, appendHello(nil, Hello{Side: Worker, Min: 1, Max: 1, Features: FeatureMessages}))
	below := &endless{
		script: script{in: bytes.NewReader(append(hello, said...)), said: new(bytes.Buffer)},
		quiet:  make(chan struct{}), closed: make(chan struct{}),
	}
	c := NewConn(below, Front, NewBuffers(), 0)
	if err := c.GreetForMessages(); err != nil {
		return results, bodies, err
	}
	a := NewAsker(c)
	var messages [3]*Message
	var pending [3]<-chan asked
	for i, method := range methods {
		r := get("/")
		r.Method = method
		messages[i] = a.Begin()
		pending[i] = askFor(messages[i], r)
		for !a.isAsked(messages[i]) {
			runtime.Gosched()
		}
	}
	done := make(chan error, 1)
	go func() { done <- a.Run() }()
	select {
	case ended = <-done:
	case <-below.quiet: // it has said all: it ends when all have taken note
		for i, m := range messages {
			if !a.isAsked(m) {
				got := <-pending[i]
				again := make(chan asked, 1)
				again <- got
				pending[i] = again
			}
		}
		below.Close()
		ended = <-done
	}
	for i := range pending {
		got := <-pending[i]
		results[i], bodies[i] = got.err, len(got.body)
	}
	return results, bodies, ended
}

func (a *Asker) isAsked(m *Message) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return m.asked
}

func TestViolationsByMessage(t *testing.T) {
	ok := answerFrame(Response{Exchange: 0, Status: 200, Length: 2}, "ok")
	short := func(b []byte) []byte { // an ANSWER whose head says that it is longer
		binary.BigEndian.PutUint32(b[headerSize+2:], 1<<20)
		return b
	}
	for name, c := range map[string]struct {
		said string
		want string
	}{
		"answer of nobody":    {string(answerFrame(Response{Exchange: 3, Status: 200}, "")), "ANSWER to request 3"},
		"answer twice":        {string(ok) + string(ok), "ANSWER to request 0"},
		"move after answer":   {string(ok) + string(appendTicket(nil, KindMove, 0, 1)), "MOVE to request 0"},
		"move without ticket": {string(appendTicket(nil, KindMove, 0, 0)), "without a ticket"},
		"move cut":            {string(build(KindMove, true, []byte{0, 0})), "ticket is no number"},
		"empty answer":        {string(build(KindAnswer, true, nil)), "ANSWER frame of 0 bytes"},
		"short answer":        {string(build(KindAnswer, true, []byte{0, 0, 0})), "ANSWER of 3 bytes"},
		"long head":           {string(short(answerFrame(Response{Exchange: 0, Status: 200}, ""))), "1048576 bytes"},
		"answer goes on":      {string(build(KindAnswer, false, ok[headerSize:])), "ANSWER frame of the worker (END false)"},
		"another's head":      {string(build(KindAnswer, true, append([]byte{0, 1}, ok[headerSize+2:]...))), "whose head says 0"},
		"interim":             {string(answerFrame(Response{Exchange: 0, Status: 103}, "")), "status 103"},
		"status 1000":         {string(answerFrame(Response{Exchange: 0, Status: 1000}, "")), "status 1000"},
		"body too short":      {string(answerFrame(Response{Exchange: 0, Status: 200, Length: 3}, "ok")), "body of 2 bytes"},
		"body too long":       {string(answerFrame(Response{Exchange: 0, Status: 200, Length: 1}, "ok")), "body of 2 bytes"},
		"no length":           {string(answerFrame(Response{Exchange: 0, Status: 200, Length: -1}, "ok")), "its head says -1"},
		"body of 304":         {string(answerFrame(Response{Exchange: 0, Status: 304, Length: 2}, "ok")), "with a body"},
		"body to HEAD":        {string(answerFrame(Response{Exchange: 2, Status: 200, Length: 2}, "ok")), "with a body"},
		"rest after fields":   {string(build(KindAnswer, true, []byte("\x00\x00\x00\x00\x00\x08\x00\x00\x00\x00\xc8\x01\x00x"))), "after the end"},
		"stream frame":        {string(responseFrame(Response{Exchange: 0, Status: 200}, true)), "RESPONSE frame of the worker"},
		"question":            {string(askFrame(*get("/"))), "ASK frame of the worker"},
		"unknown":             {string(build(12, false, nil)), "kind 12 frame, which is unknown"},
		"too large":           {string([]byte{byte(KindAnswer) | flagEnd, 0x02, 0, 1}), "at most 131072"},
		"given up":            {string(build(KindAbort, false, appendString([]byte{2}, "why"))), "aborted by the worker: why"},
		"cut":                 {string(ok[:len(ok)-1]), "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			results, _, ended := runAsker([]byte(c.said), [3]string{"GET", "GET", "HEAD"})
			if ended == nil || !strings.Contains(ended.Error(), c.want) {
				t.Errorf("Run returned %v, want %q", ended, c.want)
			}
			failed := 0
			for _, err := range results {
				if err != nil {
					failed++
				}
			}
			if failed < 2 {
				t.Errorf("results %v", results)
			}
		})
	}
	optional := build(12|flagOptional, false, []byte("from the future"))
	if results, bodies, _ := runAsker(append(optional, ok...), [3]string{"GET", "GET", "GET"}); results[0] != nil || bodies[0] != 2 {
		t.Errorf("after a frame that may be skipped: %v, %d bytes", results[0], bodies[0])
	}
}

// runAnswerer lets a worker hear this.
func runAnswerer(said []byte) (asks int, err error) {
	hello := build(KindHello, false, appendHello(nil, Hello{Side: Front, Min: 1, Max: 1, Features: FeatureMessages}))
	c := scripted(Worker, hello, said)
	if err := c.Greet(); err != nil {
		return 0, err
	}
	for a := NewAnswerer(c); ; asks++ {
		asked, err := a.Next()
		if err == nil && asked.Request != "" {
			err = ParseAsked(asked.Request, new(Request))
		}
		if err != nil {
			return asks, err
		}
	}
}

func TestViolationsOfAFrontByMessage(t *testing.T) {
	post := *get("/")
	post.Length = 3
	waits := *get("/")
	waits.Expects = true
	for name, c := range map[string]struct {
		said []byte
		want string
	}{
		"answer":           {answerFrame(Response{Status: 200}, ""), "ANSWER frame of the front"},
		"request":          {requestFrame(*get("/"), true), "REQUEST frame of the front"},
		"abort":            {build(KindAbort, false, []byte("\x01\x00")), "ABORT frame of the front"},
		"claim":            {build(KindClaim, true, []byte{1}), "CLAIM frame of the front"},
		"ask goes on":      {build(KindAsk, false, AppendRequest(nil, get("/"))), "END false"},
		"empty ask":        {build(KindAsk, true, nil), "ASK frame of 0 bytes"},
		"short ask":        {build(KindAsk, true, []byte{0, 0, 1}), "method is no number"},
		"with a body":      {askFrame(post), "3 bytes of body"},
		"waits for 100":    {askFrame(waits), "by message"},
		"cancel cut":       {build(KindCancel, true, []byte{0}), "exchange is missing"},
		"cancel with more": {build(KindCancel, true, []byte{0, 0, 0, 0}), "after the end"},
		"large":            {[]byte{byte(KindAsk) | flagEnd, 0, 0x80, 1}, "at most 32768"},
		"cut":              {askFrame(*get("/"))[:10], "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := runAnswerer(c.said); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	if n, err := runAnswerer(append(askFrame(*get("/")), appendTicket(nil, KindCancel, 0, 0)...)); n != 2 || err != io.EOF {
		t.Errorf("%d heard, %v", n, err)
	}
}

func TestBadClaims(t *testing.T) {
	front := helloFrame(Front, 1, 1)
	for name, payload := range map[string][]byte{"without a ticket": {0}, "no number": {0x80}, "after the end": {1, 1}} {
		conn := scripted(Worker, front, build(KindClaim, true, payload))
		var broken *ProtocolError
		if err := readAsWorker(conn); !errors.As(err, &broken) || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %q", err, name)
		}
	}
}

// FuzzMessages lets each side of a message connection hear arbitrary bytes:
// whoever waits is told an end, and the errors are known ones.
func FuzzMessages(f *testing.F) {
	seed(f, func(b []byte) { f.Add(b); f.Add(b[min(len(b), 12):]) })
	f.Fuzz(func(t *testing.T, said []byte) {
		results, _, ended := runAsker(said, [3]string{"GET", "GET", "HEAD"})
		_, heard := runAnswerer(said)
		for _, err := range append(results[:], ended, heard) {
			var broken *ProtocolError
			var abort *Abort
			var moved *MovedError
			known := errors.As(err, &broken) || errors.As(err, &abort) || errors.As(err, &moved)
			if !known && err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
				t.Fatalf("error %v", err)
			}
		}
	})
}
