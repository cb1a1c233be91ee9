package front

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dram-go/dram/framework/config"
)

// Certificate is what a pair of PEM files holds. Whoever may read the files,
// the master, hands it to the front, which may not be.
type Certificate struct {
	Name string `json:"name"` // of the file with the certificate
	Cert []byte `json:"cert"`
	Key  []byte `json:"key"`

	Leaf *x509.Certificate `json:"-"` // of Cert, in what ReadCertificates returns
}

// ReadCertificates reads the files that tls.certificates names, if there is a
// tls.listen, and judges them at a moment. Faults hinder a start; warnings, of
// a certificate that has expired or soon will, for example, do not. Each names the place in
// the settings, the file, and what mends it.
func ReadCertificates(c *config.Config, now time.Time) (list []Certificate, faults, warnings []error) {
	if c.TLS.Listen == "" {
		return nil, nil, nil
	}
	for i := range c.TLS.Certificates {
		read, problems := readCertificate(c, i)
		if len(problems) > 0 {
			faults = append(faults, problems...)
			continue
		}
		if text := read.Remark(now); text != "" {
			warnings = append(warnings, fmt.Errorf("%s%s", whereIs(c, i), text))
		}
		list = append(list, read)
	}
	return list, faults, warnings
}

// RenewCertificates reads the same files again; have is what they held, in
// their order. A pair that is another one now, and can be used at this moment,
// takes the place of the one before, and renewed has the name of its file. For
// any other the one before stays; faults say what is wrong with it.
func RenewCertificates(c *config.Config, have []Certificate, now time.Time) (list []Certificate, renewed []string, faults []error) {
	list = slices.Clone(have)
	for i := range min(len(have), len(c.TLS.Certificates)) {
		read, problems := readCertificate(c, i)
		switch {
		case len(problems) > 0:
			faults = append(faults, problems...)
		case bytes.Equal(read.Cert, have[i].Cert) && bytes.Equal(read.Key, have[i].Key):
		case now.Before(read.Leaf.NotBefore) || now.After(read.Leaf.NotAfter):
			faults = append(faults, fmt.Errorf("%s%s", whereIs(c, i), read.Remark(now)))
		default:
			list[i], renewed = read, append(renewed, read.Name)
		}
	}
	return list, renewed, faults
}

// whereIs begins what is said of a pair.
func whereIs(c *config.Config, i int) string {
	return c.Where(fmt.Sprintf("tls.certificates[%d]", i)) + ": tls.certificates: "
}

// readCertificate reads a pair of files, or says all that is wrong with them.
func readCertificate(c *config.Config, i int) (Certificate, []error) {
	read, faults := readPair(c, c.TLS.Certificates[i])
	if len(faults) == 0 {
		pair, err := parsePair(read)
		if err == nil {
			read.Leaf = pair.Leaf
			return read, nil
		}
		faults = []error{err}
	}
	for j, err := range faults {
		faults[j] = fmt.Errorf("%s%w", whereIs(c, i), err)
	}
	return read, faults
}

func readPair(c *config.Config, pair config.Certificate) (read Certificate, faults []error) {
	read.Name = c.Path(pair.Cert)
	var err error
	if read.Cert, err = readPEM(read.Name); err != nil {
		faults = append(faults, err)
	}
	if read.Key, err = readPEM(c.Path(pair.Key)); err != nil {
		faults = append(faults, err)
	}
	return read, faults
}

// maxPEM bounds a file with a certificate and its chain.
const maxPEM = 1 << 20

// readPEM reads a file, of which nobody knows yet what it is.
func readPEM(name string) ([]byte, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0) // a FIFO does not block
	if err != nil {
		return nil, unreadable(name, err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file: name a PEM file", name)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxPEM+1))
	switch {
	case err != nil:
		return nil, unreadable(name, err)
	case len(text) > maxPEM:
		return nil, fmt.Errorf("%s is longer than %s: name a PEM file", name, config.Size(maxPEM))
	}
	return text, nil
}

func unreadable(name string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no file %s: correct the path, or let certbot or openssl make it", name)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s may not be read by this user: start as root, or let the user read it (and enter its directory)", name)
	}
	return fmt.Errorf("cannot read %s: %w", name, err)
}

// parsePair makes a certificate of its files, or says what is wrong with them.
func parsePair(c Certificate) (tls.Certificate, error) {
	pair, err := tls.X509KeyPair(c.Cert, c.Key)
	switch {
	case err == nil:
		return pair, nil
	case !bytes.Contains(c.Cert, []byte("-----BEGIN CERTIFICATE-----")):
		return pair, fmt.Errorf("%s holds no certificate (a block BEGIN CERTIFICATE): name the file fullchain.pem, as certbot calls it", c.Name)
	case bytes.Contains(c.Key, []byte("ENCRYPTED")):
		return pair, fmt.Errorf("the key of %s is encrypted, and nobody is there to type its password: openssl pkey -in KEY -out PLAIN.pem, readable by root alone", c.Name)
	case !bytes.Contains(c.Key, []byte("PRIVATE KEY-----")):
		return pair, fmt.Errorf("the key file of %s holds no private key: name the file privkey.pem, as certbot calls it", c.Name)
	case strings.Contains(err.Error(), "does not match"):
		return pair, fmt.Errorf("the private key does not belong to the certificate in %s: name the two files that were made together", c.Name)
	}
	return pair, fmt.Errorf("the pair of %s cannot be used: %w", c.Name, err)
}

// Remark says what clients do not like about a certificate, or soon will not;
// "" for nothing.
func (c Certificate) Remark(now time.Time) string {
	if text := remark(c.Leaf, now); text != "" {
		return "the certificate in " + c.Name + " " + text
	}
	return ""
}

// renewal is how long before its end a certificate should have been renewed,
// unless it was made for a short life; certbot does so after two thirds of it.
const renewal = 14 * 24 * time.Hour

func remark(leaf *x509.Certificate, now time.Time) string {
	const day = "2006-01-02 15:04 MST"
	left, life := leaf.NotAfter.Sub(now), leaf.NotAfter.Sub(leaf.NotBefore)
	switch {
	case now.After(leaf.NotAfter):
		return "expired on " + leaf.NotAfter.UTC().Format(day) + ", so browsers refuse it: renew it (certbot renew)"
	case now.Before(leaf.NotBefore):
		return "is not valid before " + leaf.NotBefore.UTC().Format(day) + ": is the clock of this machine right?"
	case len(leaf.DNSNames)+len(leaf.IPAddresses) == 0:
		return "names no host (subjectAltName), so browsers refuse it: have it made anew with names"
	case left < renewal && left < life/3:
		return "expires on " + leaf.NotAfter.UTC().Format(day) + ": renew it (certbot renew)"
	}
	return ""
}

// newTLS is how connections are encrypted with these certificates.
func newTLS(c *config.TLS, list []Certificate) (*tls.Config, *shelf, error) {
	made := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	if c.MinVersion == "1.3" {
		made.MinVersion = tls.VersionTLS13
	}
	if c.HTTP2 {
		made.NextProtos = []string{"h2", "http/1.1"}
	}
	shelf := &shelf{}
	var faults []error
	for _, one := range list {
		pair, err := parsePair(one)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		shelf.add(&pair)
	}
	if len(list) == 0 {
		faults = append(faults, errors.New("front: an address for https without a certificate"))
	}
	made.GetCertificate = shelf.choose
	return made, shelf, errors.Join(faults...)
}

// shelf has certificates by the names that they hold.
type shelf struct {
	first *tls.Certificate
	names map[string][]*tls.Certificate
}

func (s *shelf) add(c *tls.Certificate) {
	if s.first == nil {
		s.first, s.names = c, make(map[string][]*tls.Certificate)
	}
	names := c.Leaf.DNSNames
	for _, ip := range c.Leaf.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		names = []string{c.Leaf.Subject.CommonName}
	}
	for _, name := range names {
		name = strings.ToLower(name)
		s.names[name] = append(s.names[name], c)
	}
}

// choose returns the certificate for the name that a client asks for: of those
// that have it, or a wildcard for it, the first that the client can verify
// (there may be one with an RSA and one with an ECDSA key), and the first of
// all for any other name, which lets the client say what is wrong.
func (s *shelf) choose(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := strings.TrimSuffix(strings.ToLower(hello.ServerName), ".")
	if name == "" { // so it was reached by an address
		name = hostOf(cmp.Or(localOf(hello), ""))
	}
	if c := suitable(s.of(name), hello); c != nil {
		return c, nil
	}
	return s.first, nil
}

// of returns the certificates that have a name, or else a wildcard for it.
func (s *shelf) of(name string) []*tls.Certificate {
	if list := s.names[name]; len(list) > 0 {
		return list
	}
	if wild := wildcard(name); wild != "" {
		return s.names[wild]
	}
	return nil
}

// wildcard is what a certificate may have for a name and others, "" when there
// is no such thing.
func wildcard(name string) string {
	_, domain, ok := strings.Cut(name, ".")
	if !ok {
		return ""
	}
	return "*." + domain
}

func localOf(hello *tls.ClientHelloInfo) string {
	if hello.Conn == nil {
		return ""
	}
	return hello.Conn.LocalAddr().String()
}

// suitable picks of certificates for the same name.
func suitable(list []*tls.Certificate, hello *tls.ClientHelloInfo) *tls.Certificate {
	for _, c := range list {
		if len(list) == 1 || hello.SupportsCertificate(c) == nil {
			return c
		}
	}
	if len(list) > 0 {
		return list[0]
	}
	return nil
}

// PackCertificates writes certificates for [control.Listen] into a file that
// is nowhere but in memory.
func PackCertificates(list []Certificate) (*os.File, error) {
	text, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	fd, err := unix.MemfdCreate("certificates", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("front: pass certificates: %w", err)
	}
	f := os.NewFile(uintptr(fd), "certificates")
	if _, err := f.Write(text); err != nil {
		f.Close()
		return nil, fmt.Errorf("front: pass certificates: %w", err)
	}
	return f, nil
}

// unpackCertificates reads what PackCertificates wrote, from its begin.
func unpackCertificates(f *os.File) (list []Certificate, err error) {
	if err := json.NewDecoder(io.NewSectionReader(f, 0, 1<<40)).Decode(&list); err != nil {
		return nil, fmt.Errorf("front: certificates that cannot be read: %w", err)
	}
	return list, nil
}
