package config

import (
	"strings"

	"github.com/dram-go/dram/framework/nearest"
)

// nearestKey returns the key that name was probably meant to be, or "". A key
// in the wrong section is the second most common slip after a typing error,
// so an equal last part counts as near too.
func nearestKey(name string, keys []string) string {
	if key := nearest.Name(name, keys); key != "" {
		return key
	}
	for _, key := range keys {
		if lastPart(key) == lastPart(name) {
			return key
		}
	}
	return ""
}

// lastPart returns what follows the last dot of a key.
func lastPart(key string) string { return key[strings.LastIndexByte(key, '.')+1:] }
