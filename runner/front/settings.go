package front

import (
	"context"
	"crypto/tls"
	"errors"
	"net/netip"
	"sync/atomic"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
	"github.com/dram-go/dram/runner/front/cache"
)

// settings are what a configuration means to a front. They never change: a
// reload makes others. A turn keeps those with which it began.
type settings struct {
	limits
	trusted  []netip.Prefix // proxies before us
	access   accessRules
	cache    cache.Options
	uncached bool // of a mount: nothing of it is kept
	guard    guardRules
	mounts   mounts
	locale   string // of pages that name none
	static   staticRules
	scrape   scrapeRules

	wanted config.TLS
	hsts   string      // the field, "" for none
	tls    *tls.Config // nil without https
	shelf  *shelf      // of tls
	https  string      // port of https, "" for none
}

// live holds the settings that are in force.
type live = atomic.Pointer[settings]

// newSettings makes the settings of a front with this configuration, or says
// everything that hinders it, joined by errors.Join. It opens and changes
// nothing.
func newSettings(c *config.Config) (*settings, error) {
	var faults []error
	s := &settings{
		limits: newLimits(c), trusted: c.Server.Proxies(), access: accessRulesOf(c), cache: cacheOptions(c),
		locale: c.Locale.Default,
		wanted: c.TLS, hsts: hstsField(&c.TLS),
		scrape: scrapeRules{path: c.Metrics.Path, listen: c.Metrics.Listen, allowed: c.Metrics.Allowed()},
	}
	s.guard = newGuardRules(c, s.clients)
	var err error
	if s.mounts, err = newMounts(c); err != nil {
		faults = append(faults, err)
	}
	if s.static, err = staticRulesOf(c); err != nil {
		faults = append(faults, err)
	}
	return s, errors.Join(faults...)
}

// change is a wish for other settings, and then what came of it.
type change struct {
	control.Settings
	tell     func(control.Settled) // the master; nil for a front that runs apart
	offer    *offer                // nil: the one before holds
	settings *settings
	err      error
}

// changes reads configurations in a goroutine of its own, so that a disk that
// hangs holds up nothing else.
type changes struct {
	options    Options
	understand func(*config.Config) (*settings, error)
	asked      chan change
	ready      chan change
}

func newChanges(o Options, understand func(*config.Config) (*settings, error)) *changes {
	return &changes{options: o, understand: understand, asked: make(chan change, 16), ready: make(chan change)}
}

// ask never blocks. If the disk hangs for so long that wishes pile up, later
// ones are refused.
func (c *changes) ask(wish change) error {
	select {
	case c.asked <- wish:
		return nil
	default:
		return errors.New("front: the settings before these are still being read")
	}
}

// run answers wishes, in their order, until ctx ends.
func (c *changes) run(ctx context.Context) {
	for {
		select {
		case wish := <-c.asked:
			wish.err = c.make(&wish)
			select {
			case c.ready <- wish:
			case <-ctx.Done():
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// make reads the configuration of a wish and opens what it needs, if nobody
// else has.
func (c *changes) make(wish *change) error {
	conf, err := c.options.Load(wish.Settings)
	if err != nil {
		return err
	}
	if wish.settings, err = c.understand(conf); err != nil {
		return err
	}
	if c.options.Control == nil {
		wish.offer = new(offer)
		wish.offer.listeners, wish.offer.certificates, err = c.options.Open(conf)
	}
	return err
}

// askedToChange takes what the master says of settings.
func (f *front) askedToChange(e event) {
	wish := change{tell: func(answer control.Settled) { f.tell(e.conn, control.KindSettled, answer) }}
	wish.err = e.message.Decode(&wish.Settings)
	if wish.err == nil && wish.Listen != nil {
		wish.offer = new(offer)
		*wish.offer, wish.err = unpackOffer(*wish.Listen, e.files)
	}
	if wish.err != nil {
		f.change(wish)
		return
	}
	f.askToChange(wish)
}

func (f *front) askToChange(wish change) {
	if f.options.Load == nil {
		wish.err = errors.New("front: it cannot read other settings")
	} else {
		wish.err = f.changes.ask(wish)
	}
	if wish.err != nil {
		f.change(wish)
	}
}

// change takes over new settings, or says why it does not. Nothing is closed:
// turns that have begun keep the old ones.
func (f *front) change(c change) {
	given := f.offered
	if c.offer != nil {
		given = *c.offer
	}
	if c.err == nil {
		c.settings, c.err = c.settings.with(given)
	}
	switch {
	case c.err != nil:
		f.log.Error("the settings stay as they were, the new ones are not valid: " + c.err.Error())
	case c.Use:
		f.install(c.settings, given)
		f.tellUpstreams()
		f.followAccess()
		f.openMetrics()
		f.static.follow(c.settings.static)
		f.log.Info("new settings are in force")
	}
	if c.offer != nil && (c.err != nil || !c.Use) && f.options.Control != nil {
		c.offer.close()
	}
	if c.tell != nil {
		answer := control.Settled{Number: c.Number}
		if c.err != nil {
			answer.Faults = c.err.Error()
		}
		c.tell(answer)
	}
}
