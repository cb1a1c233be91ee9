package runner

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/front"
)

// sight is what was seen of the files of certificates.
type sight struct {
	read    string // how they were when they were read last
	doubted string // likewise, when a pair was not valid: it may have been half written
}

// look reads the files again if they have changed since they were read. What is
// wrong with them is said once, and not before they have stayed as they are
// until the next look.
func (s *sight) look(conf *config.Config, have []front.Certificate) (list []front.Certificate, renewed []string, faults []error) {
	now := appearance(conf)
	if now == s.read {
		return have, nil, nil
	}
	list, renewed, faults = front.RenewCertificates(conf, have, conf.Now())
	if len(faults) > 0 && s.doubted != now {
		s.doubted = now
		return list, renewed, nil
	}
	s.read = now
	return list, renewed, faults
}

// appearance changes with the files of certificates, or with the links that lead
// to them.
func appearance(conf *config.Config) string {
	var b strings.Builder
	for _, pair := range conf.TLS.Certificates {
		for _, name := range []string{pair.Cert, pair.Key} {
			var s unix.Stat_t
			err := unix.Stat(conf.Path(name), &s)
			fmt.Fprintln(&b, s.Dev, s.Ino, s.Size, s.Mtim, s.Ctim, err)
		}
	}
	return b.String()
}

// renewals are where a master is with its looks.
type renewals struct {
	sight
	last time.Time
	busy bool // a look is under way: a disk may take its time
}

// lookForRenewals looks now and then whether certificates were renewed on the
// disk. A deployment reads them by itself.
func (m *master) lookForRenewals(now time.Time) {
	r, conf, have := &m.renewals, m.serving, m.equipment.certificates
	if r.busy || len(have) == 0 || conf.TLS.Watch == 0 || now.Sub(r.last) < conf.TLS.Watch || !m.calm() {
		return
	}
	r.busy, r.last = true, now
	seen := r.sight
	go func() {
		list, renewed, faults := seen.look(conf, have)
		m.post(func() {
			r.busy = false
			if !m.calm() || m.serving != conf {
				return // it will look again
			}
			r.sight = seen
			for _, fault := range faults {
				m.log.Error("a certificate on the disk is not used, the one before stays: " + fault.Error())
			}
			if len(renewed) > 0 {
				m.useRenewed(list, renewed)
			}
		})
	}()
}

// calm reports that nothing is under way that brings fronts certificates.
func (m *master) calm() bool {
	return m.deployment == nil && m.change == nil && m.state.stop == serving
}

// useRenewed hands certificates to our own fronts as a reload does, with the
// settings that they have.
func (m *master) useRenewed(list []front.Certificate, renewed []string) {
	e := m.equipment
	e.certificates = list
	m.tellFronts(m.generations[m.state.generation], e, m.stays, func() {
		m.log.Info("renewed certificates are in use", "files", strings.Join(renewed, ", "))
	})
}

// watch does for a front that runs apart what a master does for its own, until
// ctx ends.
func (o *ownEquipment) watch(ctx context.Context, to chan<- []front.Certificate, log *slog.Logger) {
	var seen sight
	for {
		conf, _ := o.current()
		select {
		case <-time.After(cmp.Or(conf.TLS.Watch, time.Minute)): // other settings may come
		case <-ctx.Done():
			return
		}
		conf, have := o.current()
		if conf.TLS.Watch == 0 || len(have) == 0 {
			continue
		}
		list, renewed, faults := seen.look(conf, have)
		for _, fault := range faults {
			log.Error("a certificate on the disk is not used, the one before stays: " + fault.Error())
		}
		if len(renewed) == 0 || !o.renew(conf, list) {
			continue
		}
		select {
		case to <- list:
			log.Info("renewed certificates are in use", "files", strings.Join(renewed, ", "))
		case <-ctx.Done():
			return
		}
	}
}
