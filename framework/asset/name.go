package asset

import (
	"errors"
	"io/fs"
	"net/url"
	"path"
	"strings"
)

// Prefix is the URL path below which static files are served.
const Prefix = "/static/"

// fingerprintLength is the number of hex digits in the name of an asset: 48
// bits tell the versions of one file apart.
const fingerprintLength = 12

// assetName puts a fingerprint before the extension: css/site.css becomes
// css/site.3fa9c1d2e4b5.css, LICENSE becomes LICENSE.3fa9c1d2e4b5.
func assetName(name, hash string) string {
	ext := path.Ext(name)
	return strings.TrimSuffix(name, ext) + "." + hash[:fingerprintLength] + ext
}

// splitAsset takes the fingerprint out of the name of an asset. A name without
// extension has it at the end.
func splitAsset(asset string) (name, fingerprint string, ok bool) {
	dir, base := path.Split(asset)
	ext := path.Ext(base)
	stem := strings.TrimSuffix(base, ext)
	if f := strings.TrimPrefix(path.Ext(stem), "."); isFingerprint(f) {
		return dir + strings.TrimSuffix(stem, "."+f) + ext, f, true
	}
	if f := strings.TrimPrefix(ext, "."); isFingerprint(f) && stem != "" {
		return dir + stem, f, true
	}
	return "", "", false
}

func isFingerprint(text string) bool {
	return len(text) == fingerprintLength && isHex(text)
}

func isHex(text string) bool {
	return strings.Trim(text, "0123456789abcdef") == ""
}

// errName is returned for names that are never served.
var errName = errors.New("asset: names have no hidden parts, no backslash and no control characters")

// checkName refuses names that a URL cannot carry safely: those outside the
// root, hidden files, backslashes (a separator elsewhere) and control bytes.
func checkName(name string) error {
	if !fs.ValidPath(name) || name == "." {
		return errName
	}
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(part, ".") {
			return errName
		}
	}
	if strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }) {
		return errName
	}
	return nil
}

// urlPath returns the path of a name below [Prefix], escaped.
func urlPath(name string) string {
	return (&url.URL{Path: Prefix + name}).EscapedPath()
}

// Servable reports whether a name below a root may be served at all: it leads
// nowhere else, and has no hidden parts, no backslash and no control characters.
func Servable(name string) bool { return checkName(name) == nil }
