package dram

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/dram-go/dram/framework/config"
)

// Public lets everybody keep the response, shared caches included, and answer
// with it for the time ttl; with 0 they must ask each time. It returns c. Any
// other response is private: only the browser that got it may keep it.
//
// A response that turns out to be one visitor's is private again, whatever was
// said here, and development logs why: if it used a session that the visitor
// has or gets, a nonce, the locale of a cookie, or sets a cookie. So a page that greets
// whoever is signed in is public for all that are not.
func (c *Context) Public(ttl time.Duration) *Context {
	value := "public, no-cache"
	if ttl > 0 {
		value = "public, max-age=" + strconv.Itoa(int((ttl+time.Second-1)/time.Second))
	}
	c.Writer.Header().Set("Cache-Control", value)
	where := ""
	if c.app.conf.Env != config.Production {
		where = callerOf()
	}
	c.x.mu.Lock()
	defer c.x.mu.Unlock()
	c.x.public = where
	return c
}

// guardCache decides who may keep the response, right before its header goes.
func (c *Context) guardCache(header http.Header) {
	if c.single() {
		header.Del("ETag")
		header.Del("Last-Modified")
	}
	if isPublic(header) {
		why := c.personal()
		if why == "" && len(header["Set-Cookie"]) > 0 {
			why = "it sets a cookie"
		}
		if why != "" {
			header.Set("Cache-Control", "private")
			c.warnPrivate(why)
		}
	}
	value := "private"
	if header.Get("ETag") != "" || header.Get("Last-Modified") != "" {
		value = "private, no-cache" // else browsers guess how long it is good
	}
	setDefault(header, "Cache-Control", value)
}

// isPublic reports whether shared caches may keep the response, which an age
// alone allows, too (RFC 9111 section 3).
func isPublic(header http.Header) bool {
	public := false
	for directive := range strings.SplitSeq(strings.Join(header["Cache-Control"], ","), ",") {
		name, _, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch strings.ToLower(name) {
		case "private", "no-store":
			return false
		case "public", "max-age", "s-maxage":
			public = true
		}
	}
	return public
}

// personal says why the response is for one visitor only, or "".
func (c *Context) personal() string {
	c.x.mu.Lock()
	defer c.x.mu.Unlock()
	s := c.x.session
	switch {
	case s != nil && s.Changed():
		return "it changes the visitor's session (a flash message does, too)"
	case s != nil && s.Touched() && len(c.Request.CookiesNamed(c.app.sessions.Cookie())) > 0:
		return "it uses the visitor's session"
	case c.x.nonce != "":
		return "it has a nonce"
	case c.x.ownLocale:
		return "its locale is that of the visitor's cookie"
	}
	return ""
}

func (c *Context) warnPrivate(why string) {
	c.x.mu.Lock()
	where := c.x.public
	c.x.mu.Unlock()
	if where != "" { // not in production, and not for a header set by hand
		c.Log().Warn("the response is private again", "because", why, "public", where, "path", c.Request.URL.Path)
	}
}

// ETag names the state of what the response shows by the values that it
// depends on, such as an id, a version and whether the visitor may edit, and
// reports whether the client has that state already:
//
//	if c.ETag(q.ID, q.Version) {
//		return c.NotModified()
//	}
//	return c.Render("question/detail.html", page)
//
// The locale of the request and the build of the program are part of the tag,
// for they change a page too. Who does not call NotModified still spares the
// body: Render, Text and JSON send none to a client that has it.
//
// A response that is good only once has no tag, and nobody is told that it is
// still good: one that shows flash messages or changes the session otherwise,
// and one with a nonce.
//
// Values are booleans, numbers, texts, []byte, times, and what has a String
// method; anything else is a mistake in the program and answered with 500. In
// development, where templates change without a build, there are no tags.
func (c *Context) ETag(values ...any) bool {
	if c.app.live != "" {
		return false
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\x00%s", c.app.buildID(), c.negotiated())
	for _, v := range values {
		if err := hashValue(sum, v); err != nil {
			fail(fmt.Errorf("ETag at %s: %w", callerOf(), err))
		}
	}
	// Weak: two responses that differ in bytes (a compressed one, another
	// request id) are the same to the reader.
	c.Writer.Header().Set("ETag", `W/"`+hex.EncodeToString(sum.Sum(nil)[:10])+`"`)
	return c.fresh()
}

// LastModified is [Context.ETag] for what is known to be as old as t. The zero
// time is not known.
func (c *Context) LastModified(t time.Time) bool {
	if t.IsZero() || c.app.live != "" {
		return false
	}
	header := c.Writer.Header()
	if header.Get("ETag") == "" {
		c.ETag(t) // changes with a build, which a time does not
	}
	header.Set("Last-Modified", t.UTC().Format(http.TimeFormat))
	return c.fresh()
}

// NotModified answers with 304: what the client has is still good.
func (c *Context) NotModified() error {
	header := c.Writer.Header()
	header.Del("Content-Type")
	header.Del("Content-Length")
	c.Writer.WriteHeader(http.StatusNotModified)
	return nil
}

// fresh reports whether the client may be told that what it has is still good.
// A page that would show a message waiting in the session is a new one.
func (c *Context) fresh() bool {
	return c.matches() && !c.single() && !c.flashWaits()
}

// single reports whether nobody may see this response again: it shows messages
// that are shown once, or changes the session otherwise, or has a nonce, which
// must be another in the policy of each response.
func (c *Context) single() bool {
	c.x.mu.Lock()
	defer c.x.mu.Unlock()
	s := c.x.session
	switch {
	case c.x.nonce != "":
		return true
	case s == nil:
		return false
	}
	// HEAD shows messages, too, and leaves them where they are.
	return s.Changed() || c.Request.Method == http.MethodHead && s.Touched() && s.Waiting()
}

// flashWaits looks for messages in the session of a visitor who has one.
func (c *Context) flashWaits() bool {
	if c.app.sessions == nil || len(c.Request.CookiesNamed(c.app.sessions.Cookie())) == 0 {
		return false
	}
	s, err := c.x.openSession(c.app, c.Request)
	return err == nil && s.Waiting()
}

// matches reports whether the client has what the header of the response
// describes (RFC 9110 section 13.2.2): its tag decides if it sent one, else its
// time.
func (c *Context) matches() bool {
	r := c.Request
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	header := c.Writer.Header()
	if known := r.Header.Values("If-None-Match"); len(known) > 0 {
		return hasTag(strings.Join(known, ","), header.Get("ETag"))
	}
	since, err := http.ParseTime(r.Header.Get("If-Modified-Since"))
	if err != nil {
		return false
	}
	modified, err := http.ParseTime(header.Get("Last-Modified"))
	return err == nil && !modified.After(since)
}

// hasTag compares weakly (RFC 9110 section 8.8.3.2).
func hasTag(list, tag string) bool {
	if tag == "" {
		return false
	}
	for known := range strings.SplitSeq(list, ",") {
		known = strings.TrimSpace(known)
		if known == "*" || strings.TrimPrefix(known, "W/") == strings.TrimPrefix(tag, "W/") {
			return true
		}
	}
	return false
}

// hashValue adds a value to a tag so that no two lists of values look alike.
func hashValue(sum hash.Hash, v any) error {
	var text string
	switch v := v.(type) {
	case time.Time:
		text = strconv.FormatInt(v.UnixNano(), 10)
	case fmt.Stringer:
		text = v.String()
	case []byte:
		text = string(v)
	default:
		switch r := reflect.ValueOf(v); {
		case r.Kind() == reflect.String, r.Kind() == reflect.Bool, r.CanInt(), r.CanUint(), r.CanFloat():
			text = fmt.Sprint(v)
		default:
			return fmt.Errorf("%T says nothing about a state: expected a number, a text, a time or what has String", v)
		}
	}
	fmt.Fprintf(sum, "\x00%d:%s", len(text), text)
	return nil
}

// buildID tells this program from the one that comes next: a hash of the
// executable file, made when it is first needed. Without one, which should not
// be, it is the time of that moment.
func (a *App) buildID() string {
	a.identity.once.Do(func() { a.identity.text = hashExecutable() })
	return a.identity.text
}

func hashExecutable() string {
	unknown := strconv.FormatInt(time.Now().UnixNano(), 10)
	path, err := os.Executable()
	if err != nil {
		return unknown
	}
	file, err := os.Open(path)
	if err != nil {
		return unknown
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return unknown
	}
	return hex.EncodeToString(sum.Sum(nil))
}
