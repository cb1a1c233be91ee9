package front

import (
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/dram-go/dram/framework/config"
)

func testMounts(t testing.TB) mounts {
	conf := config.Default(t.TempDir())
	conf.Mounts = map[string]config.Mount{
		"flask":   {Path: "/flask"},
		"admin":   {Path: "/flask/admin/"},
		"shop":    {Host: "Shop.Example.org", Path: "/"},
		"cart":    {Host: "shop.example.org.", Path: "/cart"},
		"below":   {Host: "*.example.org"},
		"deeper":  {Host: "*.deep.example.org"},
		"six":     {Host: "[::1]"},
		"korean":  {Path: "/가게"},
		"keeping": {Path: "/keep", KeepPrefix: true},
	}
	all, err := newMounts(conf)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestMountsFind(t *testing.T) {
	all := testMounts(t)
	for _, c := range []struct{ host, target, want string }{
		{"a.example", "/", ""},
		{"a.example", "/flask", "flask"},
		{"a.example", "/flask/", "flask"},
		{"a.example", "/flask?x=/flask/admin", "flask"},
		{"a.example", "/flask/x/y", "flask"},
		{"a.example", "/flasks", ""},
		{"a.example", "/Flask", ""},
		{"a.example", "/x/flask", ""},
		{"a.example", "/flask/admin", "admin"},
		{"a.example", "/flask/admin/x", "admin"},
		{"a.example", "/flask/administrator", "flask"},
		{"a.example", "/%66lask/x", "flask"},
		{"a.example", "/flask%2Fadmin", ""},
		{"a.example", "/flask/%61dmin", "admin"},
		{"a.example", "/flask//admin", "flask"},
		{"a.example", "//flask/x", ""},
		{"a.example", "/%EA%B0%80%EA%B2%8C/1", "korean"},
		{"a.example", "/flask/a/../b", "flask"},
		{"a.example", "/flask/.../b", "flask"},
		{"a.example", "/flask/.", "flask"},
		// What means something else once its dots are resolved.
		{"a.example", "/flask/../x", "unclear"},
		{"a.example", "/flask/%2e%2E/x", "unclear"},
		{"a.example", "/x/../flask", "unclear"},
		{"a.example", "/./flask", "unclear"},
		{"a.example", "/flask/x/../admin/y", "unclear"},
		{"a.example", "/flask/admin/..", "unclear"},
		{"a.example", "/x/../y", ""},
		// What some servers take for that: with parameters, as one segment, or
		// with slashes merged.
		{"a.example", "/flask/..;/x", "unclear"},
		{"a.example", "/flask/..;a=b/x", "unclear"},
		{"a.example", "/flask/%2e%2e;/x", "unclear"},
		{"a.example", "/flask/..%3B/x", "unclear"},
		{"a.example", "/flask/..%2fx", "unclear"},
		{"a.example", "/flask/a/..%2F..%2Fx", "unclear"},
		{"a.example", "/flask/..%5cx", "unclear"},
		{"a.example", "/flask/%2e%2e%2f%2e%2e/x", "unclear"},
		{"a.example", "/flask//../x", "unclear"},
		{"a.example", "/flask///..//../x", "unclear"},
		{"a.example", "/x/..%2fflask", "unclear"},
		{"a.example", "/x/..;/flask/", "unclear"},
		{"a.example", "/flask/x..%2Fy", "flask"},
		{"a.example", "/flask%2Fa..b", ""},
		{"a.example", "/flask/a;b/..;c/d", "flask"},
		{"a.example", "/flask/a..b/...;/d", "flask"},
		{"a.example", "/x/..%2fy", ""},
		// Hosts.
		{"shop.example.org", "/flask", "shop"},
		{"SHOP.example.ORG:8080", "/", "shop"},
		{"shop.example.org.", "/cart/1", "cart"},
		{"shop.example.org.:80", "/cart", "cart"},
		{"a.example.org", "/cart", "below"},
		{"a.b.example.org", "/", "below"},
		{"a.deep.example.org", "/", "deeper"},
		{"deep.example.org", "/", "below"},
		{"example.org", "/flask", "flask"},
		{"notexample.org", "/", ""},
		{"[::1]:80", "/", "six"},
		{"::1", "/", "six"},
		{"", "/flask", "flask"},
	} {
		m, clear := all.find(c.host, pathOnly(c.target))
		got := ""
		switch {
		case !clear:
			got = "unclear"
		case m != nil:
			got = m.name
		}
		if got != c.want {
			t.Errorf("%s %s: mount %q, want %q", c.host, c.target, got, c.want)
		}
	}
	if m, clear := all.find("shop.example.org", "*"); m == nil || m.name != "shop" || !clear {
		t.Errorf("OPTIONS * at the host of a mount: %v, %v", m, clear)
	}
}

func TestInsideAMount(t *testing.T) {
	all := testMounts(t)
	for _, c := range []struct{ target, want, prefix string }{
		{"/flask", "/", "/flask"},
		{"/flask?", "/?", "/flask"},
		{"/flask/?a=b&c", "/?a=b&c", "/flask"},
		{"/flask/x/y?z", "/x/y?z", "/flask"},
		{"/%66lask/x", "/x", "/flask"},
		{"/flask//x", "//x", "/flask"},
		{"/flask/a%2Fb/%2F", "/a%2Fb/%2F", "/flask"},
		{"/flask/a/../b", "/a/../b", "/flask"},
		{"/flask/%C3%A9/~!$&'()*+,;=:@", "/%C3%A9/~!$&'()*+,;=:@", "/flask"},
		{"/flask/admin/", "/", "/flask/admin"},
		{"/%EA%B0%80%EA%B2%8C/1", "/1", "/%EA%B0%80%EA%B2%8C"},
		{"/keep/x", "/keep/x", "/keep"},
	} {
		m, _ := all.find("a.example", pathOnly(c.target))
		if m == nil {
			t.Errorf("%s: no mount", c.target)
			continue
		}
		path := pathOnly(c.target)
		if got := m.inside(path, c.target[len(path):]); got != c.want || m.prefix != c.prefix {
			t.Errorf("%s: inside %s below %s, want %s below %s", c.target, got, m.prefix, c.want, c.prefix)
		}
	}
}

func pathOnly(target string) string {
	path, _, _ := strings.Cut(target, "?")
	return path
}

// FuzzMounts: where a path climbs, a server that decodes it at once, cuts off
// parameters and merges slashes finds it in the same mount, or it is refused.
func FuzzMounts(f *testing.F) {
	all := testMounts(f)
	for _, path := range []string{"/flask/..;/x", "/flask/..%2fx", "/keep//../x", `/flask/..\x`, "/flask/%2e%2E%5c..", "/x/..;/flask/admin", "*", "/"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, sent string) {
		plain, err := url.PathUnescape(sent)
		if err != nil || !strings.HasPrefix(sent, "/") && sent != "*" {
			return // refused before
		}
		m, clear := all.find("a.example", sent)
		if m != nil {
			if in := m.inside(sent, "?q"); in[0] != '/' && in[0] != '*' {
				t.Errorf("%q is %q inside", sent, in)
			}
		}
		segments := strings.Split(strings.ReplaceAll(plain, `\`, "/"), "/")
		climbs := false
		for i, segment := range segments {
			if dots, _, _ := strings.Cut(segment, ";"); dots == "." || dots == ".." {
				segments[i] = dots
				climbs = climbs || dots == ".."
			}
		}
		if lenient := path.Clean(strings.Join(segments, "/")); clear && climbs {
			if other := all.match("a.example", (&url.URL{Path: lenient}).EscapedPath()); other != m {
				t.Errorf("%q is of mount %v, and of %v as %q", sent, m, other, lenient)
			}
		}
	})
}

// TestTheRunDirectoryOfAnotherApp counts from the root of this one.
func TestTheRunDirectoryOfAnotherApp(t *testing.T) {
	conf := config.Default(t.TempDir())
	for name, app := range map[string]string{"relative": "../shop/.dram/run", "absolute": "/srv/shop", "itself": config.SelfApp} {
		m := config.DefaultMount()
		m.Path, m.App = "/"+name, app
		conf.Mounts = map[string]config.Mount{name: m}
		all, err := newMounts(conf)
		want := map[string]string{"relative": conf.Path("../shop/.dram/run"), "absolute": "/srv/shop", "itself": config.SelfApp}[name]
		if err != nil || all[0].App != want {
			t.Errorf("%s: %q, %v, want %q", name, all[0].App, err, want)
		}
	}
}
