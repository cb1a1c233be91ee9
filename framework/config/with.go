package config

import (
	"maps"
	"slices"
)

// With sets one key to text as a flag would, also a key of the app
// ("app.page_size") before Decode. On an error nothing has changed.
func (c *Config) With(key, value string) error {
	return c.with(key, value, flagOrigin(key))
}

// Adopt is With for a setting of Dram's own as another process printed it. It
// keeps where the setting came from.
func (c *Config) Adopt(s Setting) error { return c.with(s.Key, s.Value, s.Origin) }

func (c *Config) with(key, value, from string) error {
	next := *c
	next.origins, next.flags, next.decoded = maps.Clone(c.origins), maps.Clone(c.flags), maps.Clone(c.decoded)
	if next.origins == nil {
		next.origins = map[string]origin{}
	}
	if next.flags == nil {
		next.flags = map[string]string{}
	}
	l := loader{conf: &next, fields: next.settings()}
	l.fromText(key, value, from)
	if len(l.faults) == 0 {
		if i := slices.IndexFunc(l.fields, func(f field) bool { return f.key == key }); i >= 0 {
			l.checkField(l.fields[i])
			l.checkMounts()
			l.checkDirectories()
		}
	}
	if err := faultsError(l.faults); err != nil {
		return err
	}
	delete(next.decoded, key)
	next.zone = next.Location()
	*c = next
	return nil
}
