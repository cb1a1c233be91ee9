package front

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
)

// certify makes a certificate for names, valid until a moment from now.
func certify(t *testing.T, validFor time.Duration, names ...string) Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<60))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "test"}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(validFor),
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
	return Certificate{
		Name: strings.Join(names, "+"),
		Cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		Key:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	}
}

// socketFiles opens as many sockets as there are pointers, stores where they
// are bound and returns them with the certificates.
func socketFiles(t *testing.T, list []Certificate, bound ...*string) (files []*os.File) {
	t.Helper()
	for _, addr := range bound {
		f := listenerFile(t)
		l, err := net.FileListener(f)
		if err != nil {
			t.Fatal(err)
		}
		*addr = l.Addr().String()
		l.Close()
		files = append(files, f)
	}
	if len(list) > 0 {
		packed, err := PackCertificates(list)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, packed)
	}
	return files
}

// secure gives the front an address in clear and one for https.
func (s *site) secure(list ...Certificate) {
	s.t.Helper()
	files := socketFiles(s.t, list, &s.addr, &s.https)
	for _, f := range files[:2] {
		kept := copyFile(s.t, f)
		s.sockets = append(s.sockets, kept)
		s.t.Cleanup(func() { kept.Close() })
	}
	s.send(control.KindListen, control.Listen{Secure: []bool{false, true}, Certificates: true}, files...)
	s.hear(control.KindReady, nil)
}

func copyFile(t *testing.T, f *os.File) *os.File {
	t.Helper()
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	return os.NewFile(uintptr(fd), f.Name())
}

// trusting trusts certificates.
func trusting(list ...Certificate) *x509.CertPool {
	p := x509.NewCertPool()
	for _, c := range list {
		p.AppendCertsFromPEM(c.Cert)
	}
	return p
}

// dialTLS connects to the https address.
func (s *site) dialTLS(c *tls.Config) *tls.Conn {
	s.t.Helper()
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: patience}, "tcp", s.https, c)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// secureClient is a browser that trusts a certificate for example.org.
func (s *site) secureClient(two bool, trusted ...Certificate) *http.Client {
	tr := &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: trusting(trusted...), ServerName: "example.org"},
		ForceAttemptHTTP2: two,
	}
	if !two {
		tr.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	}
	s.t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func TestTLS(t *testing.T) {
	for name, two := range map[string]bool{"HTTP/1.1": false, "HTTP/2.0": true} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, nil)
			c := certify(t, time.Hour, "example.org")
			s.secure(c)
			s.add(func(w http.ResponseWriter, r *http.Request) {
				fmt.Fprintf(w, "%s %s %v %s", r.Proto, r.Header.Get("X-Forwarded-Proto"), r.TLS != nil && r.TLS.ServerName == "example.org", r.Host)
			})
			s.client = s.secureClient(two, c)
			r := s.request("GET", "/page", nil)
			r.URL.Scheme, r.URL.Host, r.Host = "https", s.https, "example.org"
			s.want(s.do(r), 200, name+" https true example.org")
			s.wantLog("/page", map[string]any{"status": 200})
		})
	}
}

// TestDeathIsHarmlessOverHTTP2, too: a request without body has none.
func TestDeathIsHarmlessOverHTTP2(t *testing.T) {
	s := newSite(t, nil)
	c := certify(t, time.Hour, "example.org")
	s.secure(c)
	dying(s, 2, 1, nothing)
	s.client = s.secureClient(true, c)
	r := s.request("GET", "/", nil)
	r.URL.Scheme, r.URL.Host, r.Host = "https", s.https, "example.org"
	s.want(s.do(r), 200, "alive")
	s.wantLog("/", map[string]any{"status": 200, "tries": 2})
}

// TestCertificatesByName: the client gets the one for the name that it asks
// for, and the first for a name that none has.
func TestCertificatesByName(t *testing.T) {
	s := newSite(t, nil)
	first, wild, both := certify(t, time.Hour, "example.org"), certify(t, time.Hour, "*.example.net"), certify(t, time.Hour, "a.example", "127.0.0.1.example")
	s.secure(first, wild, both)
	for name, want := range map[string]Certificate{
		"example.org": first, "EXAMPLE.org": first, "www.example.net": wild, "a.b.example.net": first, "example.net": first,
		"a.example": both, "": first, "unknown.example": first,
	} {
		conn := s.dialTLS(&tls.Config{ServerName: name, InsecureSkipVerify: true})
		block, _ := pem.Decode(want.Cert)
		if got := conn.ConnectionState().PeerCertificates[0].Raw; !bytes.Equal(got, block.Bytes) {
			t.Errorf("%q gets another certificate", name)
		}
	}
}

// TestARenewedCertificate is used for new connections, while those that are
// open go on; and tickets of before are good.
func TestARenewedCertificate(t *testing.T) {
	s := newSite(t, nil)
	old, fresh := certify(t, time.Hour, "example.org"), certify(t, time.Hour, "example.org")
	s.send(control.KindTickets, control.Tickets{Keys: NextTickets(nil)})
	s.secure(old)
	s.add(text("served"))
	cache := tls.NewLRUClientSessionCache(1)
	get := func(conn *tls.Conn) {
		t.Helper()
		io.WriteString(conn, "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(resp.Body); string(body) != "served" || err != nil {
			t.Fatalf("%q, %v", body, err)
		}
	}
	before := s.dialTLS(&tls.Config{ServerName: "example.org", RootCAs: trusting(old), ClientSessionCache: cache})
	get(before)
	renew := func(list ...Certificate) string {
		packed, err := PackCertificates(list)
		if err != nil {
			t.Fatal(err)
		}
		var files []*os.File // as the master has them
		for _, f := range s.sockets {
			files = append(files, copyFile(t, f))
		}
		s.send(control.KindSettings, control.Settings{Number: 1, Use: true, Listen: &control.Listen{Secure: []bool{false, true}, Certificates: true}}, append(files, packed)...)
		var answer control.Settled
		s.hear(control.KindSettled, &answer)
		return answer.Faults
	}
	if faults := renew(Certificate{Name: "bad.pem", Cert: fresh.Cert, Key: old.Key}); !strings.Contains(faults, "does not belong to the certificate in bad.pem") {
		t.Errorf("faults %q", faults)
	}
	s.dialTLS(&tls.Config{ServerName: "example.org", RootCAs: trusting(old)})
	if faults := renew(fresh); faults != "" {
		t.Fatal(faults)
	}
	get(before)
	get(s.dialTLS(&tls.Config{ServerName: "example.org", RootCAs: trusting(fresh)}))
	again := s.dialTLS(&tls.Config{ServerName: "example.org", RootCAs: trusting(old), ClientSessionCache: cache})
	if !again.ConnectionState().DidResume {
		t.Error("a ticket from before is worth nothing")
	}
	get(again)
}

// TestTicketsAreGoodForAWhile: for as long as their key is known, whichever
// front gave them out.
func TestTicketsAreGoodForAWhile(t *testing.T) {
	c := certify(t, time.Hour, "example.org")
	cache := tls.NewLRUClientSessionCache(1)
	resumes := func(s *site) bool {
		t.Helper()
		conn := s.dialTLS(&tls.Config{ServerName: "example.org", RootCAs: trusting(c), ClientSessionCache: cache})
		io.WriteString(conn, "GET /livez HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
		io.Copy(io.Discard, conn) // the ticket comes with it
		return conn.ConnectionState().DidResume
	}
	keys := NextTickets(nil)
	front := func() *site {
		s := newSite(t, nil)
		s.send(control.KindTickets, control.Tickets{Keys: keys})
		s.secure(c)
		return s
	}
	one, two := front(), front()
	if resumes(one) || !resumes(two) {
		t.Error("another front of the same master does not know the ticket")
	}
	for n := range knownTickets + 1 {
		keys = NextTickets(keys)
		two.send(control.KindTickets, control.Tickets{Keys: keys})
		two.send(control.KindSettings, control.Settings{}) // whatever follows, they hold
		two.hear(control.KindSettled, nil)
		if n == 0 && !resumes(two) {
			t.Error("a ticket is worth nothing after one rotation")
		}
	}
	if resumes(two) {
		t.Error("a ticket is still good when its key is forgotten")
	}
}

// TestTLSFromTheOtherSide: what comes to the wrong port, or never comes, harms
// nobody and is told what is wrong.
func TestTLSFromTheOtherSide(t *testing.T) {
	c := certify(t, time.Hour, "example.org")
	s := newSite(t, func(l *limits) { l.handshakeTime = 20 * time.Millisecond })
	s.secure(c)
	s.add(text("served"))

	clear, err := net.Dial("tcp", s.https)
	if err != nil {
		t.Fatal(err)
	}
	defer clear.Close()
	clear.SetDeadline(time.Now().Add(patience))
	io.WriteString(clear, "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(clear), nil)
	if err != nil || resp.StatusCode != http.StatusBadRequest {
		t.Fatalf("HTTP on the port for https: %v, %v", resp, err)
	}
	if body, _ := io.ReadAll(resp.Body); !strings.Contains(string(body), "https://") {
		t.Errorf("told %q", body)
	}

	_, err = tls.Dial("tcp", s.addr, &tls.Config{InsecureSkipVerify: true})
	var header tls.RecordHeaderError
	if !errors.As(err, &header) || string(header.RecordHeader[:4]) != "HTTP" {
		t.Errorf("TLS on the port in clear: %v, want a readable answer", err)
	}
	until(t, "a line that says so", func() bool {
		reason, _ := await(t, "line", s.logged)["reason"].(string)
		return strings.Contains(reason, "TLS handshake")
	})

	stalled, err := net.Dial("tcp", s.https)
	if err != nil {
		t.Fatal(err)
	}
	defer stalled.Close()
	stalled.SetDeadline(time.Now().Add(patience))
	stalled.Write([]byte{22, 3, 1, 1, 0, 1}) // a handshake begins, and that is all
	if _, err := io.ReadAll(stalled); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("a handshake that stalls is waited for")
	}

	_, err = tls.Dial("tcp", s.https, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11})
	if err == nil {
		t.Error("TLS 1.1 is spoken")
	}
	_, err = tls.Dial("tcp", s.https, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"spdy/3"}})
	if err == nil {
		t.Error("a client that speaks neither HTTP is taken")
	}
	// No ALPN at all is HTTP/1.1.
	conn := s.dialTLS(&tls.Config{InsecureSkipVerify: true})
	io.WriteString(conn, "GET /livez HTTP/1.1\r\nHost: h\r\n\r\n")
	if resp, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || resp.StatusCode != 200 {
		t.Errorf("without ALPN: %v, %v", resp, err)
	}
}

func TestRedirectToHTTPS(t *testing.T) {
	conf := config.Default(t.TempDir())
	conf.TLS.HSTS, conf.TLS.HSTSSubdomains = 48*time.Hour, true
	s := newSiteOf(t, conf, nil)
	c := certify(t, time.Hour, "example.org")
	s.secure(c)
	s.add(text("served"))
	_, port, _ := net.SplitHostPort(s.https)
	for host, want := range map[string]string{"example.org": "example.org:", "example.org:80": "example.org:", "[::1]:80": "[::1]:", "[::1]": "[::1]:"} {
		r := s.request("POST", "/a//b?c=%20d", strings.NewReader("body"))
		r.Host = host
		got := s.do(r)
		if location := "https://" + want + port + "/a//b?c=%20d"; got.StatusCode != 308 || got.Header.Get("Location") != location {
			t.Errorf("%s: %d to %q, want %q", host, got.StatusCode, got.Header.Get("Location"), location)
		}
		if got.Header.Get("Strict-Transport-Security") != "" {
			t.Error("HSTS in clear")
		}
	}
	s.want(s.get("/livez"), 200, "ok\n")
	old := s.dial()
	io.WriteString(old, "GET / HTTP/1.0\r\n\r\n")
	if resp, err := http.ReadResponse(bufio.NewReader(old), nil); err != nil || resp.StatusCode != 400 {
		t.Errorf("without a host: %v, %v", resp, err)
	}
	s.client = s.secureClient(true, c)
	r := s.request("GET", "/", nil)
	r.URL.Scheme, r.URL.Host = "https", s.https
	if got := s.do(r); got.StatusCode != 200 || got.Header.Get("Strict-Transport-Security") != "max-age=172800; includeSubDomains" {
		t.Errorf("%d, HSTS %q", got.StatusCode, got.Header.Get("Strict-Transport-Security"))
	}
}

func TestSecureHost(t *testing.T) {
	for _, c := range [][3]string{
		{"example.org", "443", "example.org"}, {"example.org:80", "443", "example.org"}, {"[::1]", "443", "[::1]"},
		{"[::1]:80", "443", "[::1]"}, {"127.0.0.1:80", "8443", "127.0.0.1:8443"},
	} {
		if got := secureHost(c[0], c[1]); got != c[2] {
			t.Errorf("%s on %s: %s, want %s", c[0], c[1], got, c[2])
		}
	}
}
