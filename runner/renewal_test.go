package runner

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/front"
)

// shownAt is the serial number of the certificate that an address shows.
func shownAt(t *testing.T, addr string) string {
	t.Helper()
	c, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0].SerialNumber.String()
}

// serial is that of a certificate in a file.
func serial(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return leaf.SerialNumber.String()
}

// TestRenewedCertificatesAreTaken without a reload: no process changes, nobody
// is cut, and what is not valid is not taken.
func TestRenewedCertificatesAreTaken(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	certify(t, s.dir, "site", time.Hour)
	certify(t, s.dir, "other", time.Hour)
	secure := freeAddress(t)
	settings := fmt.Sprintf("[tls]\nlisten = %q\nwatch = \"100ms\"\nredirect = false\n[[tls.certificates]]\ncert = \"site.pem\"\nkey = \"site.key\"\n[[tls.certificates]]\ncert = \"other.pem\"\nkey = \"other.key\"\n", secure)
	s.write("dram.toml", settings)
	r := s.startAt(2, "serve", "--listen", "127.0.0.1:0")
	site := filepath.Join(s.dir, "site.pem")
	if got := shownAt(t, secure); got != serial(t, site) {
		t.Fatalf("the certificate %s at the start", got)
	}
	processes := func() (pids []int) {
		now := r.status()
		pids = append(pids, now.Front.PID)
		for _, w := range now.Workers {
			pids = append(pids, w.PID)
		}
		slices.Sort(pids)
		return pids
	}
	before := processes()
	open, err := tls.Dial("tcp", secure, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()

	// A value that is only in the file, and would come with a reload.
	s.write("dram.toml", strings.Replace(settings, "redirect = false", "redirect = true", 1))
	certify(t, s.dir, "site", 2*time.Hour)
	fresh := serial(t, site)
	s.await("the renewed certificate", func() bool { return shownAt(t, secure) == fresh })
	s.await("a line that says so", func() bool { return strings.Contains(r.logText(), "renewed certificates are in use") })
	if after := processes(); !slices.Equal(before, after) || r.status().Generation != 1 {
		t.Errorf("processes %v, then %v", before, after)
	}
	if list := r.status().Certificates; len(list) != 2 || time.Until(list[1].Expires) < 90*time.Minute {
		t.Errorf("status: %+v", list)
	}
	open.SetDeadline(time.Now().Add(patience))
	io.WriteString(open, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if resp, err := http.ReadResponse(bufio.NewReader(open), nil); err != nil || resp.StatusCode != 200 || resp.Close {
		t.Errorf("who was connected got %v, %v", resp, err)
	}
	if status, _ := r.page("/"); status != 200 {
		t.Errorf("other settings came with it: %d", status)
	}

	if err := os.WriteFile(site, []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	refusals := func() int { return strings.Count(r.logText(), "a certificate on the disk is not used") }
	s.await("a refusal in the log", func() bool { return refusals() == 1 })
	if text := r.logText(); !strings.Contains(text, "tls.certificates: "+site+" holds no certificate") {
		t.Errorf("the log says\n%s", text)
	}
	certify(t, s.dir, "other", 2*time.Hour) // the bad one does not hinder it
	s.await("the other one's line", func() bool { return strings.Count(r.logText(), "renewed certificates are in use") == 2 })
	if got := shownAt(t, secure); got != fresh {
		t.Errorf("the certificate %s instead of a bad one", got)
	}
	// A front that replaces this one has them, too; a reload refuses as ever.
	if out, code := s.call("reload"); code != exitRefused || !strings.Contains(out, "holds no certificate") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	front, err := os.FindProcess(r.status().Front.PID)
	if err != nil {
		t.Fatal(err)
	}
	front.Kill()
	s.await("another front", func() bool {
		now := r.status().Front
		return now != nil && now.PID != front.Pid && now.State == ready
	})
	if got := shownAt(t, secure); got != fresh {
		t.Errorf("the next front shows %s", got)
	}
	certify(t, s.dir, "site", 3*time.Hour)
	s.await("one that is mended", func() bool { return shownAt(t, secure) == serial(t, site) })
	r.stop()
}

// TestALookAtCertificates: what is judged, and when.
func TestALookAtCertificates(t *testing.T) {
	conf := config.Default(t.TempDir())
	conf.TLS.Listen = "127.0.0.1:0"
	conf.TLS.Certificates = []config.Certificate{{Cert: "a.pem", Key: "a.key"}, {Cert: "b.pem", Key: "b.key"}}
	certify(t, conf.Root, "a", time.Hour)
	certify(t, conf.Root, "b", time.Hour)
	have, faults, _ := front.ReadCertificates(conf, time.Now())
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	var s sight
	look := func(what string, wantRenewed string, wantFault string) {
		t.Helper()
		list, renewed, faults := s.look(conf, have)
		if got := strings.Join(renewed, ","); got != wantRenewed {
			t.Errorf("%s: renewed %q, want %q", what, got, wantRenewed)
		}
		if len(faults) > 1 || (len(faults) == 1) != (wantFault != "") || len(faults) == 1 && !strings.Contains(faults[0].Error(), wantFault) {
			t.Errorf("%s: %v, want %q", what, faults, wantFault)
		}
		for i, one := range list {
			if again, err := tls.X509KeyPair(one.Cert, one.Key); err != nil || one.Leaf == nil || !again.Leaf.Equal(one.Leaf) {
				t.Errorf("%s: pair %d cannot be used", what, i)
			}
		}
		have = list
	}
	a, b := filepath.Join(conf.Root, "a.pem"), filepath.Join(conf.Root, "b.pem")
	look("at first", "", "")
	certify(t, conf.Root, "a", time.Hour)
	look("one", a, "")
	look("the same", "", "")
	os.Chtimes(a, time.Now(), time.Now().Add(time.Second))
	look("touched", "", "")
	certify(t, conf.Root, "b", -time.Minute)
	look("expired", "", "")
	look("expired still", "", b+" expired on ")
	look("said already", "", "")
	certify(t, conf.Root, "a", time.Hour)
	look("another, beside one that was complained of", a, "")
	look("the complaint again, as files have changed", "", b+" expired on ")
	certify(t, conf.Root, "b", time.Hour)
	look("mended", b, "")

	// As certbot does: one file after the other, by links.
	os.Mkdir(filepath.Join(conf.Root, "2"), 0o700)
	certify(t, filepath.Join(conf.Root, "2"), "a", time.Hour)
	link := func(name string) {
		t.Helper()
		if err := os.Symlink(filepath.Join("2", name), filepath.Join(conf.Root, "new")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(conf.Root, "new"), filepath.Join(conf.Root, name)); err != nil {
			t.Fatal(err)
		}
	}
	link("a.pem")
	look("half written", "", "")
	link("a.key")
	look("then whole", a, "")
	os.Remove(b)
	look("gone", "", "")
	look("gone for good", "", "there is no file "+b)
}

// TestAFrontThatRunsApartWatches, too.
func TestAFrontThatRunsApartWatches(t *testing.T) {
	conf := config.Default(t.TempDir())
	conf.Server.Listen, conf.TLS.Listen, conf.TLS.Watch = "127.0.0.1:0", "127.0.0.2:0", time.Millisecond
	conf.TLS.Certificates = []config.Certificate{{Cert: "a.pem", Key: "a.key"}}
	certify(t, conf.Root, "a", time.Hour)
	own := &ownEquipment{conf: conf, warn: func(err error) { t.Error(err) }}
	list, _, err := own.open(conf)
	if err != nil {
		t.Fatal(err)
	}
	defer own.closeBut(equipment{})
	for _, l := range list {
		l.Close()
	}
	renewed := make(chan []front.Certificate)
	ended := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		own.watch(ctx, renewed, slog.New(slog.DiscardHandler))
		close(ended)
	}()
	for range 2 {
		certify(t, conf.Root, "a", time.Hour)
		select {
		case got := <-renewed:
			if want := serial(t, filepath.Join(conf.Root, "a.pem")); got[0].Leaf.SerialNumber.String() != want {
				t.Errorf("%s, want %s", got[0].Leaf.SerialNumber, want)
			}
		case <-time.After(patience):
			t.Fatal("nothing is seen")
		}
	}
	cancel()
	<-ended
	if _, ok := own.current(); ok == nil || own.renew(config.Default("/"), nil) {
		t.Error("the certificates of another configuration are taken")
	}
}

// TestWhenTheMasterLooks: as often as tls.watch says, never for 0, and not while
// a deployment brings certificates of its own.
func TestWhenTheMasterLooks(t *testing.T) {
	conf := config.Default(t.TempDir())
	conf.TLS.Listen, conf.TLS.Watch = "127.0.0.1:0", time.Minute
	conf.TLS.Certificates = []config.Certificate{{Cert: "a.pem", Key: "a.key"}}
	certify(t, conf.Root, "a", time.Hour)
	have, _, _ := front.ReadCertificates(conf, time.Now())
	logged := &strings.Builder{}
	m := &master{
		masterOptions: masterOptions{log: slog.New(slog.NewTextHandler(logged, nil))}, serving: conf, state: newState(testLimits, true),
		equipment: equipment{certificates: have}, events: make(chan func()), done: make(chan struct{}), generations: map[int]generation{},
	}
	now := time.Now()
	looks := func(after time.Duration) bool {
		now = now.Add(after)
		m.lookForRenewals(now)
		if !m.renewals.busy {
			return false
		}
		m.lookForRenewals(now.Add(time.Hour)) // one at a time
		select {
		case event := <-m.events:
			event()
		case <-time.After(patience):
			t.Fatal("a look does not end")
		}
		return true
	}
	if !looks(0) || looks(time.Minute-1) || !looks(1) {
		t.Error("it does not look every minute")
	}
	conf.TLS.Watch = 0
	if looks(time.Hour) {
		t.Error("it looks though it shall not")
	}
	conf.TLS.Watch = time.Minute
	for what, begin := range map[string]func() (end func()){
		"a deployment": func() func() { m.deployment = &deployment{}; return func() { m.deployment = nil } },
		"new settings": func() func() { m.change = &trial{}; return func() { m.change = nil } },
		"the end":      func() func() { m.state.stop = graceful; return func() { m.state.stop = serving } },
	} {
		end := begin()
		if looks(time.Hour) {
			t.Errorf("it looks during %s", what)
		}
		end()
	}

	// What is found while one of them has begun is found again later.
	certify(t, conf.Root, "a", time.Hour)
	now = now.Add(time.Hour)
	m.lookForRenewals(now)
	m.deployment = &deployment{}
	(<-m.events)()
	if m.deployment = nil; logged.Len() > 0 {
		t.Errorf("said %s", logged)
	}
	other := config.Default(conf.Root)
	m.lookForRenewals(now.Add(time.Hour))
	m.serving = other
	(<-m.events)()
	if m.serving = conf; logged.Len() > 0 {
		t.Errorf("said %s", logged)
	}
	if !looks(3*time.Hour) || !strings.Contains(logged.String(), "renewed certificates are in use") || m.equipment.certificates[0].Leaf.Equal(have[0].Leaf) {
		t.Errorf("said %q", logged)
	}
}
