package roster

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestWaitEndsWithTheLastConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r Roster[int]
		r.Add(1)
		r.Add(2)
		ended := make(chan error, 2)
		for range 2 {
			go func() { ended <- r.Wait(t.Context()) }()
		}
		synctest.Wait()
		r.Remove(1)
		synctest.Wait()
		if len(ended) > 0 {
			t.Error("ended while there was a connection")
		}
		r.Remove(2)
		synctest.Wait()
		if len(ended) != 2 {
			t.Errorf("%d of 2 have ended", len(ended))
		}
		if err := r.Wait(t.Context()); err != nil {
			t.Errorf("none at once: %v", err)
		}
		r.Add(3)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := r.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("one that stays: %v", err)
		}
	})
}

func TestCloseEndsAllAndWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r Roster[int]
		first, why := errors.New("first"), errors.New("why")
		r.Add(1)
		done, released := make(chan bool), make(chan bool)
		r.Go(func() { <-done })
		var interrupted, cut []int
		end := func(c int, cause error) {
			if cause != why {
				t.Errorf("cause %v", cause)
			}
			interrupted = append(interrupted, c)
		}
		go func() {
			r.Close(why, end, func(c int) { cut = append(cut, c) })
			close(released)
		}()
		synctest.Wait()
		select {
		case <-released:
			t.Error("did not wait for its goroutine")
		default:
		}
		if r.Add(2) || r.Go(func() { t.Error("runs") }) {
			t.Error("somebody was let in")
		}
		if r.Close(first, end, func(int) { t.Error("cut twice") }) {
			t.Error("closed twice")
		}
		close(done)
		<-released
		if !slices.Equal(interrupted, []int{1}) || !slices.Equal(cut, []int{1}) || r.Cause() != why {
			t.Errorf("interrupted %v, cut %v, cause %v", interrupted, cut, r.Cause())
		}
	})
}

func TestCloseKeepsAnEarlierCause(t *testing.T) {
	var r Roster[int]
	first := errors.New("first")
	r.Add(1)
	r.Interrupt(first, func(int, error) {})
	r.Close(errors.New("second"), func(int, error) { t.Error("interrupted again") }, func(int) {})
	if r.Cause() != first {
		t.Error(r.Cause())
	}
}

func TestLongest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r Roster[int]
		now := time.Now()
		for i := range 2 * Few {
			r.Add(i)
		}
		since := func(i int) time.Time {
			if i == 0 {
				return time.Time{} // at work
			}
			return now.Add(-time.Duration(i) * time.Second)
		}
		var want []int
		for i := 2*Few - 1; len(want) < Few; i-- {
			want = append(want, i)
		}
		if got := r.Longest(time.Second, since); !slices.Equal(got, want) {
			t.Errorf("%v, not %v", got, want)
		}
		if got := r.Longest((2*Few-1)*time.Second, since); !slices.Equal(got, want[:1]) {
			t.Errorf("%v, not the one that rests for as long", got)
		}
		for i := range 10 * sample {
			r.Add(i)
		}
		asked := 0
		r.Longest(time.Second, func(int) time.Time { asked++; return time.Time{} })
		if asked != sample {
			t.Errorf("looked at %d", asked)
		}
	})
}
