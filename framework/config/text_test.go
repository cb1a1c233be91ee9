package config

import (
	"math"
	"testing"
	"time"
)

func TestSize(t *testing.T) {
	for text, want := range map[string]Size{
		"0": 0, "512": 512, "64KiB": 64 << 10, "10MiB": 10 << 20, "10 MiB": 10 << 20, "1GiB": 1 << 30, "2TiB": 2 << 40, "9223372036854775807": math.MaxInt64,
	} {
		got, err := ParseSize(text)
		if err != nil || got != want {
			t.Errorf("ParseSize(%q) = %d, %v; want %d", text, got, err, want)
		}
		if again, err := ParseSize(got.String()); err != nil || again != got {
			t.Errorf("%d is written %q, which reads %d, %v", got, got, again, err)
		}
	}
	for _, text := range []string{"", "KiB", "-1", "+1", "1.5MiB", "1MB", "1kib", " 1", "1  KiB", "9223372036854775808", "8388608TiB", "0x10"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("ParseSize(%q) = %d, want an error", text, got)
		}
	}
}

func TestDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"30s": 30 * time.Second, "1m30s": 90 * time.Second, "5m": 5 * time.Minute, "12h": 12 * time.Hour, "30d": 30 * day, "36h": 36 * time.Hour, "0s": 0, "1h30m": 90 * time.Minute, "-1s": -time.Second,
	} {
		got, err := parseDuration(text)
		if err != nil || got != want {
			t.Errorf("parseDuration(%q) = %v, %v; want %v", text, got, err, want)
		}
		if written := formatDuration(want); written != text {
			t.Errorf("%v is written %q, want %q", want, written, text)
		}
	}
	if got, err := parseDuration("1d12h"); err != nil || got != 36*time.Hour {
		t.Errorf("1d12h = %v, %v", got, err)
	}
	for _, text := range []string{"", "30", "d", "-1d", "1d-1h", "1.5d", "1y", "106752d", "106751d24h", "1d1d"} {
		if got, err := parseDuration(text); err == nil {
			t.Errorf("parseDuration(%q) = %v, want an error", text, got)
		}
	}
}

func TestNearest(t *testing.T) {
	keys := []string{"name", "env", "server.listen", "server.max_body", "workers.count", "log.level"}
	for name, want := range map[string]string{
		"nmae": "name", "Server.Listen": "server.listen", "server.lsiten": "server.listen", "server.maxbody": "server.max_body",
		"listen": "server.listen", "worker.count": "workers.count", "e": "", "zzz": "", "": "", "colour": "",
	} {
		if got := nearestKey(name, keys); got != want {
			t.Errorf("nearestKey(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestVariablesAreUnique(t *testing.T) {
	seen := map[string]string{}
	for _, s := range Default("/").Settings() {
		for _, name := range variables(s.Key) {
			if other, twice := seen[name]; twice {
				t.Errorf("%s sets both %s and %s", name, other, s.Key)
			}
			seen[name] = s.Key
		}
	}
	for _, name := range reserved() {
		if key, taken := seen[name]; taken {
			t.Errorf("%s is reserved and sets %s", name, key)
		}
	}
}
