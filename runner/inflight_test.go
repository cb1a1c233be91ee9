package runner

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/config"
)

func TestInFlightCounts(t *testing.T) {
	requests := &inFlight{}
	status := 0
	h := requests.counted(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if status == 0 {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(status)
	}))
	for _, status = range []int{200, 404, 500, 503, 0} {
		func() {
			defer func() { _ = recover() }()
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
		}()
	}
	if got, _ := requests.survey(time.Now(), 0); got.Done != 5 || got.Failed != 3 || got.InFlight != 0 || got.Oldest != nil {
		t.Fatalf("%+v", got)
	}
	if requests.first != nil || requests.last != nil {
		t.Fatal("the list is not empty")
	}
}

// flightOf is a request that runs since a time, in the list.
func flightOf(requests *inFlight, begun time.Time, status int, path string) (*flight, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	f := &flight{request: httptest.NewRequestWithContext(ctx, "GET", path, nil), begun: begun}
	f.status.Store(int32(status))
	requests.enter(f)
	return f, cancel
}

func TestSurvey(t *testing.T) {
	now := time.Now()
	requests := &inFlight{}
	stream, leave := flightOf(requests, now.Add(-time.Hour), 200, "/stream")
	defer leave()
	slow, giveUp := flightOf(requests, now.Add(-59*time.Second), 0, "/slow")
	fresh, _ := flightOf(requests, now, 0, "/fresh")
	pulse, hung := requests.survey(now, time.Minute)
	if pulse.InFlight != 3 || pulse.Oldest == nil || pulse.Oldest.Path != "/slow" || len(pulse.Streams) != 1 || pulse.Streams[0].Path != "/stream" {
		t.Fatalf("%+v", pulse)
	}
	if len(hung) != 1 || hung[0].Path != "/slow" {
		t.Fatalf("hung: %+v, want the one that gets 504 within the next beat", hung)
	}
	if _, again := requests.survey(now, time.Minute); len(again) != 0 {
		t.Fatalf("named again: %+v", again)
	}
	giveUp()
	for _, c := range []struct {
		after time.Duration
		stuck int
	}{{0, 0}, {stuckAfter - 1, 0}, {stuckAfter, 1}} {
		if pulse, _ := requests.survey(now.Add(c.after), 0); pulse.Stuck != c.stuck {
			t.Errorf("%v after its context ended: %d stuck, want %d", c.after, pulse.Stuck, c.stuck)
		}
	}
	for _, f := range []*flight{slow, stream, fresh} {
		requests.leave(f, true)
	}
	if pulse, _ := requests.survey(now, 0); pulse.InFlight != 0 || pulse.Done != 3 || requests.first != nil {
		t.Fatalf("in the end %+v", pulse)
	}
}

func TestProbeHandler(t *testing.T) {
	for status, good := range map[int]bool{200: true, 302: true, 404: true, 500: false, 503: false, 0: false} {
		h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if status == 0 {
				panic("broken")
			}
			w.WriteHeader(status)
		})
		if got := probeHandler(h, httptest.NewRequest("GET", "/page", nil)); (got == "") != good {
			t.Errorf("%d: %q", status, got)
		}
	}
}

// The writer that handlers get can do what the one of net/http's server can.
func TestCountedWriterCanDoEverything(t *testing.T) {
	requests := &inFlight{}
	s := httptest.NewServer(requests.counted(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, hijacks := w.(http.Hijacker)
		_, flushes := w.(http.Flusher)
		if !hijacks || !flushes || http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Minute)) != nil {
			t.Error("something is missing")
		}
	})))
	defer s.Close()
	resp, err := s.Client().Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

// Clients choose methods, paths and often ids. However long they are, and
// however much longer as JSON, a beat and a status fit into a message.
func TestBeatOfHostileStreamsFitsIntoAMessage(t *testing.T) {
	var l inFlight
	begun := time.Now().Add(-time.Hour)
	for range 2 * maxStreams {
		r := httptest.NewRequest(http.MethodGet, "/"+strings.Repeat("&", 8000), nil)
		r.Header.Set("X-Request-Id", strings.Repeat("<", 8000))
		f := &flight{request: r, begun: begun}
		f.status.Store(200)
		l.enter(f)
	}
	l.enter(&flight{request: httptest.NewRequest(strings.Repeat("M", 8000), "/"+strings.Repeat("&", 8000), nil), begun: begun})
	pulse, _ := l.survey(time.Now(), 0)
	if len(pulse.Streams) != maxStreams || pulse.Oldest == nil {
		t.Fatalf("%d streams, oldest %v", len(pulse.Streams), pulse.Oldest)
	}
	const message = 1 << 20 // of package control
	if beat, err := json.Marshal(pulse); err != nil || len(beat) > message/2 {
		t.Errorf("a beat of %d bytes, %v", len(beat), err)
	}
	s := newState(limits{}, false)
	for id := range 32 {
		s.workers[id] = &process{ID: id, Slot: 1, Phase: ready, Pulse: pulse}
	}
	m := &master{masterOptions: masterOptions{conf: config.Default("/")}, state: s, generations: map[int]generation{}}
	if result := m.statusResult([]string{"streams"}); len(result.Data) == 0 || len(result.Data) > message/2 {
		t.Errorf("a status of %d bytes: %s", len(result.Data), result.Text)
	}
}
