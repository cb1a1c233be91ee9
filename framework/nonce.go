package dram

import (
	"crypto/rand"
	"errors"
	"net/http"
	"slices"
	"strings"
)

// Nonce returns the value with which one script or style of this response may
// stand in the page itself: <script nonce="{{nonce}}">. It is made when it is
// first asked for, and only then it is added to the Content-Security-Policy.
// The page belongs to one visitor from then on, so [Context.Public] does not
// hold for it. After the header is sent there is none.
func (c *Context) Nonce() (string, error) {
	c.x.mu.Lock()
	defer c.x.mu.Unlock()
	if c.x.nonce != "" {
		return c.x.nonce, nil
	}
	if c.x.sent {
		return "", errors.New("dram: a nonce is needed before the header is sent, as the header names it")
	}
	c.x.nonce = rand.Text()
	return c.x.nonce, nil
}

// allowNonce adds a nonce to the policies that the response has.
func allowNonce(header http.Header, nonce string) {
	for i, policy := range header["Content-Security-Policy"] {
		header["Content-Security-Policy"][i] = withNonce(policy, "'nonce-"+nonce+"'")
	}
}

// withNonce adds a source to those of scripts and styles. A policy says
// default-src for what it does not name (CSP level 3, section 6.1.3), so these
// sources are repeated; a policy that has neither allows everything anyway.
func withNonce(policy, source string) string {
	var directives []string
	var standard []string // sources of default-src
	named, limited := map[string]bool{}, false
	for directive := range strings.SplitSeq(policy, ";") {
		words := strings.Fields(directive)
		if len(words) == 0 {
			continue
		}
		switch name := strings.ToLower(words[0]); name {
		case "script-src", "style-src":
			named[name] = true
			words = append(withoutNone(words), source)
		case "default-src":
			standard, limited = withoutNone(words[1:]), true
		}
		directives = append(directives, strings.Join(words, " "))
	}
	for _, name := range []string{"script-src", "style-src"} {
		if limited && !named[name] {
			words := append([]string{name}, standard...)
			directives = append(directives, strings.Join(append(words, source), " "))
		}
	}
	return strings.Join(directives, "; ")
}

// withoutNone leaves out 'none', which may only stand alone.
func withoutNone(words []string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(word string) bool { return strings.EqualFold(word, "'none'") })
}
