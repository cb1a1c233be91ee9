package devserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// desk is a loop whose hands are the test's: files are a map, builds and starts
// take as long as the test says.
type desk struct {
	t     *testing.T
	loop  *loop
	gate  *gate
	files snapshot
	stop  func()
	mu    sync.Mutex // over what follows and files
	begun []int      // builds begun
	whole []int      // builds that ran to their end
	pids  int
	live  map[int]bool  // processes that run
	take  time.Duration // of a build
	bad   bool          // the next builds fail
	dead  bool          // the next starts fail
	exit  func()        // the newest process ends by itself
}

func newDesk(t *testing.T) *desk {
	d := &desk{t: t, files: snapshot{"main.go": {Kind: kindGo}}, live: map[int]bool{}, take: time.Second}
	d.loop = newLoop(tools{
		scan: func(snapshot) (snapshot, error) {
			d.mu.Lock()
			defer d.mu.Unlock()
			return d.files, nil
		},
		build: d.build, start: d.start, clean: func(string) {},
	}, newConsole(io.Discard), d.files)
	d.gate = &gate{board: d.loop.board, look: d.loop.look, limit: holdLimit}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { d.loop.work(ctx); close(done) }()
	d.stop = func() { cancel(); <-done }
	return d
}

func (d *desk) build(ctx context.Context, seq int) built {
	d.mu.Lock()
	d.begun = append(d.begun, seq)
	take := time.After(d.take)
	d.mu.Unlock()
	select {
	case <-take:
	case <-ctx.Done():
		return built{}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.whole = append(d.whole, seq)
	if d.bad {
		return built{Problem: &problem{Kind: problemBuild, Message: "bad"}}
	}
	return built{Binary: fmt.Sprint(seq)}
}

func (d *desk) start(ctx context.Context, binary string) (*app, *problem) {
	select {
	case <-time.After(100 * time.Millisecond):
	case <-ctx.Done():
		return nil, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pids++
	pid, done := d.pids, make(chan struct{})
	if d.dead {
		return nil, &problem{Kind: problemStart, Message: "dead"}
	}
	d.live[pid] = true
	end := func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.live, pid)
	}
	d.exit = func() { end(); close(done) }
	return &app{
		pid: pid, done: done,
		transport: pidTransport(pid),
		crash:     func() *problem { return &problem{Kind: problemCrash, Message: "fell over"} },
		stop:      end,
	}, nil
}

// pidTransport answers every request with the number of its process.
type pidTransport int

func (p pidTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	fmt.Fprint(w, int(p))
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

// save changes a file and has the watcher notice.
func (d *desk) save(name string) {
	d.touch(name)
	d.loop.poke()
}

// touch changes a file and has nobody notice.
func (d *desk) touch(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	next := snapshot{}
	for n, f := range d.files {
		next[n] = f
	}
	f := next[name]
	f.Kind = classify(name, false)
	f.Hash[0]++
	next[name] = f
	d.files = next
}

// set changes how the hands work from now on.
func (d *desk) set(change func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change()
}

// visit is a navigation; it answers the process and how long it was held.
func (d *desk) visit(header ...string) (answer string, status int, held time.Duration) {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	began := time.Now()
	newProxy(d.gate).ServeHTTP(w, r)
	return w.Body.String(), w.Code, time.Since(began)
}

func (d *desk) want(what, answer string) {
	d.t.Helper()
	if got, status, _ := d.visit(); got != answer || status != http.StatusOK {
		d.t.Errorf("%s: answered %d by process %q, want %q", what, status, got, answer)
	}
}

// at runs a test in a bubble where time is free.
func at(t *testing.T, f func(d *desk)) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		f(d)
		d.stop()
		if len(d.live) > 0 {
			t.Errorf("processes left behind: %v", d.live)
		}
	})
}

func TestNavigationSeesWhatIsSaved(t *testing.T) {
	at(t, func(d *desk) {
		d.want("first page", "1")
		d.touch("main.go") // not even the watcher knows
		d.want("page after a save", "2")
		if _, _, held := d.visit(); held > 0 {
			t.Errorf("held %v with nothing to wait for", held)
		}
	})
}

func TestSubresourcesDoNotWait(t *testing.T) {
	at(t, func(d *desk) {
		d.want("first page", "1")
		d.save("main.go")
		synctest.Wait()
		if got, _, held := d.visit("Sec-Fetch-Mode", "cors"); got != "1" || held > 0 {
			t.Errorf("answered by %s after %v", got, held)
		}
	})
}

// A newer change cancels the build under way: one build completes.
func TestNewerChangeCancelsBuild(t *testing.T) {
	at(t, func(d *desk) {
		d.want("first page", "1")
		d.save("main.go")
		time.Sleep(300 * time.Millisecond)
		d.save("main.go")
		d.want("page", "2")
		if len(d.begun) != 3 || len(d.whole) != 2 {
			t.Errorf("builds begun %v, completed %v; want 3 and 2", d.begun, d.whole)
		}
	})
}

// A build that ends while the files of a newer change still settle is of the
// past, and the newer change is not forgotten with it.
func TestChangeJustBeforeTheEnd(t *testing.T) {
	at(t, func(d *desk) {
		d.want("first page", "1")
		d.save("main.go")
		time.Sleep(settleDelay + time.Second - settleDelay/2)
		d.save("main.go")
		time.Sleep(time.Hour)
		d.want("page", "2")
		if len(d.begun) != 3 || len(d.whole) != 2 {
			t.Errorf("builds begun %v, completed %v; want 3 and 2", d.begun, d.whole)
		}
	})
}

// What comes within a moment is one change.
func TestBurstIsOneBuild(t *testing.T) {
	at(t, func(d *desk) {
		d.want("first page", "1")
		for range 5 {
			d.save("main.go")
			d.save("new/new.go")
			time.Sleep(settleDelay / 2)
		}
		d.want("page", "2")
		if len(d.begun) != 2 {
			t.Errorf("builds begun: %v, want 2", d.begun)
		}
	})
}

// A restart during a build does not make the build forgotten, and the other way round.
func TestSettingsChangeDuringBuild(t *testing.T) {
	at(t, func(d *desk) {
		d.want("first page", "1")
		d.save("main.go")
		time.Sleep(300 * time.Millisecond)
		d.save(".env")
		d.want("page", "2")
		if n := len(d.whole); n != 2 || d.loop.board.view().Phase != phaseOK {
			t.Errorf("builds completed: %v", d.whole)
		}
		d.save(".env")
		d.want("page after settings alone", "3")
		if n := len(d.begun); n != 3 {
			t.Errorf("settings alone led to a build: %v", d.begun)
		}
	})
}

func TestBrokenBuildReleasesToTheOldProcess(t *testing.T) {
	at(t, func(d *desk) {
		d.want("first page", "1")
		d.set(func() { d.bad = true })
		d.touch("main.go")
		got, status, held := d.visit()
		if got != "1" || status != 200 || held < time.Second {
			t.Errorf("answered %d by %s after %v", status, got, held)
		}
		v := d.loop.board.view()
		if v.Phase != phaseFailed || v.Problem == nil || v.Problem.Message != "bad" {
			t.Errorf("state %+v", v.state)
		}
		// A template still reaches the browser, settings the old binary.
		d.save("templates/a.html")
		synctest.Wait()
		if now := d.loop.board.view(); now.Version == v.Version || now.Problem == nil {
			t.Errorf("state after a template %+v", now.state)
		}
		d.touch(".env")
		d.want("page after settings", "2")
		if now := d.loop.board.view(); now.Phase != phaseFailed {
			t.Errorf("phase %s, but the build is still broken", now.Phase)
		}
		d.set(func() { d.bad = false })
		d.touch("main.go")
		d.want("page after the mending", "3")
		if now := d.loop.board.view(); now.Phase != phaseOK || now.Problem != nil {
			t.Errorf("state %+v", now.state)
		}
	})
}

func TestFailedStartKeepsTheOldProcess(t *testing.T) {
	at(t, func(d *desk) {
		d.want("first page", "1")
		d.set(func() { d.dead = true })
		d.touch("main.go")
		d.want("page", "1")
		if v := d.loop.board.view(); v.Phase != phaseCrashed || v.Problem.Message != "dead" || v.PID != 1 {
			t.Errorf("state %+v", v.state)
		}
	})
}

// A hold ends after holdLimit whatever happens, by the old process or, without
// one, by a page that says so.
func TestHoldHasALimit(t *testing.T) {
	at(t, func(d *desk) {
		d.set(func() { d.take = time.Hour })
		if _, status, held := d.visit(); status != http.StatusServiceUnavailable || held != holdLimit {
			t.Errorf("without a process: %d after %v", status, held)
		}
		d.set(func() { d.take = time.Second })
		d.touch("main.go")
		d.want("page", "1")
		d.set(func() { d.take = time.Hour })
		d.touch("main.go")
		if got, status, held := d.visit(); got != "1" || status != 200 || held != holdLimit {
			t.Errorf("with an old process: %d by %s after %v", status, got, held)
		}
	})
}

// A process that fell over comes back when somebody asks, but not for ever.
func TestReviveOnDemand(t *testing.T) {
	at(t, func(d *desk) {
		d.want("first page", "1")
		d.exit()
		synctest.Wait()
		if v := d.loop.board.view(); v.Phase != phaseCrashed || v.Problem.Message != "fell over" || v.app != nil {
			t.Errorf("state %+v", v.state)
		}
		time.Sleep(time.Hour)
		if d.pids != 1 {
			t.Errorf("%d processes though nobody asked", d.pids)
		}
		d.want("page", "2")

		d.exit()
		synctest.Wait()
		d.set(func() { d.dead = true })
		for range 3 {
			if _, status, _ := d.visit(); status != http.StatusServiceUnavailable {
				t.Errorf("status %d", status)
			}
		}
		if d.pids != 3 {
			t.Errorf("%d starts, want no more than one of a process that does not start", d.pids)
		}
	})
}

// While a stylesheet or a template changes, nothing is built and nobody waits.
func TestNoProcessForAssets(t *testing.T) {
	at(t, func(d *desk) {
		d.want("first page", "1")
		before := d.loop.board.view()
		d.save("static/css/a.css")
		synctest.Wait()
		v := d.loop.board.view()
		if v.Styles != before.Styles+1 || v.Changed[0] != "css/a.css" || v.Version != before.Version || v.hold {
			t.Errorf("after a stylesheet: %+v", v.state)
		}
		d.save("main_test.go")
		synctest.Wait()
		if d.loop.board.view() != v {
			t.Errorf("after a test file: %+v", d.loop.board.view().state)
		}
		d.save("templates/a.html")
		synctest.Wait()
		if now := d.loop.board.view(); now.Version == v.Version || now.hold {
			t.Errorf("after a template: %+v", now.state)
		}
		if len(d.begun) != 1 {
			t.Errorf("builds: %v", d.begun)
		}
	})
}

// Files that cannot be read do not stop the loop.
func TestScanFails(t *testing.T) {
	at(t, func(d *desk) {
		d.want("first page", "1")
		scan := d.loop.tools.scan
		d.stop()
		d.loop.tools.scan = func(snapshot) (snapshot, error) { return nil, errors.New("gone") }
		d.loop.inspect()
		d.loop.tools.scan = scan
		if d.loop.busy() || len(d.loop.files) != len(d.files) {
			t.Error("the files were forgotten")
		}
	})
}

// A request that chose a process just before it was replaced still reaches it.
func TestRetireWaitsForRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stopped := make(chan struct{})
		a := &app{done: make(chan struct{}), stop: func() { close(stopped) }}
		if !a.acquire() {
			t.Fatal("a new app is not to be had")
		}
		go a.retire()
		synctest.Wait()
		if a.acquire() {
			t.Error("a replaced app can be had")
		}
		select {
		case <-stopped:
			t.Error("stopped under a request")
		default:
		}
		asked := time.Now()
		a.release()
		<-stopped
		if late := time.Since(asked); late > 0 {
			t.Errorf("stopped %v after the last request", late)
		}
	})
}
