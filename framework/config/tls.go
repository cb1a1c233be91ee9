package config

import (
	"errors"
	"strings"
	"time"
)

// TLS is the [tls] section: https, for serve and front.
type TLS struct {
	// Listen is HOST:PORT for https, or several separated by commas; empty
	// means none. server.listen stays in clear.
	Listen string `key:"listen" help:"HOST:PORT for https, several separated by commas, empty for none"`
	// Certificates are pairs of PEM files, in a file
	//
	//	[[tls.certificates]]
	//	cert = "/etc/letsencrypt/live/example.org/fullchain.pem"
	//	key  = "/etc/letsencrypt/live/example.org/privkey.pem"
	//
	// and as text CERT:KEY, separated by commas. A client gets the one that has
	// the name it asks for, and the first when none has.
	Certificates []Certificate `key:"certificates" help:"pairs of PEM files, CERT:KEY separated by commas or [[tls.certificates]] with cert and key"`
	// Watch is how often the files of Certificates are looked at: a pair that was
	// renewed, and is valid, is then used without a reload. 0 leaves that to
	// reload.
	Watch time.Duration `key:"watch" help:"how often to look whether the files of certificates were renewed, 0s for at a reload only"`
	// MinVersion is the oldest TLS that is spoken, 1.2 or 1.3.
	MinVersion string `key:"min_version" help:"oldest TLS that is spoken, 1.2 or 1.3"`
	// HTTP2 offers HTTP/2 to clients that know it.
	HTTP2 bool `key:"http2" help:"whether HTTP/2 is offered over TLS"`
	// Redirect sends clients of server.listen to the same place under https, as
	// soon as there is a Listen. /livez and /readyz are answered as they are.
	Redirect bool `key:"redirect" help:"whether requests in clear are sent to https when tls.listen is set"`
	// HSTS is how long browsers shall use nothing but https for this host
	// (RFC 6797). They keep to it whatever happens, so begin with a short time.
	// 0 does not ask them to.
	HSTS time.Duration `key:"hsts" help:"how long browsers shall insist on https (Strict-Transport-Security), 0s for not at all"`
	// HSTSSubdomains includes all subdomains in HSTS.
	HSTSSubdomains bool `key:"hsts_subdomains" help:"whether tls.hsts holds for all subdomains, too"`
}

// Addresses returns the addresses of Listen.
func (t *TLS) Addresses() []string { return addresses(t.Listen) }

// Certificate names the PEM files of a certificate and its key. The first may
// hold the chain up to, without, the root.
type Certificate struct {
	Cert string `key:"cert" help:"PEM file with the certificate, then its chain"`
	Key  string `key:"key" help:"PEM file with the private key"`
}

var errCertificate = errors.New("two files, CERT:KEY")

// UnmarshalText reads CERT:KEY.
func (c *Certificate) UnmarshalText(text []byte) error {
	cert, key, ok := strings.Cut(string(text), ":")
	if !ok || cert == "" || key == "" || strings.Contains(key, ":") {
		return errCertificate
	}
	*c = Certificate{cert, key}
	return nil
}

// String returns CERT:KEY.
func (c Certificate) String() string { return c.Cert + ":" + c.Key }

// addresses splits a list of addresses.
func addresses(list string) (all []string) {
	for address := range strings.SplitSeq(list, ",") {
		if address = strings.TrimSpace(address); address != "" {
			all = append(all, address)
		}
	}
	return all
}

// areAddresses allows a list of different addresses.
func areAddresses(list string) bool {
	if list == "" {
		return false
	}
	seen := map[string]bool{}
	for address := range strings.SplitSeq(list, ",") {
		address = strings.TrimSpace(address)
		if !isAddress(address) || seen[address] && !strings.HasSuffix(address, ":0") {
			return false
		}
		seen[address] = true
	}
	return true
}

// wholeCertificates reports that no pair lacks a file.
func wholeCertificates(pairs []Certificate) bool {
	for _, p := range pairs {
		if p.Cert == "" || p.Key == "" {
			return false
		}
	}
	return true
}

// invalidTLS is invalid for the keys of [tls].
func (t *TLS) invalid(key string) string {
	switch key {
	case "tls.listen":
		return unless(t.Listen == "" || areAddresses(t.Listen), "HOST:PORT, like :443, several separated by commas, or nothing")
	case "tls.certificates":
		if t.Listen != "" && len(t.Certificates) == 0 {
			return "at least one pair of files, because tls.listen is set"
		}
		return unless(wholeCertificates(t.Certificates), "pairs of files, each with cert and key")
	case "tls.min_version":
		return oneOf(t.MinVersion, "1.2", "1.3")
	case "tls.watch":
		return unless(t.Watch == 0 || t.Watch >= 100*time.Millisecond && t.Watch <= 24*time.Hour, "a duration from 100ms to 24h, or 0s")
	case "tls.hsts":
		return between(t.HSTS, 0, 10*365*24*time.Hour)
	}
	return ""
}
