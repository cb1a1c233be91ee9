package runner

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/dram-go/dram/framework/asset"
	"testing/fstest"
)

// load is a number of clients, each with one connection that it keeps, that
// send requests one after the other until they are told to end.
type load struct {
	t        *testing.T
	end      chan struct{}
	clients  sync.WaitGroup
	answered atomic.Int64

	mu     sync.Mutex
	failed []string
	sent   map[string]bool // ids of POSTs that were answered
}

func startLoad(t *testing.T, gets, posts int, url string) *load {
	l := &load{t: t, end: make(chan struct{}), sent: map[string]bool{}}
	for i := range gets + posts {
		l.clients.Go(func() {
			tr := &http.Transport{MaxConnsPerHost: 1}
			defer tr.CloseIdleConnections()
			c := &http.Client{Transport: tr}
			for n := 0; ; n++ {
				select {
				case <-l.end:
					return
				default:
				}
				if i < gets {
					l.send(c, http.MethodGet, url+"/", "")
				} else {
					l.send(c, http.MethodPost, url+"/count", fmt.Sprintf("%d-%d", i, n))
				}
			}
		})
	}
	return l
}

func (l *load) send(c *http.Client, method, url, id string) {
	req, err := http.NewRequest(method, url, strings.NewReader(id))
	if err != nil {
		l.fail(err.Error())
		return
	}
	if method == http.MethodGet {
		req.Body, req.ContentLength, req.GetBody = nil, 0, nil
	}
	resp, err := c.Do(req)
	if err != nil {
		l.fail(err.Error())
		return
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		l.fail(fmt.Sprintf("%s %s: %s, %v, %s", method, url, resp.Status, err, body))
		return
	}
	l.answered.Add(1)
	if id != "" {
		l.mu.Lock()
		l.sent[id] = true
		l.mu.Unlock()
	}
}

func (l *load) fail(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.failed) < 20 {
		l.failed = append(l.failed, what)
	}
}

// flows waits until so many more requests were answered.
func (l *load) flows(s *site, more int64) {
	l.t.Helper()
	want := l.answered.Load() + more
	s.await("the load flows", func() bool { return l.answered.Load() >= want })
}

// finish ends the load; no request may have failed.
func (l *load) finish() {
	l.t.Helper()
	close(l.end)
	l.clients.Wait()
	if len(l.failed) > 0 {
		l.t.Fatalf("%d requests were answered, these failed:\n%s", l.answered.Load(), strings.Join(l.failed, "\n"))
	}
}

// checkLedger compares what the workers counted with what clients were told.
func (l *load) checkLedger(dir string) {
	l.t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "ledger"))
	if err != nil {
		l.t.Fatal(err)
	}
	counted := map[string]int{}
	for line := range strings.Lines(string(text)) {
		counted[strings.TrimSpace(line)]++
	}
	for id := range l.sent {
		if counted[id] != 1 {
			l.t.Errorf("POST %s was answered and counted %d times", id, counted[id])
		}
	}
	for id, n := range counted {
		if n != 1 || !l.sent[id] {
			l.t.Errorf("POST %s was counted %d times, answered: %v", id, n, l.sent[id])
		}
	}
}

// assetURL is the path that a file is published under.
func assetURL(files fstest.MapFS, name string) string {
	m, err := asset.Scan(files)
	if err != nil {
		return err.Error()
	}
	published, _ := m.Asset(name)
	return asset.Prefix + published
}
