package config

import (
	"strings"
	"testing"
)

func TestCacheSettings(t *testing.T) {
	for name, c := range map[string]struct{ key, value, want string }{
		"small":              {"cache.size", "1KiB", "at least 64KiB"},
		"an entry too large": {"cache.max_entry", "60MiB", "at most half of cache.size"},
		"no entry":           {"cache.max_entry", "0", "above 0"},
		"waiting too long":   {"cache.wait", "2m", "from 0s to 1m"},
		"no name":            {"cache.cookies", "a,b c", "names of cookies"},
		"good":               {"cache.cookies", "connect.sid,PHPSESSID", ""},
		"off":                {"cache.on", "false", ""},
		"no waiting":         {"cache.wait", "0s", ""},
	} {
		err := Default(t.TempDir()).With(c.key, c.value)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
