package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWithChangesOneCopy(t *testing.T) {
	dir := write(t, "[app]\nsize = 1\n")
	conf := load(t, Options{Dir: dir, Flags: map[string]string{"app.size": "2"}})
	other := *conf
	for key, text := range map[string]string{"app.size": "3", "server.listen": ":1", "locale.zone": "Asia/Seoul"} {
		if err := other.With(key, text); err != nil {
			t.Fatal(err)
		}
	}
	size := func(c *Config) int {
		var s struct {
			Size int `key:"size"`
		}
		if err := c.Decode("app", &s); err != nil {
			t.Fatal(err)
		}
		return s.Size
	}
	if size(conf) != 2 || size(&other) != 3 {
		t.Errorf("sizes %d and %d, want 2 and 3", size(conf), size(&other))
	}
	if err := conf.With("app.size", "4"); err != nil {
		t.Fatal(err)
	}
	if got := setting(conf, "app.size"); got.Value != "4" || got.Origin != "flag app.size" || setting(&other, "app.size").Value != "3" {
		t.Errorf("after With behind Decode: %+v", got)
	}
	if conf.Server.Listen == ":1" || setting(conf, "server.listen").Origin != "default" {
		t.Error("With changed the copy it was not called on")
	}
	if other.Location().String() != "Asia/Seoul" || conf.Location().String() != "UTC" {
		t.Error("zones of copies are mixed up")
	}
}

func TestWithFault(t *testing.T) {
	conf := Default(t.TempDir())
	before := *conf
	for key, want := range map[string]string{
		"server.lisen":  "flag server.lisen: unknown key server.lisen, did you mean server.listen?",
		"server.listen": "flag server.listen: server.listen: expected HOST:PORT",
		"app":           "flag app: unknown key app",
		"":              "flag : unknown key ",
	} {
		if err := conf.With(key, "x"); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("With(%q): %v, want %s", key, err, want)
		}
	}
	if !cmp.Equal(conf.Server, before.Server) || len(conf.origins) != 0 {
		t.Error("With changed something and failed")
	}
}

// setting returns what Settings says about a key.
func setting(c *Config, key string) Setting {
	for _, s := range c.Settings() {
		if s.Key == key {
			return s
		}
	}
	return Setting{}
}

func TestAdoptKeepsTheOrigin(t *testing.T) {
	conf := Default(t.TempDir())
	if err := conf.Adopt(Setting{Key: "tls.listen", Value: ":443", Origin: "dram.toml:7"}); err != nil {
		t.Fatal(err)
	}
	if got := conf.Where("tls.listen"); got != "dram.toml:7" || conf.TLS.Listen != ":443" {
		t.Errorf("%s from %s", conf.TLS.Listen, got)
	}
	if err := conf.Adopt(Setting{Key: "tls.listen", Value: "443", Origin: "dram.toml:8"}); err == nil || conf.TLS.Listen != ":443" {
		t.Errorf("%v, listen %s", err, conf.TLS.Listen)
	}
}
