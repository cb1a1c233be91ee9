package config

import (
	"fmt"
	"slices"
)

// Idle returns an error for each setting that somebody set and that changes
// nothing beside the others: where it was set, what it lacks, how to mend it.
// Such a setting is a promise that is not kept, as tls.certificates without
// tls.listen. A server refuses to start with one; a program that uses a part of
// the settings alone need not ask.
func (c *Config) Idle() (faults []error) {
	add := func(key, why string) {
		switch c.origins[key].from {
		case "", "default", "program": // nobody who could mend it
		default:
			faults = append(faults, fmt.Errorf("%s: %s: has no effect %s", c.Where(key), key, why))
		}
	}
	for _, key := range c.idleTLS() {
		add(key, `without tls.listen: set that (tls.listen = ":443"), or remove this`)
	}
	if c.TLS.HSTS == 0 && c.TLS.HSTSSubdomains && (c.TLS.Listen != "" || len(c.Server.TrustedProxies) > 0) {
		add("tls.hsts_subdomains", `without tls.hsts: set that (tls.hsts = "24h"), or remove this`)
	}
	if !c.Cache.On {
		for _, key := range []string{"cache.size", "cache.max_entry", "cache.wait", "cache.cookies"} {
			add(key, "with cache.on = false: remove one of them")
		}
	}
	if c.Limits.ConnectionRate == 0 {
		add("limits.connection_burst", "with limits.connection_rate = 0, which allows any number: remove one of them")
	}
	if c.Limits.RequestRate == 0 {
		add("limits.request_burst", "with limits.request_rate = 0, which allows any number: remove one of them")
	}
	if c.Log.Access == "off" {
		for _, key := range []string{"log.access_file", "log.access_query"} {
			add(key, `with log.access = "off": remove one of them`)
		}
	}
	for _, name := range sortedKeys(c.Mounts) {
		c.idleMount(join("mounts", name), c.Mounts[name], add)
	}
	return faults
}

// idleTLS are the settings of https when there is none. Behind a proxy that
// speaks https for us, what browsers are told of it is heeded all the same.
func (c *Config) idleTLS() []string {
	if c.TLS.Listen != "" {
		return nil
	}
	keys := []string{"tls.certificates", "tls.watch", "tls.min_version", "tls.http2", "tls.redirect"}
	if len(c.Server.TrustedProxies) == 0 {
		keys = append(keys, "tls.hsts", "tls.hsts_subdomains")
	}
	return keys
}

func (c *Config) idleMount(key string, m Mount, add func(key, why string)) {
	if m.Cache && !c.Cache.On {
		add(key+".cache", "with cache.on = false: remove one of them")
	}
	if m.KeepPrefix && m.Prefix() == "" {
		add(key+".keep_prefix", "without a path, which would be the prefix: remove it")
	}
	if m.App == "" && !c.speaksTLS(m) {
		for _, inner := range []string{"ca", "server_name", "insecure_skip_verify"} {
			add(key+".tls."+inner, "without an upstream of https://: remove it")
		}
	} else if m.TLS.InsecureSkipVerify {
		add(key+".tls.ca", "with insecure_skip_verify = true, which takes any certificate: remove that")
	}
	if m.Health.Path == "" && m.App == "" {
		for _, inner := range []string{"interval", "timeout", "rise", "fall"} {
			add(key+".health."+inner, `without health.path: set that (health.path = "/healthz"), or remove this`)
		}
	}
}

// speaksTLS reports that one of the upstreams of a mount does.
func (c *Config) speaksTLS(m Mount) bool {
	return slices.ContainsFunc(m.Upstreams, func(text string) bool {
		at, err := c.ParseUpstream(text)
		return err == nil && at.Secure
	})
}
