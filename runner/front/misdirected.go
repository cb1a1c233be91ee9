package front

import (
	"crypto/tls"
	"net/netip"
	"slices"
	"strings"
)

// misdirected reports a request for a host whose own certificate is not the one
// that the client was shown on its connection (RFC 9110, section 7.4). Browsers
// use a connection for all the hosts that its certificate holds, so these are
// served; for another they come again on a connection of its own. Who named no
// host in its handshake, or names one that no certificate holds, could do no
// better; trusted proxies answer for what they do.
func (t *turn) misdirected() bool {
	shelf := t.settings.shelf
	if t.tls == nil || shelf == nil || t.tls.ServerName == "" || t.tls.ServerName == t.host {
		return false
	}
	if !shelf.separates(t.tls.ServerName, nameOf(t.host)) {
		return false
	}
	peer, err := netip.ParseAddrPort(t.Remote())
	return err != nil || !slices.ContainsFunc(t.settings.trusted, func(p netip.Prefix) bool { return p.Contains(peer.Addr().Unmap()) })
}

// separates reports that a client who asks for one name is shown nothing that
// is good for the other, while there is a certificate for that.
func (s *shelf) separates(asked, other string) bool {
	if len(s.of(other)) == 0 {
		return false
	}
	shown := s.of(strings.TrimSuffix(strings.ToLower(asked), "."))
	if len(shown) == 0 {
		shown = []*tls.Certificate{s.first}
	}
	return !slices.ContainsFunc(shown, func(c *tls.Certificate) bool {
		return slices.Contains(s.names[other], c) || slices.Contains(s.names[wildcard(other)], c)
	})
}
