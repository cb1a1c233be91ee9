package runner

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
	"github.com/dram-go/dram/runner/front"
)

// equipment is what a configuration makes a front serve with, beside the
// configuration itself. Who has the rights opens it, so that a front needs none.
type equipment struct {
	places       []place
	certificates []front.Certificate
}

// place is an address at which clients connect.
type place struct {
	key     string // the setting that names it
	address string // as configured
	secure  bool   // for https
	bound   string // HOST:PORT
	file    *os.File
}

func (p place) url() string {
	if p.secure {
		return "https://" + p.bound
	}
	return "http://" + p.bound
}

// wantedPlaces are the addresses of a configuration, without sockets.
func wantedPlaces(conf *config.Config, clear bool) (list []place) {
	for _, address := range conf.Server.Addresses() {
		list = append(list, place{key: "server.listen", address: address})
	}
	if clear {
		return list
	}
	for _, address := range conf.TLS.Addresses() {
		list = append(list, place{key: "tls.listen", address: address, secure: true})
	}
	return list
}

// opening makes equipment for a configuration.
type opening struct {
	conf   *config.Config
	clear  bool      // no https, whatever the configuration says
	held   equipment // the sockets of addresses that stay are used again
	passed []*os.File
	listen func(key, address string) (*os.File, string, error)
	warn   func(error)
}

// run opens everything, or nothing and says everything that is wrong.
func (o opening) run() (equipment, error) {
	var e equipment
	var faults []error
	held := slices.Clone(o.held.places)
	for _, p := range wantedPlaces(o.conf, o.clear) {
		if slices.ContainsFunc(e.places, func(q place) bool { return q.address == p.address && q.secure != p.secure }) {
			faults = append(faults, fmt.Errorf("%s: %s: %s is an address of server.listen already: one socket speaks either http or https", whereOf(o.conf, p.key), p.key, p.address))
			continue
		}
		at := slices.IndexFunc(held, func(q place) bool { return q.address == p.address })
		var err error
		switch {
		case at >= 0:
			p.file, p.bound = held[at].file, held[at].bound
			held = slices.Delete(held, at, at+1)
		case len(o.passed) > 0:
			p.file, o.passed = o.passed[0], o.passed[1:]
			p.bound, err = boundAddress(int(p.file.Fd()))
		default:
			p.file, p.bound, err = o.listen(p.key, p.address)
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %s: %w", whereOf(o.conf, p.key), p.key, err))
			continue
		}
		e.places = append(e.places, p)
	}
	if !o.clear {
		list, broken, warnings := front.ReadCertificates(o.conf, o.conf.Now())
		e.certificates = list
		faults = slices.Concat(faults, broken, front.MissingDirectories(o.conf), front.BrokenTrust(o.conf), o.conf.Idle())
		for _, w := range warnings {
			o.warn(w)
		}
	}
	if len(faults) > 0 {
		e.closeBut(o.held)
		return equipment{}, errors.Join(faults...)
	}
	return e, nil
}

// closeBut closes the sockets that others do not have.
func (e equipment) closeBut(others equipment) {
	for _, p := range e.places {
		if p.file != nil && !slices.ContainsFunc(others.places, func(q place) bool { return q.file == p.file }) {
			p.file.Close()
		}
	}
}

// message describes the equipment to a front, with copies of its files. With
// only certificates, these are all.
func (e equipment) message(certificates bool) (m control.Listen, files []*os.File, err error) {
	defer func() {
		if err != nil {
			closeFiles(files)
		}
	}()
	for _, p := range e.places {
		if certificates {
			break
		}
		f, err := duplicate(p.file)
		if err != nil {
			return m, files, err
		}
		files = append(files, f)
		m.Addresses, m.Secure = append(m.Addresses, p.bound), append(m.Secure, p.secure)
	}
	if len(e.certificates) > 0 {
		f, err := front.PackCertificates(e.certificates)
		if err != nil {
			return m, files, err
		}
		files = append(files, f)
		m.Certificates = true
	}
	return m, files, nil
}

// urls are where clients connect.
func (e equipment) urls() (list []string) {
	for _, p := range e.places {
		list = append(list, p.url())
	}
	return list
}

// first is the address that stands for all, "" when there is none.
func (e equipment) first() string {
	if len(e.places) == 0 {
		return ""
	}
	return e.places[0].bound
}

// tell prints where clients connect.
func (e equipment) tell(w io.Writer) {
	for _, url := range e.urls() {
		fmt.Fprintf(w, "listening on %s\n", url)
	}
}

// bring sends a front of our own what it serves with: at the start, and by
// settings later.
func (m *master) bring(p *peer, e equipment) error {
	said, files, err := e.message(false)
	if err != nil {
		return err
	}
	said.Inherited = m.inherited
	p.send(control.KindTickets, control.Tickets{Keys: m.tickets})
	p.send(control.KindListen, said, files...)
	return nil
}

// equipmentOf is what a front of a generation serves with.
func (m *master) equipmentOf(generation int) equipment {
	if d := m.deployment; d != nil && d.number == generation && d.conf != nil {
		return d.equipment
	}
	return m.equipment
}

// rotateTickets changes the key of TLS session tickets from time to time, so
// that one who gets hold of a key can open little with it. All fronts have the
// same, so a client may come back to another one.
func (m *master) rotateTickets(now time.Time) {
	if now.Sub(m.ticketed) < front.TicketTime {
		return
	}
	m.ticketed, m.tickets = now, front.NextTickets(m.tickets)
	for n, p := range m.peers {
		if m.fronts[n] != nil {
			p.send(control.KindTickets, control.Tickets{Keys: m.tickets})
		}
	}
}

// ownEquipment opens what a front that runs apart serves with, again and
// again. It owns the sockets that it hands out copies of.
type ownEquipment struct {
	warn func(error)

	mu sync.Mutex
	equipment
	conf *config.Config
}

// current is what was opened last, and by which configuration.
func (o *ownEquipment) current() (*config.Config, []front.Certificate) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.conf, o.certificates
}

// renew takes over certificates, unless the configuration is another one now.
func (o *ownEquipment) renew(conf *config.Config, list []front.Certificate) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.conf == conf {
		o.certificates = list
	}
	return o.conf == conf
}

func (o *ownEquipment) open(conf *config.Config) ([]front.Listener, []front.Certificate, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	next, err := opening{conf: conf, held: o.equipment, listen: listenFor, warn: o.warn}.run()
	if err != nil {
		return nil, nil, err
	}
	var list []front.Listener
	for _, p := range next.places {
		l, err := net.FileListener(p.file)
		if err != nil {
			for _, opened := range list {
				opened.Close()
			}
			next.closeBut(o.equipment)
			return nil, nil, fmt.Errorf("listen on %s: %w", p.address, err)
		}
		list = append(list, front.Listener{Listener: l, Secure: p.secure})
	}
	o.equipment.closeBut(next)
	o.equipment, o.conf = next, conf
	return list, next.certificates, nil
}
