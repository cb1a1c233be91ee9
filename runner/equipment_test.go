package runner

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/config"
)

// certify writes a certificate for localhost and its key as name.pem and
// name.key, and returns who trusts it.
func certify(t *testing.T, dir, name string, validFor time.Duration) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(validFor),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for file, text := range map[string][]byte{name + ".pem": public, name + ".key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})} {
		if err := os.WriteFile(filepath.Join(dir, file), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(public)
	return pool
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// allWrong are settings in which everything is wrong that can be.
func allWrong(t *testing.T, dir string) (text string, taken net.Listener) {
	t.Helper()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	certify(t, dir, "a", time.Hour)
	certify(t, dir, "b", -time.Minute)
	if err := os.WriteFile(filepath.Join(dir, "plain.txt"), []byte("words"), 0o600); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`[server]
listen = "%s, 127.0.0.1:0"
[tls]
listen = "192.0.2.1:0, 127.0.0.1:0"
[[tls.certificates]]
cert = "a.pem"
key = "b.key"
[[tls.certificates]]
cert = "missing.pem"
key = "missing.key"
[[tls.certificates]]
cert = "plain.txt"
key = "a.key"
[[tls.certificates]]
cert = "b.pem"
key = "b.key"
[log]
access = "json"
access_file = "missing/access.log"
[static.directories.media]
prefix = "/media/"
path = "missing/media"
[cache]
on = false
wait = "1s"
`, taken.Addr()), taken
}

var allFaults = []string{
	"dram.toml:2: server.listen: cannot listen on ", "the port is in use", "End it, or choose another port",
	"dram.toml:4: tls.listen: cannot listen on 192.0.2.1:0: this machine has no address", "DRAM_TLS_LISTEN",
	"dram.toml:5: tls.certificates: the private key does not belong to the certificate in ",
	"dram.toml:8: tls.certificates: there is no file ", "missing.pem: correct the path", "missing.key: correct the path",
	"dram.toml:11: tls.certificates: ", "plain.txt holds no certificate",
	"dram.toml:19: log.access_file: there is no directory ", "mkdir -p ",
	"dram.toml:22: static.directories.media.path: ", "missing/media is no directory that can be read: make it, or name another",
	"dram.toml:25: cache.wait: has no effect with cache.on = false: remove one of them",
}

// TestAllFaultsAtOnce at the start, with exit code 1 and nothing left open.
func TestAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	text, _ := allWrong(t, s.dir)
	if err := os.WriteFile(filepath.Join(s.dir, "dram.toml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, code := s.call("serve")
	for _, want := range allFaults {
		if !strings.Contains(out, want) {
			t.Errorf("serve does not say %q", want)
		}
	}
	if code != exitUsage || !strings.Contains(out, "b.pem expired on ") {
		t.Errorf("exit code %d in\n%s", code, out)
	}
	out, code = s.call("check")
	for _, want := range allFaults[3:] {
		if !strings.Contains(out, want) {
			t.Errorf("check does not say %q", want)
		}
	}
	if code != exitUsage || !strings.Contains(out, "remark: dram.toml:2: server.listen: ") || !strings.Contains(out, "remark: dram.toml:14: tls.certificates: the certificate in ") {
		t.Errorf("exit code %d of check in\n%s", code, out)
	}
}

// TestCheckOfARunningApp: the addresses that the app itself has are no remark,
// and what only the start would meet is a fault.
func TestCheckOfARunningApp(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	text := fmt.Sprintf("[server]\nlisten = %q\n[metrics]\nlisten = %q\n[log]\naccess_file = \"access.log\"\n", freeAddress(t), freeAddress(t))
	s.write("dram.toml", text)
	r := s.start("serve")
	if out, code := s.call("check"); code != exitOK || strings.TrimSpace(out) != "ok" {
		t.Errorf("exit code %d of check in\n%s", code, out)
	}
	if out := s.must("status", "--streams"); !strings.HasSuffix(out, "\nno response has been under way for long\n") {
		t.Errorf("status --streams says\n%s", out)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if err := os.Mkdir(filepath.Join(s.dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.write("dram.toml", fmt.Sprintf("[server]\nlisten = %q\nuser = \"nobody-has-this-name\"\n[log]\naccess_file = \"folder\"\n[metrics]\nlisten = %q\n", taken.Addr(), taken.Addr()))
	out, code := s.call("check")
	for _, want := range []string{"remark: dram.toml:2: server.listen: cannot listen on ", "remark: dram.toml:7: metrics.listen: ",
		"dram.toml:3: server.user: this machine has no user", "dram.toml:5: log.access_file: ", "folder cannot be written to: is a directory"} {
		if !strings.Contains(out, want) {
			t.Errorf("check does not say %q in\n%s", want, out)
		}
	}
	if code != exitUsage {
		t.Errorf("exit code %d", code)
	}
	r.stop()
}

// TestCheckRemarksOnErrorPages that will not be seen.
func TestCheckRemarksOnErrorPages(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1 page=errors/503.ko.html")
	if out := s.must("check"); strings.Contains(out, "errors/") {
		t.Errorf("check of a good page says\n%s", out)
	}
	s.install("version=2 page=errors/50x.html")
	if out, code := s.call("check"); code != exitOK || !strings.Contains(out, "remark: static file errors/50x.html: it is no error page by this name, did you mean errors/5xx.html?\n") {
		t.Errorf("exit code %d of check in\n%s", code, out)
	}
}

func TestOpeningKeepsWhatStays(t *testing.T) {
	conf := config.Default(t.TempDir())
	conf.Server.Listen, conf.TLS.Listen = "127.0.0.1:0, localhost:0", "127.0.0.2:0"
	certify(t, conf.Root, "a", time.Hour)
	conf.TLS.Certificates = []config.Certificate{{Cert: "a.pem", Key: "a.key"}}
	open := func(held equipment) (equipment, error) {
		return opening{conf: conf, held: held, listen: listenFor, warn: func(err error) { t.Error(err) }}.run()
	}
	first, err := open(equipment{})
	if err != nil {
		t.Fatal(err)
	}
	conf.Server.Listen, conf.TLS.Listen = "127.0.0.1:0", "127.0.0.2:0, localhost:0"
	second, err := open(first)
	if err != nil {
		t.Fatal(err)
	}
	if second.places[0].file != first.places[0].file || second.places[1].file != first.places[2].file || second.places[2].file != first.places[1].file || !second.places[2].secure {
		t.Errorf("%+v\n%+v", first, second)
	}
	conf.Server.Listen = "127.0.0.2:0" // as tls.listen
	if _, err := open(second); err == nil || !strings.Contains(err.Error(), "is an address of server.listen already") {
		t.Errorf("error %v", err)
	}
	for _, p := range second.places {
		if _, err := boundAddress(int(p.file.Fd())); err != nil {
			t.Errorf("a failure closed what others use: %v", err)
		}
	}
	second.closeBut(equipment{})
}

// TestReloadWithCertificateAndAddress under load: new connections get the new
// certificate and the new address, nobody is lost, and the old address ends
// when those who came there have been served. What is wrong changes nothing.
func TestReloadWithCertificateAndAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	old := certify(t, s.dir, "site", time.Hour)
	plain, removed, secure, added := freeAddress(t), freeAddress(t), freeAddress(t), freeAddress(t)
	settings := func(listen, tlsListen string) {
		t.Helper()
		text := fmt.Sprintf("[server]\nlisten = %q\n[tls]\nlisten = %q\nredirect = false\n[[tls.certificates]]\ncert = \"site.pem\"\nkey = \"site.key\"\n", listen, tlsListen)
		if err := os.WriteFile(filepath.Join(s.dir, "dram.toml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	settings(plain+", "+removed, secure)
	r := s.startAt(3, "serve")
	clear := startLoad(t, 4, 4, "http://"+plain)
	secureLoad := newSecureLoad(t, "https://"+secure, old)

	bad, _ := allWrong(t, s.dir)
	good, err := os.ReadFile(filepath.Join(s.dir, "dram.toml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "dram.toml"), []byte(bad), 0o600); err != nil {
		t.Fatal(err)
	}
	out, code := s.call("reload")
	for _, want := range []string{"dram.toml:2: server.listen: ", "dram.toml:4: tls.listen: ", "dram.toml:5: tls.certificates: ", "missing.key", "log.access_file: "} {
		if code != exitRefused || !strings.Contains(out, want) {
			t.Errorf("exit code %d, %q missing in\n%s", code, want, out)
		}
	}
	if err := os.WriteFile(filepath.Join(s.dir, "dram.toml"), good, 0o600); err != nil {
		t.Fatal(err)
	}

	idle, err := net.Dial("tcp", removed)
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	fresh := certify(t, s.dir, "site", time.Hour) // as certbot does
	settings(plain, secure+", "+added)
	clear.flows(s, 20)
	s.must("reload")
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: fresh}, ForceAttemptHTTP2: true}}
	defer client.CloseIdleConnections()
	for _, addr := range []string{secure, added} {
		s.await("the new certificate at "+addr, func() bool {
			resp, err := client.Get("https://" + addr + "/")
			if err != nil {
				return false
			}
			defer resp.Body.Close()
			body, _ := io.ReadAll(resp.Body)
			return string(body) == "version 1" && resp.ProtoMajor == 2
		})
	}
	s.await("the old address is closed", func() bool {
		c, err := net.DialTimeout("tcp", removed, time.Second)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	idle.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(idle, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
	if answer, err := io.ReadAll(idle); err != nil || !strings.Contains(string(answer), "version 1") {
		t.Errorf("who was connected to the old address got %q, %v", answer, err)
	}
	clear.flows(s, 20)
	clear.finish()
	clear.checkLedger(s.dir)
	secureLoad.finish()
	st := s.status()
	if want := []string{"http://" + plain, "https://" + secure, "https://" + added}; strings.Join(st.Addresses, " ") != strings.Join(want, " ") {
		t.Errorf("status says %v, want %v", st.Addresses, want)
	}
	r.stop()
}

// secureLoad asks over one HTTP/2 connection, again and again.
type secureLoad struct {
	t      *testing.T
	cancel context.CancelFunc
	done   chan error
	asked  int
}

func newSecureLoad(t *testing.T, url string, trusted *x509.CertPool) *secureLoad {
	ctx, cancel := context.WithCancel(t.Context())
	l := &secureLoad{t: t, cancel: cancel, done: make(chan error, 1)}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}, ForceAttemptHTTP2: true}}
	go func() {
		defer client.CloseIdleConnections()
		for ctx.Err() == nil {
			resp, err := client.Get(url)
			if err == nil {
				_, err = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			if err != nil || resp.StatusCode != http.StatusOK {
				l.done <- fmt.Errorf("after %d: %v %w", l.asked, resp, err)
				return
			}
			l.asked++
		}
		l.done <- nil
	}()
	return l
}

func (l *secureLoad) finish() {
	l.t.Helper()
	l.cancel()
	if err := <-l.done; err != nil {
		l.t.Error("over HTTP/2:", err)
	}
	if l.asked == 0 {
		l.t.Error("nothing was asked over HTTP/2")
	}
}

// TestOwnEquipment of a front that runs apart: what stays is handed out again,
// what goes is let go, and a failure changes nothing.
func TestOwnEquipment(t *testing.T) {
	conf := config.Default(t.TempDir())
	conf.Server.Listen = "127.0.0.1:0"
	own := &ownEquipment{warn: func(err error) { t.Error(err) }}
	open := func() (urls []string) {
		t.Helper()
		list, _, err := own.open(conf)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range list {
			urls = append(urls, l.Addr().String())
			l.Close() // as the front does with what it has already
		}
		return urls
	}
	first := open()
	if again := open(); again[0] != first[0] {
		t.Errorf("%v, then %v", first, again)
	}
	conf.TLS.Listen, conf.TLS.Certificates = "127.0.0.3:0", []config.Certificate{{Cert: "none.pem", Key: "none.key"}}
	if _, _, err := own.open(conf); err == nil || !strings.Contains(err.Error(), "none.key") {
		t.Errorf("error %v", err)
	}
	certify(t, conf.Root, "none", time.Hour)
	conf.Server.Listen = "127.0.0.2:0"
	if last := open(); len(last) != 2 || last[0] == first[0] {
		t.Errorf("%v", last)
	}
	if l, err := net.Listen("tcp", first[0]); err != nil {
		t.Errorf("the first address is still taken: %v", err)
	} else {
		l.Close()
	}
	own.closeBut(equipment{})
}

// TestCertificatesThatExpire: nobody should learn it from a browser.
func TestCertificatesThatExpire(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	certify(t, s.dir, "a", 24*time.Hour)
	certify(t, s.dir, "b", 20*time.Minute)
	address := freeAddress(t)
	s.write("dram.toml", fmt.Sprintf("[metrics]\nlisten = %q\n[tls]\nlisten = %q\n", address, freeAddress(t))+
		"[[tls.certificates]]\ncert = \"a.pem\"\nkey = \"a.key\"\n[[tls.certificates]]\ncert = \"b.pem\"\nkey = \"b.key\"\n")
	if out := s.must("check"); !strings.Contains(out, "remark: dram.toml:8: tls.certificates: the certificate in "+filepath.Join(s.dir, "b.pem")+" expires on ") || strings.Contains(out, "a.pem") {
		t.Errorf("check says\n%s", out)
	}
	r := s.startAt(2, "serve", "--listen", "127.0.0.1:0")
	list := r.status().Certificates
	if len(list) != 2 || list[0].File != filepath.Join(s.dir, "b.pem") || list[0].Name != "localhost" || list[0].Remark == "" || list[1].Remark != "" {
		t.Fatalf("certificates %+v", list)
	}
	if out := s.must("status"); !strings.Contains(out, "\nthe certificate in "+list[0].File+" expires on ") || strings.Contains(out, list[1].File) {
		t.Errorf("status says\n%s", out)
	}
	seen, err := scrapeAll("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		if got := seen["gauge dram_certificate_expiry_timestamp_seconds file="+c.File+" name=localhost"]; got != float64(c.Expires.Unix()) {
			t.Errorf("figure of %s: %v", c.File, got)
		}
	}
	r.stop()
}

// TestReloadEndsWithItsSettingsInForce: whoever reloads for a new certificate or
// another limit need not wait for it.
func TestReloadEndsWithItsSettingsInForce(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.start("serve", "--listen", "127.0.0.1:0")
	for _, size := range []string{"1KiB", "1MiB", "2KiB", "2MiB", "3KiB", "3MiB"} {
		s.write("dram.toml", fmt.Sprintf("[server]\nmax_body = %q\n", size))
		s.must("reload")
		resp, err := http.Post(r.url+"/", "text/plain", strings.NewReader(strings.Repeat("x", 100<<10)))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if refused := resp.StatusCode == http.StatusRequestEntityTooLarge; refused != strings.HasSuffix(size, "KiB") {
			t.Errorf("max_body %s: %s", size, resp.Status)
		}
	}
	r.stop()
}
