package runner

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/dram-go/dram/runner/control"
)

// page asks for a page and returns status and body.
func (r *running) page(path string) (int, string) {
	r.t.Helper()
	resp, err := http.Get(r.url + path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// wantStatus asks for the start page.
func (r *running) wantStatus(when string, want int) {
	r.t.Helper()
	if got, body := r.page("/"); got != want {
		r.t.Errorf("%s: %d, want %d: %s", when, got, want, body)
	}
}

func TestMaintenance(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.start("serve", "--listen", "127.0.0.1:0")
	running := r.later("/until/go")
	s.await("the request runs", func() bool { return exists(filepath.Join(s.dir, "go.begun")) })

	// Clients all the time: they see the site open or closed, nothing else.
	end := make(chan struct{})
	var clients sync.WaitGroup
	seen := map[int]int{}
	clients.Go(func() {
		for {
			select {
			case <-end:
				return
			default:
			}
			resp, err := http.Get(r.url + "/")
			if err != nil {
				t.Error(err)
				return
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			seen[resp.StatusCode]++
		}
	})
	for range 3 {
		s.must("maintenance", "on", "--message", "Back at ten", "--allow", "10.0.0.0/8")
		r.wantStatus("closed", 503)
		s.must("maintenance", "off")
		r.wantStatus("open", 200)
	}
	out := s.must("maintenance", "on", "--message", "Back at ten", "--allow", "10.0.0.0/8")
	if !strings.Contains(out, "the site is closed: clients get 503, except those from 10.0.0.0/8") {
		t.Errorf("it says %q", out)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if body := <-running; body != "done" {
		t.Errorf("the request from before got %q", body)
	}
	if status, body := r.page("/readyz"); status != 200 {
		t.Errorf("/readyz: %d %s", status, body)
	}
	s.must("reload")
	r.wantStatus("after a reload", 503)
	s.must("upgrade")
	r.wantStatus("after an upgrade", 503)
	close(end)
	clients.Wait()
	if seen[200] == 0 || seen[503] == 0 || len(seen) != 2 {
		t.Errorf("clients saw %v", seen)
	}
	if m := s.status().Maintenance; m == nil || m.Message != "Back at ten" || m.Since.IsZero() {
		t.Errorf("status: %+v", m)
	}
	if text := s.must("status"); !strings.Contains(text, "closed for maintenance for") || !strings.Contains(text, "  Back at ten\n") {
		t.Errorf("status:\n%s", text)
	}

	front := s.status().Front.PID
	if err := syscall.Kill(front, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.await("another front serves", func() bool {
		f := s.status().Front
		return f != nil && f.PID != front && f.State == ready
	})
	r.wantStatus("after the death of the front", 503)
	r.stop()
	again := s.start("serve", "--listen", "127.0.0.1:0")
	again.wantStatus("after a restart", 503)
	s.must("maintenance", "off")
	again.wantStatus("opened", 200)
	again.stop()
	last := s.start("serve", "--listen", "127.0.0.1:0")
	last.wantStatus("after another restart", 200)
	last.stop()
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func TestMaintenanceIsChecked(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"maintenance", "off"}, exitNotRunning, "is not running"},
		{[]string{"maintenance", "on", "--allow", "example.org"}, exitUsage, `allow: "example.org": expected an address or a range of them`},
		{[]string{"maintenance", "on", "--retry-after", "-5m"}, exitUsage, "retry-after -5m0s: expected a duration"},
		{[]string{"maintenance", "on", "--message", strings.Repeat("x", maxMaintenanceText+1)}, exitUsage, "message: expected text"},
	} {
		if out, code := s.call(c.args...); code != c.code || !strings.Contains(out, c.want) {
			t.Errorf("%v: exit code %d, want %d and %q in\n%s", c.args[:2], code, c.code, c.want, out)
		}
	}
}

// TestKeptMaintenance: what cannot be read leaves the site closed.
func TestKeptMaintenance(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	if m, err := recallMaintenance(dir); m != nil || err != nil {
		t.Errorf("nothing was kept, but %+v, %v", m, err)
	}
	if err := keepMaintenance(dir, nil); err != nil {
		t.Error(err)
	}
	if err := keepMaintenance(dir, &control.Maintenance{Message: "m", Allow: []string{"::1"}}); err != nil {
		t.Fatal(err)
	}
	if m, err := recallMaintenance(dir); err != nil || m.Message != "m" || m.Allow[0] != "::1" {
		t.Errorf("%+v, %v", m, err)
	}
	for _, text := range []string{"{", `{"allow":["x"]}`} {
		if err := os.WriteFile(filepath.Join(dir, maintenanceName), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if m, err := recallMaintenance(dir); m == nil || err == nil {
			t.Errorf("%s: %+v, %v", text, m, err)
		}
	}
	if err := keepMaintenance(dir, nil); err != nil {
		t.Error(err)
	}
	if m, err := recallMaintenance(dir); m != nil || err != nil {
		t.Errorf("%+v, %v", m, err)
	}
}

// TestMaintenanceIsJudgedByTheMaster, too: whoever speaks to its control socket
// may be another program.
func TestMaintenanceIsJudgedByTheMaster(t *testing.T) {
	many := control.Maintenance{Allow: slices.Repeat([]string{"192.0.2.1"}, maxMaintenanceRanges+1)}
	for _, m := range []control.Maintenance{
		{Message: strings.Repeat("x", maxMaintenanceText+1)}, {Message: "\xff"}, {RetryAfter: -time.Second},
		{RetryAfter: maxRetryAfter + 1}, {Allow: []string{"192.0.2.1/33"}}, many,
	} {
		if err := checkMaintenance(m); err == nil {
			t.Errorf("%.50v is taken", m)
		}
		if strings.Contains(m.Message, "\xff") {
			continue // which JSON makes valid
		}
		text, _ := json.Marshal(m)
		if _, err := readMaintenance([]string{"on", string(text)}, nil); err == nil {
			t.Errorf("%.50s is taken", text)
		}
	}
	many.Allow = many.Allow[1:]
	many.Message, many.RetryAfter = strings.Repeat("x", maxMaintenanceText), maxRetryAfter
	if err := checkMaintenance(many); err != nil {
		t.Error(err)
	}
	for _, args := range [][]string{nil, {"on"}, {"off", "x"}, {"on", "{"}, {"maybe", "{}"}} {
		if _, err := readMaintenance(args, nil); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
}

// TestASecondMaintenanceGoesOn with other words, since when the first began.
func TestASecondMaintenanceGoesOn(t *testing.T) {
	first, err := readMaintenance([]string{"on", `{"message":"a"}`}, nil)
	if err != nil || time.Since(first.Since) > time.Minute {
		t.Fatalf("%+v, %v", first, err)
	}
	first.Since = first.Since.Add(-time.Hour)
	second, err := readMaintenance([]string{"on", `{"message":"b","since":"2020-01-01T00:00:00Z"}`}, first)
	if err != nil || second.Message != "b" || !second.Since.Equal(first.Since) {
		t.Errorf("%+v, %v", second, err)
	}
	if open, err := readMaintenance([]string{"off"}, second); open != nil || err != nil {
		t.Errorf("%+v, %v", open, err)
	}
}

func TestAllFrontsMustKnow(t *testing.T) {
	s := &state{peers: map[int]*peerState{1: {acked: 4}, 2: {acked: 5}}}
	if !s.allAcked(4) || s.allAcked(5) {
		t.Error("a front that goes by an older table counts")
	}
}
