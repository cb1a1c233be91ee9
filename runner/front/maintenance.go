package front

import (
	"cmp"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/dram-go/dram/framework/asset"
	"github.com/dram-go/dram/runner/control"
)

// closure is a site that is closed on purpose.
type closure struct {
	message string
	wait    time.Duration
	allowed []netip.Prefix // who finds it open
}

// defaultWait is what clients of a closed site are told to wait.
const defaultWait = 5 * time.Minute

// closureOf reads what the master says; nil for an open site.
func closureOf(m *control.Maintenance) *closure {
	if m == nil {
		return nil
	}
	c := &closure{message: m.Message, wait: cmp.Or(m.RetryAfter, defaultWait)}
	for _, text := range m.Allow {
		if p, err := control.ParseRange(text); err == nil { // the master refuses others
			c.allowed = append(c.allowed, p)
		}
	}
	return c
}

// open reports whether the client of a turn may go on.
func (c *closure) open(t *turn) bool {
	if c == nil {
		return true
	}
	client, err := netip.ParseAddr(t.clientIP())
	return err == nil && slices.ContainsFunc(c.allowed, func(p netip.Prefix) bool { return p.Contains(client.Unmap().WithZone("")) })
}

// maintain answers t while the site is closed for its client. Static files are
// served on: the page may need them.
func (f *front) maintain(t *turn) bool {
	c := f.closure.Load()
	if c.open(t) {
		return false
	}
	if strings.HasPrefix(t.path(), asset.Prefix) && f.static.tryServe(t) {
		return true
	}
	t.decline(decline{status: http.StatusServiceUnavailable, reason: "maintenance", wait: c.wait, maintenance: true, text: c.message})
	return true
}
