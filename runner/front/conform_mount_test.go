package front

import (
	"maps"
	"testing"

	"github.com/dram-go/dram/framework/config"
)

// onMount is a server of net/http behind a front, which speaks HTTP with it.
func (c *conformance) onMount(t *testing.T) exchanged {
	n := new(notes)
	done := make(chan struct{})
	conf := other(mountedAt(t, "/", newOther(t, c.wrapped(n, done))), func(m *config.Mount) { m.WholeBodies = false })
	s := newSiteOf(t, conf, nil)
	return c.run(t, s.addr, n, done)
}

// mounted is the case with what differs at a mount, beside what does anyway.
func (c conformance) mounted() *conformance {
	all := maps.Clone(mountedDiffers[c.name])
	if all == nil {
		all = make(map[string]string)
	}
	maps.Copy(all, c.differs)
	c.differs = all
	return &c
}

const (
	ownConnection = "what an upstream says of its connection is not for that of the client"
	knownInTime   = "the client has seen nothing yet and gets a whole answer: 502"
	triedTwice    = "a safe request is sent again"
)

// mountedDiffers has the parts that are not the same when the handler is
// behind a second connection of HTTP.
var mountedDiffers = map[string]map[string]string{
	"absolute form":                   {"seen": "an origin server gets the path alone (RFC 9112, section 3.2.1)"},
	"HTTP/1.0":                        {"seen": "the front speaks HTTP/1.1 for itself (RFC 9110, section 7.6.3)"},
	"no date by wish":                 {"responses": "a proxy adds the date that is missing (RFC 9110, section 6.6.1)"},
	"too little for the length":       {"responses": knownInTime, "again": knownInTime},
	"declared trailers":               {"responses": "a length in a trailer is not valid", "again": knownInTime},
	"write deadline in the past":      {"responses": knownInTime, "again": knownInTime, "seen": triedTwice},
	"abort before the response":       {"responses": knownInTime, "again": knownInTime},
	"abort in a response of a length": {"responses": knownInTime, "again": knownInTime},
	"hijack and nothing":              {"responses": knownInTime, "again": knownInTime, "seen": triedTwice},
	"Connection: close":               {"again": ownConnection},
	"Transfer-Encoding: identity":     {"again": ownConnection},
	"hijack for a response by hand":   {"responses": "a proxy adds the date", "again": ownConnection},
	"hijack for chunks by hand":       {"responses": "a proxy adds the date", "again": ownConnection},
}
