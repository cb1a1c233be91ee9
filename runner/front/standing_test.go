package front

import (
	"errors"
	"github.com/dram-go/dram/framework/config"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

func TestStanding(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	bad := errors.New("connection refused")
	fresh := func() *standing {
		return &standing{rules: rules{maxFails: 3, rise: 2, fall: 3, slowStart: 10 * time.Second}}
	}

	s := fresh()
	for range 2 {
		s.failed(lost, "", false, start)
	}
	s.answered()
	for range 2 {
		s.failed(lost, "", false, start)
	}
	if !s.usable() {
		t.Error("ejected although no three requests in a row failed")
	}
	s.failed(late, "", true, start)
	if !s.usable() {
		t.Error("the last origin was ejected although it takes connections")
	}
	s.failed(late, "late", false, start)
	if s.usable() || s.why != "late" || !s.again.Equal(start.Add(firstPause)) {
		t.Errorf("after four failures: %+v", s)
	}

	s = fresh()
	s.failed(unreachable, "", true, start)
	if s.usable() {
		t.Error("one that takes no connections is used on")
	}
	// It is tried again and again, after pauses that double.
	var pauses []time.Duration
	now := start
	for range 6 {
		pauses = append(pauses, s.again.Sub(now))
		now = s.again
		s.tried(bad, now)
	}
	for i, want := range []time.Duration{250, 500, 1000, 2000, 2000, 2000} {
		if pauses[i] != want*time.Millisecond {
			t.Errorf("pause %d is %s, want %d ms", i, pauses[i], want)
		}
	}
	s.tried(nil, now)
	if !s.usable() || !s.back.Equal(now) {
		t.Errorf("after a good trial: %+v", s)
	}
	for after, want := range map[time.Duration]float64{0: 0.1, time.Second / 2: 0.1, 5 * time.Second: 0.5, 10 * time.Second: 1} {
		if got := s.share(now.Add(after)); got != want {
			t.Errorf("share %s after the return is %v, want %v", after, got, want)
		}
	}
	// Who fails soon again pauses longer, who was calm begins anew.
	s.fatal = false
	for range 3 {
		s.failed(lost, "", false, now.Add(time.Second))
	}
	if got := s.again.Sub(now.Add(time.Second)); got != longestPause {
		t.Errorf("the next pause is %s", got)
	}
	s.tried(nil, s.again)
	for range 3 {
		s.failed(lost, "", false, s.back.Add(2*time.Minute))
	}
	if got := s.again.Sub(s.back.Add(2 * time.Minute)); got != firstPause {
		t.Errorf("the pause after a calm time is %s", got)
	}
}

func TestStandingByChecks(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := &standing{rules: rules{maxFails: 3, rise: 2, fall: 3, checked: true}}
	for i, c := range []struct{ good, usable bool }{
		{true, true}, {false, true}, {false, true}, {true, true}, // no three in a row
		{false, true}, {false, true}, {false, false},
		{true, false}, {false, false}, {true, false}, {true, true}, // nor two
	} {
		err := errors.New("500")
		if c.good {
			err = nil
		}
		s.tried(err, now)
		if s.usable() != c.usable {
			t.Fatalf("check %d: usable %v, want %v", i, s.usable(), c.usable)
		}
	}
	if s.share(now) != 1 {
		t.Error("without slow start one that came back has its whole share")
	}
	if fresh := (&standing{rules: rules{slowStart: time.Hour}}); fresh.share(now) != 1 {
		t.Error("one that was never away starts slowly")
	}
}

// TestTheLongestPause stays the longest however often an origin was tried.
func TestTheLongestPause(t *testing.T) {
	s := &standing{rules: rules{maxFails: 1}}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s.failed(lost, "", false, now)
	for n := range 200 {
		now = s.again
		s.tried(errors.New("500"), now)
		if pause := s.again.Sub(now); pause < firstPause || pause > longestPause || n > 10 && pause != longestPause {
			t.Fatalf("trial %d: a pause of %s", n, pause)
		}
	}
}

// TestAnEarlyCheckIsNoTrial: the checks of an origin that is ejected come more
// often than its trials, and do not put them off.
func TestAnEarlyCheckIsNoTrial(t *testing.T) {
	s := &standing{rules: rules{maxFails: 1, rise: 1, fall: 100, checked: true}}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s.failed(lost, "", false, now)
	due := s.again
	for range 10 {
		s.tried(errors.New("500"), now)
	}
	if !s.again.Equal(due) || s.usable() {
		t.Errorf("tried in %s, not in %s", s.again.Sub(now), due.Sub(now))
	}
	if s.tried(nil, now); !s.usable() {
		t.Error("a good check does not bring it back")
	}
}

// TestWhatChecksAccept: a redirect is an answer of one who is well, a page that
// is not there is not.
func TestWhatChecksAccept(t *testing.T) {
	var status atomic.Int32
	other := newOther(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(int(status.Load())) }))
	s, err := newSettings(mountedAt(t, "/", other))
	if err != nil {
		t.Fatal(err)
	}
	m := s.mounts[0]
	m.Health = config.Health{Path: "/healthz", Timeout: patience}
	o := newOrigin(m, 0, patience, func(*origin) {})
	for code, good := range map[int]bool{200: true, 204: true, 302: true, 399: true, 400: false, 404: false, 503: false} {
		status.Store(int32(code))
		if err := o.try(t.Context()); (err == nil) != good {
			t.Errorf("%d: %v", code, err)
		}
	}
}

// TestAnEjectedOriginIsTriedWhenItIsTime, even if checks are rare.
func TestAnEjectedOriginIsTriedWhenItIsTime(t *testing.T) {
	now := time.Now()
	o := &origin{health: config.Health{Interval: time.Hour}, standing: standing{rules: rules{checked: true}, ejected: true, again: now.Add(time.Second)}}
	for _, c := range []struct {
		checked, ejected bool
		want             time.Duration
	}{{true, true, time.Second}, {true, false, time.Hour}, {false, true, time.Second}} {
		o.checked, o.ejected = c.checked, c.ejected
		if got := o.nextTrial(now); got != c.want {
			t.Errorf("%+v: in %s", c, got)
		}
	}
}
