package front

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
	"github.com/dram-go/dram/runner/logqueue"
)

func openLog(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := logqueue.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func countLines(t *testing.T, path, of string) int {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(text), of)
}

// TestAccessLogMovesWithoutLoss renames the file under load, as logrotate does,
// and takes the log back to standard error.
func TestAccessLogMovesWithoutLoss(t *testing.T) {
	s := newSite(t, nil)
	s.add(text("served"))
	old, new := filepath.Join(t.TempDir(), "old"), filepath.Join(t.TempDir(), "new")
	s.send(control.KindAccess, control.Access{Number: 1}, openLog(t, old))
	s.hear(control.KindAccessed, nil)
	var clients sync.WaitGroup
	const each = 100
	for range 4 {
		clients.Go(func() {
			for range each {
				resp, err := s.client.Get("http://" + s.addr + "/moving")
				if err != nil {
					t.Error(err)
					return
				}
				resp.Body.Close()
			}
		})
	}
	s.send(control.KindAccess, control.Access{Number: 2}, openLog(t, new))
	var said control.Accessed
	if s.hear(control.KindAccessed, &said); said.Number != 2 {
		t.Errorf("the front speaks of move %d", said.Number)
	}
	before := countLines(t, old, `"path":"/moving"`)
	clients.Wait()
	s.send(control.KindAccess, control.Access{Number: 3})
	s.hear(control.KindAccessed, nil)
	if got := countLines(t, old, `"path":"/moving"`); got != before {
		t.Errorf("%d lines came into the old file after the front had left it", got-before)
	}
	if n := before + countLines(t, new, `"path":"/moving"`); n != 4*each {
		t.Errorf("%d lines, want %d", n, 4*each)
	}
}

// TestAccessLogIsNoWorry: a log that cannot be written costs its lines only.
func TestAccessLogIsNoWorry(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, nil)
	s.add(text("served"))
	s.send(control.KindAccess, control.Access{Number: 1}, full)
	s.hear(control.KindAccessed, nil)
	s.want(s.get("/"), 200, "served")
	for line := range s.logged {
		if line["msg"] == "lines of the access log were lost" {
			if line["unwritable"] != 1.0 || !strings.Contains(line["err"].(string), "no space left") {
				t.Errorf("%v", line)
			}
			return
		}
	}
}

func TestAccessLineOfARequest(t *testing.T) {
	s := newSite(t, nil)
	w := s.add(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot); w.Write([]byte("tea")) })
	r := s.request("POST", "/a%20b?secret=1", nil)
	r.Header.Set("Referer", "http://example.org/?token=2")
	r.Header.Set("User-Agent", "test")
	r.SetBasicAuth("kim", "secret")
	s.want(s.do(r), http.StatusTeapot, "tea")
	line := s.log("/a%20b")
	for key, want := range map[string]any{
		"level": "INFO", "process": "front", "method": "POST", "status": 418.0, "bytes": 3.0, "client": "127.0.0.1", "user": "kim",
		"host": s.addr, "proto": "HTTP/1.1", "worker": float64(w.id), "tries": 1.0, "referer": "http://example.org/", "agent": "test",
	} {
		if line[key] != want {
			t.Errorf("%s is %v, want %v", key, line[key], want)
		}
	}
	if up, all := line["upstream_ms"].(float64), line["ms"].(float64); up <= 0 || up > all+0.02 {
		t.Errorf("the worker took %v ms of %v", up, all)
	}
	if line["reason"] != nil || line["tls"] != nil || line["cache"] != nil {
		t.Errorf("%v", line)
	}
}

// TestAccessRulesFollowTheSettings: other rules hold from the next request on.
func TestAccessRulesFollowTheSettings(t *testing.T) {
	s := newSite(t, nil)
	s.add(text("served"))
	s.reread = func(control.Settings) (*config.Config, error) {
		conf := config.Default(t.TempDir())
		conf.Log.AccessQuery = true
		return conf, nil
	}
	s.want(s.get("/?a=1"), 200, "served")
	s.log("/")
	s.send(control.KindSettings, control.Settings{Number: 1, Use: true})
	s.hear(control.KindSettled, nil)
	s.want(s.get("/?a=1"), 200, "served")
	s.log("/?a=1")
}

// TestLostLinesAreSummedUp: a log that loses many says so now and then.
func TestLostLinesAreSummedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logged := make(chan map[string]any, 10)
		a := &accessLog{log: slog.New(slog.NewJSONHandler(lines(logged), nil))}
		a.notice(logqueue.Loss{Dropped: 1})
		for range 3 {
			a.notice(logqueue.Loss{Failed: 2, Err: os.ErrClosed})
		}
		if line := <-logged; line["too_many"] != 1.0 || len(logged) != 0 {
			t.Errorf("%v, and %d more lines", line, len(logged))
		}
		time.Sleep(noticePause)
		a.notice(logqueue.Loss{Dropped: 3})
		if line := <-logged; line["too_many"] != 3.0 || line["unwritable"] != 6.0 || line["err"] != os.ErrClosed.Error() {
			t.Errorf("%v", line)
		}
	})
}

func TestStampsAreOfTheirSecond(t *testing.T) {
	var s stamps
	at := time.Date(2026, 11, 21, 9, 30, 59, 999_000_000, time.UTC)
	if got := s.of(at); got.iso != "2026-11-21T09:30:59" || got != s.of(at.Add(-time.Millisecond)) {
		t.Errorf("%+v", got)
	}
	if got := s.of(at.Add(time.Millisecond)); got.iso != "2026-11-21T09:31:00" || got.combined != "21/Nov/2026:09:31:00 +0000" {
		t.Errorf("%+v", got)
	}
}

// TestTheLogHasThePathOfAWholeURL, and neither its host nor its query.
func TestTheLogHasThePathOfAWholeURL(t *testing.T) {
	s := newSite(t, nil)
	s.add(text("served"))
	c := s.dial()
	io.WriteString(c, "GET http://h/inside?secret=1 HTTP/1.1\r\nHost: h\r\n\r\n")
	s.log("/inside")
}

// TestAccessLogOfAFrontApart follows its settings, and leaves no file open that
// it has left.
func TestAccessLogOfAFrontApart(t *testing.T) {
	conf := config.Default(t.TempDir())
	conf.Log.Access = "json"
	elsewhere := make(chan map[string]any, 10)
	f, err := newFront(Options{Config: conf, Lines: lineQueue(t, elsewhere), Log: slog.New(slog.DiscardHandler)}, newSettings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.access.close)
	follow := func(file string) {
		t.Helper()
		conf.Log.AccessFile = file
		s, err := newSettings(conf)
		if err != nil {
			t.Fatal(err)
		}
		f.live.Store(s)
		f.followAccess()
	}
	lands := func(path string) {
		t.Helper()
		before := countLines(t, path, "/x")
		until(t, "lines in "+path, func() bool { // the first may come too early for it
			f.access.put(&entry{at: time.Now(), method: "GET", target: "/x"}, formJSON)
			f.access.queue.Flush(patience)
			return countLines(t, path, "/x") > before
		})
	}
	one, two := conf.Path("one.log"), conf.Path("two.log")
	follow("one.log")
	lands(one)
	first := f.access.file
	follow("one.log")
	if f.access.file != first {
		t.Error("the same file is opened anew")
	}
	follow("two.log")
	lands(two)
	until(t, "the first file is closed", func() bool {
		_, err := first.Stat()
		return errors.Is(err, os.ErrClosed)
	})
	follow("")
	until(t, "lines elsewhere", func() bool {
		f.access.put(&entry{at: time.Now(), method: "GET", target: "/y"}, formJSON)
		f.access.queue.Flush(patience)
		return len(elsewhere) > 0
	})
	follow("two.log") // which it knows to have left
	lands(two)
}
