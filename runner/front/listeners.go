package front

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"

	"github.com/dram-go/dram/runner/control"
)

// Listener is where clients connect.
type Listener struct {
	net.Listener
	Secure bool // connections begin with a TLS handshake
}

// offer is what others have opened for a front.
type offer struct {
	listeners    []Listener
	certificates []Certificate
}

// unpackOffer takes what the master sends: files are the sockets, then the
// certificates. On an error nothing stays open.
func unpackOffer(m control.Listen, files []*os.File) (o offer, err error) {
	defer func() {
		if err != nil {
			o.close()
		}
	}()
	sockets := files
	if m.Certificates {
		if len(files) == 0 {
			return o, errors.New("front: the master sent no certificates")
		}
		sockets = files[:len(files)-1]
		if o.certificates, err = unpackCertificates(files[len(files)-1]); err != nil {
			return o, err
		}
	}
	for i, file := range sockets {
		l, err := net.FileListener(file)
		if err != nil {
			return o, fmt.Errorf("front: the master sent something that is no listener: %w", err)
		}
		o.listeners = append(o.listeners, Listener{l, i < len(m.Secure) && m.Secure[i]})
	}
	return o, nil
}

func (o offer) close() {
	for _, l := range o.listeners {
		l.Close()
	}
}

// with returns settings that serve by what was offered.
func (s *settings) with(o offer) (*settings, error) {
	equipped := *s
	equipped.tls, equipped.shelf, equipped.https = nil, nil, ""
	equipped.mounts = slices.Clone(s.mounts) // which get settings of their own when these come into force
	for i, m := range equipped.mounts {
		own := *m
		equipped.mounts[i] = &own
	}
	if at := slices.IndexFunc(o.listeners, func(l Listener) bool { return l.Secure }); at >= 0 {
		_, equipped.https, _ = net.SplitHostPort(o.listeners[at].Addr().String())
	}
	if equipped.https == "" && len(o.certificates) == 0 {
		return &equipped, nil
	}
	var err error
	equipped.tls, equipped.shelf, err = newTLS(&s.wanted, o.certificates)
	return &equipped, err
}

// install makes settings the ones in force and serves clients on the listeners
// of an offer, on these alone.
func (f *front) install(s *settings, o offer) {
	if f.stopping.Load() {
		o.close()
		return
	}
	if s.tls != nil && len(f.tickets) > 0 {
		s.tls.SetSessionTicketKeys(f.tickets)
	}
	retire := f.furnish(s)
	f.live.Store(s)
	f.kept.use(s.cache)
	f.engine.changed()
	retire()
	f.offered = o
	var removed []*guarded
	f.listeners = slices.DeleteFunc(f.listeners, func(g *guarded) bool {
		if slices.ContainsFunc(o.listeners, g.is) {
			return false
		}
		removed = append(removed, g)
		return true
	})
	for _, l := range o.listeners {
		f.accept(l)
	}
	for _, g := range removed {
		// Whoever is connected stays. If it is the same address with another
		// protocol, the socket lives on, and its queue with it.
		stays := slices.ContainsFunc(o.listeners, func(l Listener) bool { return l.Addr().String() == g.Addr().String() })
		g.retire(!stays && !f.shared, s.handshake)
		f.log.Info("nobody is accepted any more", "address", g.Addr().String())
	}
}

// renew goes on with other certificates; all else stays.
func (f *front) renew(list []Certificate) {
	o := f.offered
	o.certificates = list
	s, err := f.live.Load().with(o)
	if err != nil {
		f.log.Error("the certificates stay as they were: " + err.Error())
		return
	}
	f.install(s, o)
}

// is reports that a listener is the one that is guarded: it has the same
// address, and a file that was passed again has another descriptor.
func (g *guarded) is(l Listener) bool {
	return g.Listener == l.Listener || g.secure == l.Secure && g.Addr().String() == l.Addr().String()
}

// accept serves clients of one listener, unless it does already.
func (f *front) accept(l Listener) {
	if at := slices.IndexFunc(f.listeners, func(g *guarded) bool { return g.is(l) }); at >= 0 {
		if f.listeners[at].Listener != l.Listener {
			l.Close()
		}
		return
	}
	if f.stopping.Load() {
		l.Close()
		return
	}
	if tcp, ok := l.Listener.(*net.TCPListener); ok && !f.shared {
		unlockDoor(tcp)
	}
	g := f.entrance.guard(l.Listener)
	g.secure = l.Secure
	f.listeners = append(f.listeners, g)
	f.serving.Go(func() {
		if err := f.engine.serve(g, g.secure); err != nil {
			select {
			case f.failed <- err:
			default: // one is enough
			}
		}
	})
	if len(f.listeners) == 1 && f.options.Announce != nil {
		f.options.Announce(l.Addr().String())
	}
}

// ticketKeys are the keys that useTickets took.
func (f *front) ticketKeys() (keys [][]byte) {
	for _, key := range f.tickets {
		keys = append(keys, key[:])
	}
	return keys
}

// useTickets makes keys, of which the first is the newest, those of TLS
// session tickets. A client that comes again with a ticket saves the costly
// half of a handshake.
func (f *front) useTickets(keys [][]byte) {
	f.tickets = nil
	for _, key := range keys {
		if len(key) == 32 {
			f.tickets = append(f.tickets, [32]byte(key))
		}
	}
	if s := f.live.Load(); s.tls != nil && len(f.tickets) > 0 {
		s.tls.SetSessionTicketKeys(f.tickets)
	}
}
