package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// greetForMessages makes the two sides of a message connection.
func greetForMessages(t testing.TB, a, b net.Conn, stall time.Duration) (front, worker *Conn) {
	t.Helper()
	buffers := NewBuffers()
	front, worker = NewConn(a, Front, buffers, 0), NewConn(b, Worker, buffers, stall)
	greeted := make(chan error, 1)
	go func() { greeted <- worker.Greet() }()
	if err := errors.Join(front.GreetForMessages(), <-greeted); err != nil {
		t.Fatal(err)
	}
	if !front.Messages() || !worker.Messages() {
		t.Fatalf("front %t, worker %t, want a message connection", front.Messages(), worker.Messages())
	}
	return front, worker
}

// messagePair returns the two sides of a message connection whose front's side
// runs. ended gets what Run returns.
func messagePair(t *testing.T) (asker *Asker, answerer *Answerer, ended <-chan error) {
	t.Helper()
	a, b := sockets(t)
	front, worker := greetForMessages(t, a, b, 0)
	asker, answerer = NewAsker(front), NewAnswerer(worker)
	done := make(chan error, 1)
	over := make(chan struct{})
	go func() {
		done <- asker.Run()
		close(over)
	}()
	t.Cleanup(func() {
		asker.Close()
		answerer.Close()
		<-over
	})
	return asker, answerer, done
}

// next is what the front says next, decoded.
func (a *Answerer) next(t *testing.T) (Asked, Request) {
	t.Helper()
	asked, err := a.Next()
	must(t, err)
	var r Request
	if asked.Request != "" {
		must(t, ParseAsked(asked.Request, &r))
	}
	return asked, r
}

func get(target string) *Request {
	return &Request{Method: "GET", Target: target, Host: "h", Major: 1, Minor: 1, Whole: true}
}

// asked is what became of one request.
type asked struct {
	status int
	body   string
	sent   bool
	err    error
}

// askFor asks in a goroutine.
func askFor(m *Message, r *Request) <-chan asked {
	done := make(chan asked, 1)
	go func() {
		sent, err := m.Ask(r)
		done <- asked{m.Response.Status, string(m.Body), sent, err}
	}()
	return done
}

// TestMessages: many at once, answered in any order, each get their own answer.
func TestMessages(t *testing.T) {
	asker, answerer, _ := messagePair(t)
	const each, many = 50, 40
	var answers sync.WaitGroup
	answers.Go(func() {
		for range each * many {
			asked, err := answerer.Next()
			if err != nil {
				t.Error(err)
				return
			}
			answers.Go(func() {
				var r Request
				if err := ParseAsked(asked.Request, &r); err != nil {
					t.Error(err)
				}
				for range rand.IntN(20) { // so that they are in no order
					runtime.Gosched()
				}
				body := answerTo(r.Target)
				fields := AppendField(nil, "X-Target", r.Target)
				if err := answerer.Answer(r.Exchange, &Response{Status: 200, Length: int64(len(body))}, fields, body); err != nil {
					t.Error(err)
				}
			})
		}
	})
	defer answers.Wait()
	var clients sync.WaitGroup
	for client := range many {
		clients.Go(func() {
			for i := range each {
				m := asker.Begin()
				if m == nil {
					t.Error("no message")
					return
				}
				target := fmt.Sprintf("/%d/%d", client, i)
				sent, err := m.Ask(get(target))
				if err != nil || !sent || m.Response.Status != 200 || m.Response.Fields.Get("X-Target") != target || !bytes.Equal(m.Body, answerTo(target)) {
					t.Errorf("%s: %d %s, %d bytes, %v", target, m.Response.Status, m.Response.Fields.Get("X-Target"), len(m.Body), err)
				}
				m.End()
			}
		})
	}
	clients.Wait()
	if n := len(asker.messages); n > many {
		t.Errorf("%d numbers for %d at once", n, many)
	}
}

// answerTo is a body of some size that nobody else gets.
func answerTo(target string) []byte {
	size := (len(target)*7919 + int(target[1])*31337 + int(target[len(target)-1])*10007) % MaxBody
	return bytes.Repeat([]byte(target), size/len(target))
}

// TestNeitherSideWaitsForTheOtherToRead: more goes both ways at once than the
// kernel holds.
func TestNeitherSideWaitsForTheOtherToRead(t *testing.T) {
	asker, answerer, _ := messagePair(t)
	const many = 100
	body := bytes.Repeat([]byte("x"), MaxBody)
	go func() {
		for range many {
			asked, err := answerer.Next()
			if err != nil {
				return
			}
			_ = answerer.Answer(asked.Exchange, &Response{Status: 200, Length: MaxBody}, nil, body)
		}
	}()
	large := get("/")
	large.Header = http.Header{"X": {strings.Repeat("x", MaxAsk-100)}}
	var results []<-chan asked
	for range many {
		m := asker.Begin()
		for m == nil { // there is so much on its way that others would go elsewhere
			m = asker.Begin()
		}
		r := *large
		results = append(results, askFor(m, &r))
	}
	for _, result := range results {
		if got := <-result; got.err != nil || len(got.body) != MaxBody {
			t.Fatalf("%d bytes, %v", len(got.body), got.err)
		}
	}
}

func TestAMessageIsAbandoned(t *testing.T) {
	asker, answerer, _ := messagePair(t)
	m := asker.Begin()
	result := askFor(m, get("/slow"))
	first, _ := answerer.next(t)
	m.Abandon()
	m.Abandon() // again changes nothing
	if got := <-result; !errors.Is(got.err, context.Canceled) || !got.sent {
		t.Fatalf("sent %t, %v", got.sent, got.err)
	}
	m.End()
	if cancel, _ := answerer.next(t); cancel != (Asked{Exchange: first.Exchange}) {
		t.Fatalf("the worker heard %+v", cancel)
	}
	other := asker.Begin()
	if other == m {
		t.Fatal("a number is used again before it was answered")
	}
	must(t, answerer.Answer(first.Exchange, &Response{Status: 503}, nil, nil))
	result = askFor(other, get("/other"))
	second, _ := answerer.next(t)
	must(t, answerer.Answer(second.Exchange, &Response{Status: 200, Length: 2}, nil, []byte("ok")))
	if got := <-result; got.status != 200 || got.body != "ok" {
		t.Fatalf("the other got %+v", got)
	}
	other.End()
	if again := asker.Begin(); again != other { // used last
		t.Error("a message that was given back is not used first")
	}
	if again := asker.Begin(); again != m {
		t.Error("the number that was answered late is not used again")
	}
}

func TestAMessageThatWasAbandonedBeforeAsksNothing(t *testing.T) {
	asker, answerer, _ := messagePair(t)
	m := asker.Begin()
	m.Abandon()
	if sent, err := m.Ask(get("/")); sent || !errors.Is(err, context.Canceled) {
		t.Errorf("sent %t, %v", sent, err)
	}
	m.End()
	m = asker.Begin() // the same, as good as new
	result := askFor(m, get("/second"))
	if asked, r := answerer.next(t); r.Target != "/second" {
		t.Fatalf("the worker heard %+v", asked)
	}
	must(t, answerer.Answer(0, &Response{Status: 204, Length: -1}, nil, nil))
	if got := <-result; got.status != 204 || got.err != nil {
		t.Errorf("%+v", got)
	}
}

func TestAResponseMoves(t *testing.T) {
	asker, answerer, _ := messagePair(t)
	m := asker.Begin()
	result := askFor(m, get("/large"))
	ask, _ := answerer.next(t)
	must(t, answerer.Move(ask.Exchange, 7))
	var moved *MovedError
	if got := <-result; !errors.As(got.err, &moved) || moved.Ticket != 7 {
		t.Fatalf("%+v", got)
	}
	m.End()

	front, worker := pair(t)
	done := make(chan error, 1)
	go func() {
		var r Request
		ended, err := worker.ReadRequest(&r)
		if err != nil || !ended || r.Claim != 7 {
			done <- fmt.Errorf("claim %d, ended %t, %v", r.Claim, ended, err)
			return
		}
		if err := worker.WriteResponse(&Response{Status: 200, Length: -1}, nil, false); err != nil {
			done <- err
			return
		}
		err = worker.WriteBody([]byte("part by part"), true)
		_, again := worker.ReadRequest(&r)
		if r.Claim != 0 || r.Target != "/next" {
			again = fmt.Errorf("%+v after the claim, %v", r, again)
		}
		done <- errors.Join(err, again, worker.WriteResponse(&Response{Status: 204, Length: -1}, nil, true))
	}()
	if sent, err := front.Claim(moved.Ticket); err != nil || !sent {
		t.Fatalf("sent %t, %v", sent, err)
	}
	var r Response
	must(t, front.ReadResponse(&r, "GET"))
	if body, err := io.ReadAll(front); err != nil || string(body) != "part by part" {
		t.Errorf("%q, %v", body, err)
	}
	if !front.Rested() {
		t.Error("the connection is not at rest")
	}
	_, err := front.WriteRequest(get("/next"), nil, true)
	must(t, err)
	must(t, front.ReadResponse(&r, "GET"))
	must(t, <-done)
}

func TestAResponseMovesThatNobodyWants(t *testing.T) {
	asker, answerer, _ := messagePair(t)
	m := asker.Begin()
	result := askFor(m, get("/large"))
	ask, _ := answerer.next(t)
	must(t, answerer.Move(ask.Exchange, 7))
	var moved *MovedError
	if got := <-result; !errors.As(got.err, &moved) {
		t.Fatal(got.err)
	}
	moved.Refuse()
	if cancel, _ := answerer.next(t); cancel != (Asked{Exchange: ask.Exchange, Ticket: 7}) {
		t.Errorf("the worker heard %+v", cancel)
	}
	m.End()

	m = asker.Begin() // left before it moves
	result = askFor(m, get("/large"))
	ask, _ = answerer.next(t)
	m.Abandon()
	<-result
	m.End()
	if cancel, _ := answerer.next(t); cancel.Ticket != 0 {
		t.Errorf("the worker heard %+v", cancel)
	}
	must(t, answerer.Move(ask.Exchange, 8)) // it has not heard that in time
	if cancel, _ := answerer.next(t); cancel.Ticket != 8 {
		t.Errorf("the worker heard %+v", cancel)
	}
}

func TestTheEndOfAMessageConnection(t *testing.T) {
	for name, end := range map[string]func(*Asker, *Answerer){
		"of the worker": func(_ *Asker, a *Answerer) { a.Close() },
		"by the front":  func(a *Asker, _ *Answerer) { a.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			asker, answerer, ended := messagePair(t)
			var results []<-chan asked
			for range 3 {
				results = append(results, askFor(asker.Begin(), get("/")))
				answerer.next(t)
			}
			idle := asker.Begin()
			end(asker, answerer)
			for _, result := range results {
				if got := <-result; got.err == nil || !got.sent {
					t.Errorf("%+v", got)
				}
			}
			if err := <-ended; (err == nil) != (name == "by the front") || err != nil && err != io.EOF && !strings.Contains(err.Error(), "reset") {
				t.Errorf("Run returned %v", err)
			}
			if sent, err := idle.Ask(get("/")); sent || err == nil {
				t.Errorf("asked after the end: sent %t, %v", sent, err)
			}
			if asker.Begin() != nil {
				t.Error("a message after the end")
			}
		})
	}
}

func TestARetiredConnectionAnswersWhatWasAsked(t *testing.T) {
	asker, answerer, _ := messagePair(t)
	result := askFor(asker.Begin(), get("/"))
	ask, _ := answerer.next(t)
	begun := asker.Begin()
	asker.Retire()
	if sent, err := begun.Ask(get("/")); sent || err == nil || asker.Begin() != nil {
		t.Errorf("asked of a retired connection: sent %t, %v", sent, err)
	}
	must(t, answerer.Answer(ask.Exchange, &Response{Status: 200, Length: 1}, nil, []byte("x")))
	if got := <-result; got.body != "x" {
		t.Errorf("%+v", got)
	}
}

func TestWhatIsTooLargeForAMessage(t *testing.T) {
	asker, answerer, _ := messagePair(t)
	m := asker.Begin()
	large := get("/")
	large.Header = http.Header{"X": {strings.Repeat("x", MaxAsk)}}
	if sent, err := m.Ask(large); sent || err == nil {
		t.Errorf("sent %t, %v", sent, err)
	}
	many := get("/")
	many.Fields = bytes.Repeat(AppendField(nil, "X", ""), MaxFields+1)
	if sent, err := m.Ask(many); sent || err == nil {
		t.Errorf("sent %t, %v", sent, err)
	}
	if FitsAnswer(&Response{}, many.Fields, nil) || FitsAnswer(&Response{Length: maxLength}, nil, nil) {
		t.Error("what breaks the rules fits")
	}
	if most := many.Fields[len(AppendField(nil, "X", "")):]; !FitsAnswer(&Response{}, most, nil) {
		t.Errorf("%d fields do not fit", MaxFields)
	}
	result := askFor(m, get("/")) // the connection is as good as before
	ask, _ := answerer.next(t)
	if FitsAnswer(&Response{}, make([]byte, MaxAnswer/2), make([]byte, MaxAnswer/2)) {
		t.Error("too much fits")
	}
	body := make([]byte, MaxAnswer-MaxBody/2)
	fields := AppendField(nil, "X", strings.Repeat("x", MaxBody/2-100))
	if !FitsAnswer(&Response{}, fields, body) {
		t.Error("what fits does not")
	}
	must(t, answerer.Answer(ask.Exchange, &Response{Status: 200, Length: int64(len(body))}, fields, body))
	if got := <-result; got.err != nil || len(got.body) != len(body) {
		t.Errorf("%d bytes, %v", len(got.body), got.err)
	}
}

func TestANumberOfMessagesIsBounded(t *testing.T) {
	asker, _, _ := messagePair(t)
	for i := range maxMessages {
		if asker.Begin() == nil {
			t.Fatalf("no message after %d", i)
		}
	}
	if asker.Begin() != nil {
		t.Errorf("more than %d messages", maxMessages)
	}
}

// TestAFrontThatReadsNothing: a worker ends a connection nobody reads from,
// and no handler waits for it.
func TestAFrontThatReadsNothing(t *testing.T) {
	a, b := sockets(t)
	front, worker := greetForMessages(t, a, b, 50*time.Millisecond)
	answerer := NewAnswerer(worker)
	out := newOutbox(front)
	must(t, out.end(mustAsk(t, out.begin())))
	ask, _ := answerer.next(t)
	body := make([]byte, MaxBody)
	for range 100 { // more than the kernel holds; none of them waits
		_ = answerer.Answer(ask.Exchange, &Response{Status: 200, Length: MaxBody}, nil, body)
	}
	if _, err := answerer.Next(); err == nil { // until the deadline closes it
		t.Error("the connection goes on")
	}
}

func mustAsk(t *testing.T, b []byte) []byte {
	t.Helper()
	b, err := appendAsk(b, get("/"))
	must(t, err)
	return b
}

// TestOldSides: who knows nothing of messages gets none.
func TestOldSides(t *testing.T) {
	old := bytes.NewReader(helloFrame(Worker, 1, 1))
	front := NewConn(&script{in: old, said: new(bytes.Buffer)}, Front, NewBuffers(), 0)
	if err := front.GreetForMessages(); err != nil || front.Messages() {
		t.Errorf("messages %t with a worker without them, %v", front.Messages(), err)
	}
	a, b := pair(t) // a front that wants none
	if a.Messages() || b.Messages() {
		t.Error("a message connection that nobody wants")
	}
}
