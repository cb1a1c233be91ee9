package config

import (
	"strings"
	"time"
)

// Cache is the [cache] section: how the front keeps the responses that
// handlers made public.
type Cache struct {
	// On keeps responses. Without it every request reaches a worker.
	On bool `key:"on" help:"whether the front keeps public responses"`
	// Size bounds the memory for all that is kept, MaxEntry one response.
	Size     Size `key:"size" help:"memory for public responses, in each front"`
	MaxEntry Size `key:"max_entry" help:"largest response that is kept"`
	// Wait is how long a request waits for another that asks for the same page.
	Wait time.Duration `key:"wait" help:"how long a request waits for another one's answer, 0s for not at all"`
	// Cookies are names of cookies, beside that of the app's session, that make
	// a request its visitor's own: it is never answered with what is kept.
	Cookies []string `key:"cookies" help:"names of further cookies whose requests are never answered with what is kept"`
}

func defaultCache() Cache {
	return Cache{On: true, Size: 64 << 20, MaxEntry: 1 << 20, Wait: 5 * time.Second, Cookies: []string{"session", "sessionid"}}
}

func (c *Cache) invalid(key string) string {
	switch key {
	case "size":
		return unless(c.Size >= 64<<10, "a size of at least 64KiB (on = false keeps nothing)")
	case "max_entry":
		return unless(c.MaxEntry > 0 && c.MaxEntry <= c.Size/2, "a size above 0, at most half of cache.size")
	case "wait":
		return between(c.Wait, 0, time.Minute)
	case "cookies":
		return unless(allCookies(c.Cookies), "names of cookies, separated by commas in a variable")
	}
	return ""
}

// allCookies allows tokens (RFC 6265, section 4.1.1).
func allCookies(names []string) bool {
	for _, name := range names {
		odd := func(r rune) bool {
			return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
		}
		if name == "" || strings.ContainsFunc(name, odd) {
			return false
		}
	}
	return true
}
