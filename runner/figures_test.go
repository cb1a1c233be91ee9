package runner

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/dram-go/dram/runner/metrics"
)

// scrapeAll gets the figures of a tree by name and labels.
func scrapeAll(url string) (map[string]float64, error) {
	resp, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %w: %s", resp.Status, err, text)
	}
	families, err := metrics.Parse(string(text))
	if err != nil {
		return nil, err
	}
	all := map[string]float64{}
	for _, f := range families {
		for _, s := range f.Samples {
			key := f.Kind + " " + s.Name
			for _, l := range s.Labels {
				key += " " + l.Name + "=" + l.Value
			}
			if _, twice := all[key]; twice {
				return nil, fmt.Errorf("%s is there twice", key)
			}
			all[key] = s.Value
		}
	}
	return all, nil
}

// observer asks for figures all the time: no counter may ever fall.
type observer struct {
	t    *testing.T
	url  string
	end  chan struct{}
	done sync.WaitGroup
	last map[string]float64
	n    int
}

func observe(t *testing.T, url string) *observer {
	o := &observer{t: t, url: url, end: make(chan struct{})}
	o.done.Go(func() {
		for {
			select {
			case <-o.end:
				return
			default:
				o.look()
			}
		}
	})
	return o
}

func (o *observer) look() {
	now, err := scrapeAll(o.url)
	if err != nil {
		return // a front that was killed; the figures of the next one must fit
	}
	o.n++
	for key, before := range o.last {
		grows := strings.HasPrefix(key, metrics.Counter) || strings.HasPrefix(key, metrics.Histogram)
		if after, there := now[key]; grows && !strings.Contains(key, " generation=") && (!there || after < before) {
			o.t.Errorf("%s fell from %v to %v (there: %v)", key, before, after, there)
		}
	}
	o.last = now
}

func (o *observer) finish() map[string]float64 {
	close(o.end)
	o.done.Wait()
	o.look()
	return o.last
}

func TestFiguresSurviveProcesses(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	address := freeAddress(t)
	s.write("dram.toml", fmt.Sprintf("[metrics]\nlisten = %q\n", address))
	r := s.start("serve", "--listen", "127.0.0.1:0")
	l := startLoad(t, 3, 1, r.url)
	o := observe(t, "http://"+address+"/metrics")
	l.flows(s, 50)
	victim := s.status().Workers[0].PID
	if err := syscall.Kill(victim, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.must("worker", "restart", fmt.Sprint(s.status().Workers[1].ID))
	l.flows(s, 50)
	s.must("reload")
	l.flows(s, 50)
	s.must("upgrade")
	l.flows(s, 50)
	l.finish()
	seen := o.finish()
	if o.n < 3 {
		t.Errorf("only %d answers were seen", o.n)
	}
	var gets, posts float64
	if !poll(func() bool { // a request is counted a moment after its client has the answer
		o.look()
		seen = o.last
		gets, posts = seen["counter dram_requests_total method=GET status=200"], seen["counter dram_requests_total method=POST status=200"]
		return gets+posts == float64(l.answered.Load()) && posts == float64(len(l.sent))
	}) {
		t.Errorf("%v GET and %v POST are counted, %d and %d were answered", gets, posts, l.answered.Load()-int64(len(l.sent)), len(l.sent))
	}
	for key, want := range map[string]float64{
		"counter dram_reloads_total kind=reload result=ok": 1, "counter dram_reloads_total kind=upgrade result=ok": 1,
		"counter dram_process_starts_total kind=front": 2, "gauge dram_workers_wanted": 2, "gauge dram_maintenance": 0,
		"gauge dram_generation": 3,
	} {
		if seen[key] != want {
			t.Errorf("%s is %v, want %v", key, seen[key], want)
		}
	}
	// The probes of the new workers are pages, too.
	if pages := seen["counter app_pages_total"]; pages < gets || pages > gets+50 {
		t.Errorf("the app counts %v pages of %v", pages, gets)
	}
	for _, w := range s.status().Workers {
		if v := seen[fmt.Sprintf("gauge app_version process=worker %d", w.ID)]; v != 1 {
			t.Errorf("worker %d says version %v", w.ID, v)
		}
	}

	// Deaths: what nobody was told is lost, but nothing falls.
	o = observe(t, "http://"+address+"/metrics")
	o.last = seen
	l = startLoad(t, 2, 0, r.url)
	l.flows(s, 20)
	st := s.status()
	syscall.Kill(st.Workers[0].PID, syscall.SIGKILL)
	s.await("the worker is replaced", func() bool {
		w := s.status().Workers
		return len(w) == 2 && w[0].PID != st.Workers[0].PID && w[1].PID != st.Workers[0].PID && w[0].State == ready && w[1].State == ready
	})
	l.flows(s, 20)
	l.finish()
	syscall.Kill(s.status().Front.PID, syscall.SIGKILL)
	s.await("the front is replaced", func() bool {
		f := s.status().Front
		return f != nil && f.PID != st.Front.PID && f.State == ready
	})
	seen = o.finish()
	for key, want := range map[string]float64{
		"counter dram_process_deaths_total kind=front": 1, "counter dram_process_starts_total kind=front": 3,
	} {
		if seen[key] != want {
			t.Errorf("%s is %v, want %v", key, seen[key], want)
		}
	}
	if seen["counter dram_process_cpu_seconds_total kind=worker"] <= 0 {
		t.Error("the workers used no processor time")
	}
	r.stop()
}

// TestFiguresOfABadApp: what the app says wrong costs its own figures only.
func TestFiguresOfABadApp(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1 metrics=bad")
	s.write("dram.toml", "[metrics]\npath = \"/figures\"\n")
	r := s.start("serve", "--listen", "127.0.0.1:0")
	seen, err := scrapeAll(r.url + "/figures")
	if err != nil {
		t.Fatal(err)
	}
	if _, there := seen["gauge dram_go_goroutines process=worker 1"]; !there {
		t.Errorf("the worker's own figures are missing: %v", seen)
	}
	s.await("the log says why", func() bool {
		return strings.Contains(r.logText(), "the app's figures are left out") && strings.Contains(r.logText(), "expected NAME{LABELS} VALUE")
	})

	// A reload moves the address, or refuses one that is taken.
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	s.write("dram.toml", fmt.Sprintf("[metrics]\nlisten = %q\n", taken.Addr()))
	if out, code := s.call("reload"); code != exitRefused || !strings.Contains(out, "metrics.listen in dram.toml") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	address := freeAddress(t)
	s.write("dram.toml", fmt.Sprintf("[metrics]\nlisten = %q\n", address))
	s.must("reload")
	s.await("the figures are at the new address", func() bool {
		_, err := scrapeAll("http://" + address + "/metrics")
		return err == nil
	})
	s.must("reload") // the address is held by this very master, and stays
	if _, err := scrapeAll("http://" + address + "/metrics"); err != nil {
		t.Error(err)
	}
	s.await("the path is the app's again", func() bool {
		_, body := r.page("/figures")
		return body == "version 1"
	})
	r.stop()
}
