package pubsub

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

// listener collects what a subscription yields, as short texts: the data, or
// "gap".
type listener struct {
	got  []string
	over bool
}

func text(m Message) string {
	if m.Gap {
		return "gap"
	}
	return string(m.Data)
}

// listen ranges over a subscription beside the test.
func listen(ctx context.Context, b Bus, topic string) *listener {
	l := &listener{}
	messages := b.Subscribe(ctx, topic)
	go func() {
		for m := range messages {
			l.got = append(l.got, text(m))
		}
		l.over = true
	}()
	return l
}

// expect waits until nothing moves any more and compares.
func (l *listener) expect(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	if !slices.Equal(l.got, want) {
		t.Errorf("heard %q, want %q", l.got, want)
	}
}

func publish(t *testing.T, b Bus, topic string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if err := b.Publish(t.Context(), topic, []byte(text)); err != nil {
			t.Error(err)
		}
	}
}

func TestInOneProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(Options{})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		first, second := listen(ctx, n, "a"), listen(ctx, n, "a")
		other := listen(ctx, n, "b")
		publish(t, n, "a", "1", "2", "3")
		publish(t, n, "nobody", "4")
		first.expect(t, "1", "2", "3")
		second.expect(t, "1", "2", "3")
		other.expect(t)
	})
}

// TestSubscribeBeginsAtTheCall: between Subscribe and range the subscriber
// reads the state; nothing may be lost there.
func TestSubscribeBeginsAtTheCall(t *testing.T) {
	n := New(Options{})
	messages := n.Subscribe(t.Context(), "a")
	publish(t, n, "a", "1")
	for m := range messages {
		if m.Topic != "a" || text(m) != "1" {
			t.Errorf("got %+v", m)
		}
		break
	}
	for m := range messages {
		t.Errorf("a second range yields %+v", m)
	}
	if len(n.topics) != 0 {
		t.Errorf("topics of the ended subscription are left: %v", n.topics)
	}
}

func TestSubscriptionEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(Options{})
		ctx, cancel := context.WithCancel(t.Context())
		l := listen(ctx, n, "a")
		never := n.Subscribe(ctx, "a")
		publish(t, n, "a", "1")
		l.expect(t, "1")
		cancel()
		publish(t, n, "a", "2")
		l.expect(t, "1")
		if !l.over {
			t.Error("the sequence did not end")
		}
		if len(n.topics) != 0 {
			t.Errorf("a subscription outlived its context: %v", n.topics)
		}
		for m := range never {
			t.Errorf("yields %+v after the end of its context", m)
		}
	})
}

func TestCloseEndsSubscriptions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(Options{})
		l := listen(t.Context(), n, "a")
		if err := n.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := n.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		late := listen(t.Context(), n, "a")
		synctest.Wait()
		if !l.over || !late.over {
			t.Error("a subscription of a closed node goes on")
		}
		if err := n.Publish(t.Context(), "a", nil); !errors.Is(err, ErrClosed) {
			t.Errorf("Publish after Close: %v", err)
		}
		if err := n.Start(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("Start after Close: %v", err)
		}
	})
}

// TestSlowSubscriber: the publisher never waits, what was missed is one mark
// in its place, and from there on messages come again.
func TestSlowSubscriber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(Options{Buffer: 3})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		release := make(chan struct{})
		var got []string
		messages := n.Subscribe(ctx, "a")
		go func() {
			for m := range messages {
				got = append(got, text(m))
				<-release
			}
		}()
		fast := listen(ctx, n, "a")
		publish(t, n, "a", "1")
		synctest.Wait() // the slow one holds 1
		var all []string
		for i := range 9 {
			s := fmt.Sprint(i + 2)
			all = append(all, s)
			publish(t, n, "a", s)
			synctest.Wait()
		}
		fast.expect(t, append([]string{"1"}, all...)...)
		close(release)
		synctest.Wait()
		// 2 3 4 fit, 5 makes a mark of them; 6 7 fit, 8 makes a mark of all.
		if want := []string{"1", "gap", "9", "10"}; !slices.Equal(got, want) {
			t.Errorf("the slow subscriber heard %q, want %q", got, want)
		}
		publish(t, n, "a", "12")
		synctest.Wait()
		if got[len(got)-1] != "12" {
			t.Errorf("after the gap: %q", got)
		}
	})
}

func TestQueueOverflow(t *testing.T) {
	q := newQueue("a", 2)
	for i := range 7 {
		q.put(Message{Topic: "a", Data: fmt.Append(nil, i)})
	}
	// 0 1 fit, 2 makes a mark, 3 fits beside it, 4 makes a mark of all, and so on.
	var got []string
	for m, ok := q.take(); ok; m, ok = q.take() {
		got = append(got, text(m))
	}
	if fmt.Sprint(got) != "[gap]" {
		t.Errorf("left %q", got)
	}
	q.put(q.mark)
	q.put(q.mark)
	q.put(Message{Data: []byte("x")})
	got = nil
	for m, ok := q.take(); ok; m, ok = q.take() {
		got = append(got, text(m))
	}
	if fmt.Sprint(got) != "[gap x]" {
		t.Errorf("two marks in a row: %q", got)
	}
}

func TestPublishRefuses(t *testing.T) {
	n := New(Options{})
	for want, err := range map[string]error{
		"topic is empty":             n.Publish(t.Context(), "", nil),
		"the topic has 256 bytes":    n.Publish(t.Context(), strings.Repeat("x", 256), nil),
		"at most 65279 are possible": n.Publish(t.Context(), "a", make([]byte, MaxData+1)),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	if err := n.Publish(t.Context(), strings.Repeat("x", MaxTopic), make([]byte, MaxData)); err != nil {
		t.Errorf("the largest message: %v", err)
	}
}

// TestPublishAfterTheRequest: the commit has happened, whether or not the
// client still waits.
func TestPublishAfterTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(Options{})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		l := listen(ctx, n, "a")
		gone, leave := context.WithCancel(t.Context())
		leave()
		data := []byte("1")
		if err := n.Publish(gone, "a", data); err != nil {
			t.Error(err)
		}
		data[0] = 'x' // ours again
		l.expect(t, "1")
	})
}
