package h1

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// failing accepts nothing for a while.
type failing struct {
	net.Listener
	errs chan error
	one  net.Conn
}

func (f *failing) Accept() (net.Conn, error) {
	if err := <-f.errs; err != nil {
		return nil, err
	}
	return f.one, nil
}

func (f *failing) Addr() net.Addr { return &net.TCPAddr{} }

func TestWantOfDescriptorsDoesNotEndAccepting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		l := &failing{errs: make(chan error, 20), one: ours}
		for range 10 {
			l.errs <- &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
		}
		l.errs <- nil
		l.errs <- net.ErrClosed
		s := New(Options{Log: slog.New(slog.DiscardHandler)}, handled(app))
		within(t, "ten failures", (5+10+20+40+80+160+320+640+1000+1000)*time.Millisecond, func() {
			if err := s.Serve(l); err != nil {
				t.Error(err)
			}
		})
		io.WriteString(theirs, getHello)
		io.ReadFull(theirs, make([]byte, 10))
		theirs.Close()
		s.Close()
		l.errs <- errors.New("broken")
		if err := s.Serve(l); err == nil || !strings.Contains(err.Error(), "broken") {
			t.Errorf("a broken listener: %v", err)
		}
	})
}

func TestAdmit(t *testing.T) {
	places := make(chan struct{}, 1)
	s := newSite(t, Options{Admit: func(remote net.Addr) (func(), bool) {
		if !remote.(*net.TCPAddr).IP.IsLoopback() {
			t.Error(remote)
		}
		select {
		case places <- struct{}{}:
			return func() { <-places }, true
		default:
			return nil, false
		}
	}}, handled(app))
	first := s.dial().say(getHello)
	first.status(200)
	s.dial().end()
	first.say(getHello).status(200)
	first.Close()
	until(t, "free place", func() bool { return len(places) == 0 })
	s.dial().say(getHello).status(200)
}

// certificate is good for the tests of one process.
func certificate(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	plan := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"a"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, plan, plan, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, NextProtos: []string{"h2", "http/1.1"}}
}

// dialTLS connects and offers protocols.
func (s *site) dialTLS(protocols ...string) (*client, *tls.Conn) {
	s.t.Helper()
	c := s.dial()
	secure := tls.Client(c, &tls.Config{InsecureSkipVerify: true, NextProtos: protocols})
	if err := secure.Handshake(); err != nil {
		s.t.Fatal(err)
	}
	c.in.Reset(secure)
	return c, secure
}

func TestTLS(t *testing.T) {
	s := newSite(t, Options{TLS: certificate(t)}, func(x *Exchange) {
		if r := x.Head(); r.TLS == nil || r.TLS.NegotiatedProtocol != "http/1.1" {
			t.Errorf("TLS %+v", r.TLS)
		}
		handled(app)(x)
	})
	c, secure := s.dialTLS("http/1.1")
	io.WriteString(secure, getHello+"GET /long HTTP/1.1\r\nHost: a\r\n\r\n")
	c.status(200)
	if _, body := c.response("GET"); len(body) != 64<<10 {
		t.Errorf("%d octets", len(body))
	}
	io.WriteString(secure, "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello")
	if _, body := c.response("POST"); body != "hello" {
		t.Errorf("body %q", body)
	}
	c.end()
}

func TestHTTP2IsHandedOver(t *testing.T) {
	got := make(chan string, 1)
	s := newSite(t, Options{TLS: certificate(t), H2: func(c *tls.Conn, closed func()) {
		defer closed()
		defer c.Close()
		got <- c.ConnectionState().NegotiatedProtocol
	}}, handled(app))
	c, _ := s.dialTLS("h2")
	c.end()
	if protocol := <-got; protocol != "h2" {
		t.Error(protocol)
	}
}

func TestAHandshakeEnds(t *testing.T) {
	s := newSite(t, Options{TLS: certificate(t), HandshakeTime: time.Millisecond}, handled(app))
	s.dial().end()
	s = newSite(t, Options{TLS: certificate(t)}, handled(app))
	c := s.dial().say(getHello)
	if resp, body := c.response("GET"); resp.StatusCode != http.StatusBadRequest || !strings.Contains(body, "https") {
		t.Errorf("%d %q", resp.StatusCode, body)
	}
}

func TestHandsOffAnUnreadableTLSClientHello(t *testing.T) {
	s := newSite(t, Options{TLS: certificate(t)}, handled(app))
	s.dial().say("\x00\x01\x02\x03\x04\x05").in.Discard(1 << 20) // an alert or nothing, then the end
}
