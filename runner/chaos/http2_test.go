package chaos

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dram-go/dram/runner/load"
)

// certify writes a certificate for this machine.
func (s *site) certify() {
	s.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	about := x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotAfter: time.Now().Add(24 * time.Hour),
	}
	cert, err := x509.CreateCertificate(rand.Reader, &about, &about, key.Public(), key)
	if err != nil {
		s.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		s.t.Fatal(err)
	}
	s.write("cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})))
	s.write("key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
}

// encrypt configures https beside clear, and this.
func (s *site) encrypt(text string) {
	s.t.Helper()
	s.certify()
	s.configure("[tls]\nlisten = \"127.0.0.1:" + freePort(s.t) + "\"\ncertificates = [{ cert = \"cert.pem\", key = \"key.pem\" }]\nredirect = false\n" + text)
}

// secure is the URL of https.
func (r *tree) secure() string {
	r.t.Helper()
	for _, address := range r.settled(2).Addresses {
		if strings.HasPrefix(address, "https://") {
			return address
		}
	}
	r.t.Fatal("no https")
	return ""
}

// Scenarios 1, 2 and 5 over https, with HTTP/2 and without: the goodbye of
// HTTP/2 is GOAWAY, after which clients go on elsewhere with what was not taken.
func TestSecureClients(t *testing.T) {
	t.Parallel()
	random := chance(t)
	s := newSite(t, "version=0")
	s.encrypt("")
	r := s.serve()
	secure := r.secure()
	over := func(p load.Plan, http2 bool) load.Plan {
		p.URL, p.AllowAnyCertificate = secure, true
		if http2 {
			p.HTTP2, p.Streams = true, 8
		}
		return p
	}
	b := r.begin(over(r.plan(4, 0), true), over(r.plan(4, 20*time.Millisecond), true), over(r.plan(8, time.Millisecond), false), over(r.strangers(), false))
	n := times(2, 20)
	for i := range n {
		for j, verb := range []string{"reload", "upgrade"} {
			b.flows(100)
			s.install(fmt.Sprintf("version=%d", 2*i+j+1))
			r.must(verb)
		}
	}
	b.flows(100)
	b.finish(budget{})
	if v := r.version(); v != fmt.Sprint(2*n) {
		t.Errorf("version %s serves", v)
	}
	readers := r.begin(over(r.reads(4, time.Millisecond), true))
	for range times(2, 10) {
		readers.flows(50)
		workers := r.settled(2).Workers
		syscall.Kill(workers[random.IntN(2)].PID, syscall.SIGKILL)
	}
	readers.flows(50)
	readers.finish(budget{})
	r.stop()
}
