package config

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// Static is the [static] section: the files that the front sends without
// asking the app. The app's own, in its folder static, need no setting.
type Static struct {
	// Memory bounds the small files that are kept ready to be sent. Others are
	// read when they are asked for.
	Memory Size `key:"memory" help:"memory for small files that are kept ready to be sent"`
	// Sendfile are directories whose files the front may send for the app, which
	// names one by the field X-Sendfile, as Context.SendFile does. Without them
	// workers send their files themselves.
	Sendfile []string `key:"sendfile" help:"directories whose files the app may have sent by the front, like data/uploads"`
	// Directories are the [static.directories.NAME] sections, by name.
	Directories map[string]Directory `key:"directories"`
}

// Directory is a [static.directories.NAME] section: files that are served as
// they are on the disk, each below a prefix of the URL's path. Of several
// prefixes that fit the longest is tried first; what no directory has is a
// request for the app.
//
//	[static.directories.media]
//	prefix  = "/media/"
//	path    = "data/media"
//	max_age = "1h"
type Directory struct {
	// Prefix is where the files are in URLs: "/media/", or "/" for all that
	// the app does not answer otherwise.
	Prefix string `key:"prefix" help:"beginning of the URL's path, from / to /, like /media/"`
	// Path is the directory. Its hidden files are not served, and links that
	// lead out of it are not followed.
	Path string `key:"path" help:"directory whose files are served"`
	// MaxAge is how long browsers and proxies may keep a file without asking
	// whether it has changed. 0: they ask each time.
	MaxAge time.Duration `key:"max_age" help:"how long a file may be kept without asking for changes, 0s for not at all"`
	// Index is the file that a path stands for that ends with a slash, usually
	// index.html. Empty: such a path is the app's.
	Index string `key:"index" help:"file that a path ending with / stands for, like index.html; empty for none"`
	// Precompressed sends x.css.br, x.css.zst or x.css.gz for x.css to clients
	// that can read it. They must have been made of what x.css is now.
	Precompressed bool `key:"precompressed" help:"whether x.br, x.zst and x.gz are sent for x to clients that can read them"`
	// Untrusted is for files that strangers may have put there: browsers save
	// what is no picture instead of showing it, and run no script in any.
	Untrusted bool `key:"untrusted" help:"whether strangers may have written the files: only pictures are shown then"`
}

// maxAge bounds how long a file is kept: RFC 9111 caches heed no more.
const maxAge = 365 * 24 * time.Hour

// invalidDirectory is invalid for the key of a directory.
func (c *Config) invalidDirectory(name, key string) string {
	d, ok := c.Static.Directories[name]
	if !ok {
		return "" // a name that is a fault itself
	}
	switch key {
	case "prefix":
		return unless(isPrefix(d.Prefix), "a path that begins and ends with /, like /media/, without escapes, dots or a query")
	case "path":
		return unless(d.Path != "", "a directory, like data/media")
	case "max_age":
		return between(d.MaxAge, 0, maxAge)
	case "index":
		return unless(d.Index == "" || filepath.IsLocal(d.Index) && path.Base(d.Index) == d.Index && d.Index[0] != '.', "the name of a file, like index.html, or nothing")
	}
	return ""
}

// isPrefix allows what whole segments of a path begin with.
func isPrefix(prefix string) bool {
	return prefix == "/" || strings.HasSuffix(prefix, "/") && isMountPath(prefix)
}

// checkDirectories looks at what is wrong with directories as a whole.
func (l *loader) checkDirectories() {
	names := sortedKeys(l.conf.Static.Directories)
	for i, name := range names {
		key := join("static.directories", name)
		if !isName(name) {
			l.faultAt(key, key+": expected a name of letters, digits, - and _, at most 64")
		}
		for _, other := range names[:i] {
			if l.conf.Static.Directories[other].Prefix == l.conf.Static.Directories[name].Prefix {
				place := join("static.directories", other)
				l.faultAt(key, fmt.Sprintf("%s: has the prefix of %s (%s): change one of them", key, place, l.placeOf(place)))
			}
		}
	}
}
