package config

import (
	"cmp"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

// Setting is one key as it came out of a [Load]: what `config print` shows.
type Setting struct {
	Key    string `json:"key"`    // dotted, as in dram.toml: "server.listen"
	Value  string `json:"value"`  // as it would be written; secrets are masked
	Origin string `json:"origin"` // "default", "dram.toml:12", "DRAM_SERVER_LISTEN", "flag server.listen", "program"
	Help   string `json:"help"`
}

// masked stands for a secret that is set.
const masked = "********"

// Settings lists every setting with its value and where it came from: Dram's
// own in the order of the sections, then those of the app by key. Secrets are
// masked. Until [Config.Decode] knows the app's struct, only those settings of
// the app are listed that something set, and values are masked whose key
// sounds secret. A value that the program changed after Load has the origin
// "program".
func (c *Config) Settings() []Setting {
	var list []Setting
	defaults := Default(c.Root)
	for _, f := range c.settings() {
		text, from := c.text(f), origin{from: "default", text: defaults.text(f)}
		if noted, ok := c.origins[f.key]; ok {
			from = noted
		}
		if text != from.text {
			from.from = "program"
		}
		list = append(list, Setting{Key: f.key, Value: mask(f.key, text, f.tags), Origin: from.from, Help: f.tags.help})
	}
	return append(list, c.appSettings()...)
}

// Where names the place that a setting comes from, as Setting.Origin does; of
// an element of a list ("tls.certificates[1]") its own line, if it has one.
func (c *Config) Where(key string) string {
	whole, _, _ := strings.Cut(key, "[")
	from := cmp.Or(c.origins[whole].from, "default")
	if c.file != nil && from == c.file.where(whole) && c.file.lines[key] > 0 {
		return c.file.where(key)
	}
	return from
}

// appSettings lists the settings of the app.
func (c *Config) appSettings() []Setting {
	all := map[string]Setting{}
	add := func(key, text, from string) {
		all[key] = Setting{Key: key, Value: mask(key, text, tags{}), Origin: from}
	}
	if c.file != nil {
		if tree, ok := c.file.tree[appSection].(map[string]any); ok {
			c.file.leaves(appSection, tree, add)
		}
	}
	for name, text := range c.vars {
		if key, ok := c.guessKey(name, all); ok && text != "" {
			add(key, text, name)
		}
	}
	for key, text := range c.flags {
		add(key, text, flagOrigin(key))
	}
	for key, s := range c.decoded {
		all[key] = s
	}
	var list []Setting
	for _, key := range sortedKeys(all) {
		list = append(list, all[key])
	}
	return list
}

// leaves calls add for every value below a table.
func (f *file) leaves(path string, table map[string]any, add func(key, text, from string)) {
	for _, name := range sortedKeys(table) {
		key := join(path, name)
		if inner, ok := table[name].(map[string]any); ok {
			f.leaves(key, inner, add)
			continue
		}
		add(key, textOf(reflect.ValueOf(table[name])), f.where(key))
	}
}

// guessKey returns the key that a variable of the app probably sets: one that
// is listed already or the name itself. Once Decode knows the key there is
// nothing to guess.
func (c *Config) guessKey(name string, listed map[string]Setting) (string, bool) {
	name = strings.TrimSuffix(name, fileSuffix)
	for key := range c.decoded {
		if variable(key) == name {
			return "", false
		}
	}
	for key := range listed {
		if variable(key) == name {
			return key, true
		}
	}
	return appSection + "." + strings.ToLower(strings.TrimPrefix(name, appPrefix)), true
}

// mask hides what is secret of a value.
func mask(key, text string, tag tags) string {
	switch {
	case text == "" || tag.secret == "false":
		return text
	case tag.secret == "true":
		return masked
	case tag.secret == "url" || strings.Contains(text, "://"):
		return maskURL(text)
	case strings.HasPrefix(key, appSection+".") && soundsSecret(key):
		return masked
	}
	return text
}

// soundsSecret reports whether people keep secrets under such a key.
func soundsSecret(key string) bool {
	return slices.ContainsFunc([]string{"secret", "password", "passwd", "token", "api_key", "apikey", "private", "credential", "dsn"}, func(word string) bool {
		return strings.Contains(strings.ToLower(key), word)
	})
}

// maskURL hides the password of a URL, in the user part and in the query.
func maskURL(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return masked
	}
	_, has := u.User.Password()
	if !has && u.RawQuery == "" {
		return text
	}
	if has {
		// Not u.User: its String would escape the stars.
		user := url.User(u.User.Username()).String()
		u.User = nil
		rest := strings.TrimPrefix(maskQuery(u), u.Scheme+"://")
		return u.Scheme + "://" + user + ":" + masked + "@" + rest
	}
	return maskQuery(u)
}

// maskQuery returns the URL with secret query values hidden.
func maskQuery(u *url.URL) string {
	if u.RawQuery == "" {
		return u.String()
	}
	pairs := strings.Split(u.RawQuery, "&")
	for i, pair := range pairs {
		if name, _, ok := strings.Cut(pair, "="); ok && soundsSecret(name) {
			pairs[i] = name + "=" + masked
		}
	}
	u.RawQuery = strings.Join(pairs, "&")
	return u.String()
}
