package front

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"maps"
	"net"
	"slices"
	"time"

	"github.com/dram-go/dram/framework/config"
)

// trust says which certificates upstreams of a mount must have.
type trust struct {
	config *tls.Config // without the name of one
	text   string      // of the file with the authorities
}

// trustOf reads what mounts.NAME.tls says.
func trustOf(c *config.Config, mount string) (trust, error) {
	wanted := c.Mounts[mount].TLS
	t := trust{config: &tls.Config{
		ServerName: wanted.ServerName, InsecureSkipVerify: wanted.InsecureSkipVerify,
		NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12,
		ClientSessionCache: tls.NewLRUClientSessionCache(0), // most requests that change something have a connection of their own
	}}
	if wanted.CA == "" {
		return t, nil
	}
	key := "mounts." + mount + ".tls.ca"
	text, err := readPEM(c.Path(wanted.CA))
	if err != nil {
		return t, fmt.Errorf("%s: %s: %w", c.Where(key), key, err)
	}
	t.config.RootCAs = x509.NewCertPool()
	if !t.config.RootCAs.AppendCertsFromPEM(text) {
		return t, fmt.Errorf("%s: %s: %s holds no certificate (a block BEGIN CERTIFICATE): name the PEM file of the authority", c.Where(key), key, c.Path(wanted.CA))
	}
	t.text = string(text)
	return t, nil
}

// BrokenTrust returns a fault for each tls.ca of a mount that cannot be used.
func BrokenTrust(c *config.Config) (faults []error) {
	for _, name := range slices.Sorted(maps.Keys(c.Mounts)) {
		if _, err := trustOf(c, name); err != nil {
			faults = append(faults, err)
		}
	}
	return faults
}

// dialOrigin returns what connects to an upstream, within a time; a handshake
// has as much again.
func dialOrigin(at config.Upstream, t trust, limit time.Duration) func(context.Context, string, string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: limit}
	secure := t.config.Clone()
	if host, _, err := net.SplitHostPort(at.Address); err == nil && secure.ServerName == "" {
		secure.ServerName = host
	}
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, at.Network, at.Address)
		if err != nil {
			return nil, err
		}
		c, err := newOriginConn(conn)
		if err != nil {
			return nil, err
		}
		if !at.Secure {
			return c, nil
		}
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		over := tls.Client(c, secure)
		if err := over.HandshakeContext(ctx); err != nil {
			c.Close()
			return nil, fmt.Errorf("TLS with %s: %w", at.Address, err)
		}
		return over, nil
	}
}
