package mail

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// server is a mail server that takes everything, except where a test wants it
// otherwise.
type server struct {
	t        *testing.T
	listener net.Listener
	cert     tls.Certificate
	roots    *x509.CertPool
	implicit bool
	startTLS bool
	auth     bool
	replies  map[string]string // by verb, "." is the end of the data; "hang" never answers, "drop" hangs up

	mu       sync.Mutex
	commands []string
	mails    []string
	secure   bool // the last mail came over TLS
}

func newServer(t *testing.T, change func(*server)) *server {
	t.Helper()
	s := &server{t: t, replies: map[string]string{}}
	s.cert, s.roots = certificate(t)
	if change != nil {
		change(s)
	}
	var err error
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	if s.implicit {
		s.listener = tls.NewListener(s.listener, s.tls())
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := s.listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { s.serve(c) })
		}
	})
	t.Cleanup(func() {
		s.listener.Close()
		serving.Wait() // hangs if a client leaves its connection open
	})
	return s
}

// certificate makes one for localhost.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

func (s *server) tls() *tls.Config { return &tls.Config{Certificates: []tls.Certificate{s.cert}} }

// url returns the address for a scheme.
func (s *server) url(scheme, user string) string {
	return scheme + "://" + user + s.listener.Addr().String()
}

func (s *server) serve(c net.Conn) {
	defer func() { c.Close() }()
	_, secure := c.(*tls.Conn)
	in := bufio.NewReader(c)
	say := func(text string) { fmt.Fprintf(c, "%s\r\n", text) }
	if reply, ok := s.replies["220"]; ok {
		if reply == "hang" {
			io.Copy(io.Discard, in)
			return
		}
		say(reply)
	} else {
		say("220 test")
	}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSpace(line)
		s.note(line)
		verb, rest, _ := strings.Cut(line, " ")
		verb = strings.ToUpper(verb)
		switch reply := s.replies[verb]; reply {
		case "":
		case "hang":
			io.Copy(io.Discard, in) // until the client gives up
			return
		case "drop":
			return
		default:
			say(reply)
			continue
		}
		switch verb {
		case "EHLO":
			say("250-test")
			if s.startTLS && !secure {
				say("250-STARTTLS")
			}
			if s.auth {
				say("250-AUTH PLAIN LOGIN")
			}
			say("250 8BITMIME")
		case "STARTTLS":
			say("220 go on")
			up := tls.Server(c, s.tls())
			c, in, secure = up, bufio.NewReader(up), true
		case "AUTH":
			login, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(rest, "PLAIN "))
			if err != nil || string(login) != "\x00u@x\x00p w" {
				say("535 5.7.8 who are you")
				continue
			}
			say("235 welcome")
		case "DATA":
			say("354 go on")
			if !s.takeMail(in, secure) {
				return
			}
			if reply := s.replies["."]; reply != "" {
				say(reply)
				continue
			}
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func (s *server) takeMail(in *bufio.Reader, secure bool) bool {
	var text strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		text.WriteString(strings.TrimPrefix(line, "."))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, text.String())
	s.secure = secure
	return true
}

func (s *server) note(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commands = append(s.commands, line)
}

// heard returns all commands, one on a line.
func (s *server) heard() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.commands, "\n")
}

// letter returns the only mail and whether it came over TLS.
func (s *server) letter() (raw string, l Letter, secure bool) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.mails) != 1 {
		s.t.Fatalf("the server took %d mails, want 1", len(s.mails))
	}
	l, err := readLetter(strings.NewReader(s.mails[0]))
	if err != nil {
		s.t.Fatalf("%v in\n%s", err, s.mails[0])
	}
	return s.mails[0], l, s.secure
}
