package tempo

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// recorder notes what a Tempo wants.
type recorder struct {
	err error

	mu   sync.Mutex
	said []bool
}

func (r *recorder) apply(batch bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said = append(r.said, batch)
	return r.err
}

// expect compares all that was wanted so far.
func (r *recorder) expect(t *testing.T, when string, want ...bool) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.said, want) {
		t.Errorf("%s: %v, expected %v", when, r.said, want)
	}
}

// answer steps at a rate for some time.
func answer(t *Tempo, perSecond int, d time.Duration) {
	const slice = 10 * time.Millisecond
	for left := d; left > 0; left -= slice {
		time.Sleep(slice)
		for range perSecond / int(time.Second/slice) {
			t.Step()
		}
	}
	synctest.Wait()
}

func TestHurriesWhileThereIsMuchToDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		tempo := newTempo(r.apply)
		answer(tempo, 2000, 5*time.Second)
		r.expect(t, "2,000 a second")
		answer(tempo, 20_000, time.Second)
		r.expect(t, "20,000 a second", true)
		answer(tempo, 3500, 5*time.Second)
		r.expect(t, "3,500 a second, from above", true)
		answer(tempo, 2000, time.Second)
		r.expect(t, "2,000 a second, from above", true, false)
		answer(tempo, 3500, 5*time.Second)
		r.expect(t, "3,500 a second, from below", true, false)
		answer(tempo, 10_000, time.Second)
		r.expect(t, "10,000 a second", true, false, true)
		time.Sleep(time.Second)
		synctest.Wait()
		r.expect(t, "nothing any more", true, false, true, false)
	})
}

func TestEndGoesBackForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		tempo := newTempo(r.apply)
		answer(tempo, 20_000, time.Second)
		tempo.End()
		answer(tempo, 20_000, time.Second)
		r.expect(t, "after the end", true, false)
	})
}

func TestWhatIsNotAllowedIsTriedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := recorder{err: errors.New("not allowed")}
		tempo := newTempo(r.apply)
		answer(tempo, 20_000, time.Second)
		tempo.End()
		r.expect(t, "refused", true)
	})
}

func TestNoTempoAndNoPolicy(t *testing.T) {
	var none *Tempo
	none.Step()
	none.End()
	unable := newTempo(nil)
	for range 10 * sample {
		unable.Step()
	}
	unable.End()
}
