package front

import (
	"encoding/xml"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestH2Spec runs the cases of h2spec, which tools.mod pins, against a front
// and against net/http's own server: the front may fail none that the other
// does not.
func TestH2Spec(t *testing.T) {
	spec := exec.Command("go", "tool", "-n", "-modfile=tools.mod", "h2spec")
	spec.Dir = filepath.Join("..", "..")
	path, err := spec.Output()
	if err != nil {
		t.Fatalf("h2spec cannot be built: %v", err)
	}
	page := func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, strings.Repeat("page ", 100))
	}
	library := httptest.NewUnstartedServer(http.HandlerFunc(page))
	library.EnableHTTP2 = true
	library.Config.ErrorLog = log.New(io.Discard, "", 0)
	library.StartTLS()
	defer library.Close()
	s := newSite(t, nil)
	s.secure(certify(t, time.Hour, "example.org"))
	s.add(page)

	var known, ours map[string]bool
	var count, same int
	var both sync.WaitGroup // each waits a lot
	both.Go(func() { known, count = h2spec(t, strings.TrimSpace(string(path)), library.Listener.Addr().String()) })
	both.Go(func() { ours, same = h2spec(t, strings.TrimSpace(string(path)), s.https) })
	both.Wait()
	if count < 100 || same != count {
		t.Fatalf("%d and %d cases, want more than 100", count, same)
	}
	for name := range ours {
		if !known[name] {
			t.Errorf("%s fails, and not on net/http's server", name)
		}
	}
	t.Logf("%d cases; net/http's server fails %d, the front %d", count, len(known), len(ours))
}

// h2spec returns the names of the cases that fail at an address, and how many
// there are.
func h2spec(t *testing.T, path, addr string) (failed map[string]bool, count int) {
	t.Helper()
	host, port, _ := net.SplitHostPort(addr)
	report := filepath.Join(t.TempDir(), "report.xml")
	out, _ := exec.CommandContext(t.Context(), path, "-t", "-k", "-h", host, "-p", port, "-j", report).CombinedOutput() // fails when a case does
	text, err := os.ReadFile(report)
	if err != nil {
		t.Errorf("no report: %v\n%s", err, out)
		return nil, 0
	}
	var suites struct {
		Suites []struct {
			Cases []struct {
				Package string    `xml:"package,attr"`
				Name    string    `xml:"classname,attr"`
				Failure *struct{} `xml:"failure"`
				Error   *struct{} `xml:"error"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(text, &suites); err != nil {
		t.Error(err)
		return nil, 0
	}
	failed = make(map[string]bool)
	for _, suite := range suites.Suites {
		for _, c := range suite.Cases {
			count++
			if c.Failure != nil || c.Error != nil {
				failed[c.Package+" "+c.Name] = true
			}
		}
	}
	return failed, count
}
