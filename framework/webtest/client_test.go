package webtest_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/webtest"
)

// sent returns what the echo route got.
func sent(r *webtest.Response) map[string]string {
	got := map[string]string{}
	r.Status(200).JSON(&got)
	return got
}

func TestHeadersOfABrowser(t *testing.T) {
	site := newSite(t)
	get := sent(site.Get("echo"))
	for name, want := range map[string]string{
		"method": "GET", "host": "localhost", "uri": "/echo", "url": "/echo",
		"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Origin": "", "Cookie": "",
	} {
		if get[name] != want {
			t.Errorf("GET: %s is %q, want %q", name, get[name], want)
		}
	}
	if !strings.HasPrefix(get["Accept"], "text/html,") {
		t.Errorf("Accept is %q", get["Accept"])
	}
	post := sent(site.Submit("echo", form("a b")))
	for name, want := range map[string]string{
		"method": "POST", "body": "text=a+b", "Content-Type": "application/x-www-form-urlencoded",
		"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost",
	} {
		if post[name] != want {
			t.Errorf("POST: %s is %q, want %q", name, post[name], want)
		}
	}
	if got := sent(site.Submit("echo")); got["body"] != "" || got["method"] != "POST" {
		t.Errorf("a button sent %v", got)
	}
	if got := sent(site.SendJSON("PUT", "echo", map[string]int{"a": 1})); got["body"] != `{"a":1}` || got["Accept"] != "application/json" || got["Content-Type"] != "application/json" {
		t.Errorf("SendJSON sent %v", got)
	}
	if got := sent(site.GetPath("/echo?a=1#fragment")); got["uri"] != "/echo?a=1" {
		t.Errorf("sent %q", got["uri"])
	}
}

func TestWith(t *testing.T) {
	site := newSite(t)
	english := site.With("accept-language", "en").With("Sec-Fetch-Site", "cross-site")
	got := sent(english.Get("echo"))
	if got["Accept-Language"] != "en" || got["Sec-Fetch-Site"] != "cross-site" {
		t.Errorf("sent %v", got)
	}
	if got := sent(site.Get("echo")); got["Accept-Language"] != "" || got["Sec-Fetch-Site"] != "same-origin" {
		t.Errorf("the first visitor changed: %v", got)
	}
	english.GetPath("/cookie/session")
	if got := sent(site.Get("echo")); got["Cookie"] != "a=1" {
		t.Errorf("the same visitor has other cookies: %q", got["Cookie"])
	}
}

func TestDo(t *testing.T) {
	site := newSite(t)
	site.GetPath("/cookie/session")
	r := httptest.NewRequest("DELETE", "/echo", strings.NewReader("x"))
	r.Header.Set("Accept", "text/plain")
	got := sent(site.Do(r))
	if len(r.Header) != 1 {
		t.Errorf("the caller's request was changed: %v", r.Header)
	}
	if got["method"] != "DELETE" || got["Accept"] != "text/plain" || got["Cookie"] != "a=1" || got["Origin"] != "http://example.com" {
		t.Errorf("sent %v", got)
	}
}

func TestCookies(t *testing.T) {
	site := newSite(t)
	cookies := func(path string) string {
		t.Helper()
		return sent(site.GetPath(path))["Cookie"]
	}
	for _, kind := range []string{"session", "short", "path", "default"} {
		site.GetPath("/cookie/" + kind)
	}
	if got := cookies("/echo"); got != "a=1; b=2" {
		t.Errorf("sent %q", got)
	}
	if a, ok := site.Cookie("c"); !ok || a != "3" {
		t.Errorf("cookie c is %q, %v", a, ok)
	}
	if got := cookies("/echo?x=/cookie"); got != "a=1; b=2" {
		t.Errorf("sent %q", got)
	}
	site.Clock.Advance(2 * time.Minute)
	if got := cookies("/echo"); got != "a=1" {
		t.Errorf("after two minutes sent %q", got)
	}
	if _, ok := site.Cookie("b"); ok {
		t.Error("an expired cookie is there")
	}
	if got := sent(site.Visitor().Get("echo"))["Cookie"]; got != "" {
		t.Errorf("another visitor sent %q", got)
	}
	site.GetPath("/cookie/delete")
	if got := cookies("/echo"); got != "" {
		t.Errorf("after deletion sent %q", got)
	}
}

func TestCookiePaths(t *testing.T) {
	site := newSite(t)
	site.GetPath("/cookie/path")
	site.GetPath("/cookie/default")
	site.Submit("create", form("x"))
	for path, want := range map[string]bool{"/cookie": true, "/cookie/x/y": true, "/cookies": false, "/other": false} {
		if line := sent(site.GetPath(path))["Cookie"]; strings.Contains(line, "c=3") != want || strings.Contains(line, "d=4") != want {
			t.Errorf("%s was sent %q", path, line)
		}
	}
}

func TestBadPaths(t *testing.T) {
	for _, path := range []string{"", "echo", "http://other.example/", "/a b", "/\n", "/%zz"} {
		got := failure(t, func(t testing.TB) { newSite(t).GetPath(path) })
		if !strings.Contains(got, "a path of the site begins with a slash") {
			t.Errorf("%q: %q", path, got)
		}
	}
	got := failure(t, func(t testing.TB) { newSite(t).Get("nowhere", 1) })
	if got != `there is no route named "nowhere" for 1 values` {
		t.Errorf("got %q", got)
	}
}
