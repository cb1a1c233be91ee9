package forwarded

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

var proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:1::/48"), netip.MustParsePrefix("127.0.0.9/32")}

func TestApply(t *testing.T) {
	for name, c := range map[string]struct {
		peer, chain, proto, host string
		want                     string // address, scheme, host
	}{
		"untrusted peer":        {"203.0.113.1:5", "1.1.1.1", "https", "evil.example", "203.0.113.1:5 http app"},
		"trusted peer":          {"10.0.0.1:5", "203.0.113.9", "https", "board.example", "203.0.113.9:0 https board.example"},
		"forged in front":       {"10.0.0.1:5", "1.1.1.1, 203.0.113.9", "http", "", "203.0.113.9:0 http app"},
		"two proxies":           {"10.0.0.1:5", "1.1.1.1, 203.0.113.9, 10.2.3.4", "https", "", "203.0.113.9:0 https app"},
		"proxies alone":         {"10.0.0.1:5", "10.0.0.7, 10.0.0.8", "", "", "10.0.0.7:0 http app"},
		"no chain":              {"10.0.0.1:5", "", "https", "", "10.0.0.1:5 https app"},
		"no address":            {"10.0.0.1:5", "unknown", "", "", "10.0.0.1:5 http app"},
		"garbage before proxy":  {"10.0.0.1:5", "evil, 10.0.0.8", "", "", "10.0.0.8:0 http app"},
		"loopback from afar":    {"10.0.0.1:5", "127.0.0.1, 10.0.0.8", "", "", "10.0.0.8:0 http app"},
		"loopback alone":        {"10.0.0.1:5", "::1", "", "", "10.0.0.1:5 http app"},
		"loopback from here":    {"127.0.0.9:5", "127.0.0.1", "", "", "127.0.0.1:0 http app"},
		"IPv6":                  {"[2001:db8:1::1]:5", "2001:db8:2::7", "https", "", "[2001:db8:2::7]:0 https app"},
		"IPv6 in brackets":      {"10.0.0.1:5", "[2001:db8:2::7]", "", "", "[2001:db8:2::7]:0 http app"},
		"with a port":           {"10.0.0.1:5", "203.0.113.9:1234", "", "", "203.0.113.9:0 http app"},
		"IPv4 in IPv6":          {"[::ffff:10.0.0.1]:5", "::ffff:203.0.113.9", "", "", "203.0.113.9:0 http app"},
		"last proto of a list":  {"10.0.0.1:5", "", "http, https", "", "10.0.0.1:5 https app"},
		"bad host":              {"10.0.0.1:5", "", "", "a b", "10.0.0.1:5 http app"},
		"host with a path":      {"10.0.0.1:5", "", "", "board.example/admin", "10.0.0.1:5 http app"},
		"host with a user":      {"10.0.0.1:5", "", "", "me@board.example", "10.0.0.1:5 http app"},
		"host with a bad port":  {"10.0.0.1:5", "", "", "board.example:x", "10.0.0.1:5 http app"},
		"host with a port":      {"10.0.0.1:5", "", "", "board.example:81", "10.0.0.1:5 http board.example:81"},
		"host of IPv6":          {"10.0.0.1:5", "", "", "[::1]:81", "10.0.0.1:5 http [::1]:81"},
		"host of half IPv6":     {"10.0.0.1:5", "", "", "[::1", "10.0.0.1:5 http app"},
		"host of IPv6 and more": {"10.0.0.1:5", "", "", "[::1]x", "10.0.0.1:5 http app"},
		"peer without address":  {"@", "203.0.113.9", "https", "", "@ http app"},
		"unknown proto":         {"10.0.0.1:5", "", "gopher", "", "10.0.0.1:5 http app"},
		"nobody but the client": {"203.0.113.1:5", "", "", "", "203.0.113.1:5 http app"},
	} {
		t.Run(name, func(t *testing.T) {
			var got string
			h := func(_ http.ResponseWriter, r *http.Request) {
				scheme := "http"
				if r.TLS != nil {
					scheme = "https"
				}
				got = r.RemoteAddr + " " + scheme + " " + r.Host
			}
			request := func() *http.Request {
				r := httptest.NewRequest("GET", "/", nil)
				r.Host, r.RemoteAddr = "app", c.peer
				for field, value := range map[string]string{"X-Forwarded-For": c.chain, "X-Forwarded-Proto": c.proto, "X-Forwarded-Host": c.host} {
					if value != "" {
						r.Header.Set(field, value)
					}
				}
				return r
			}
			r := request()
			Apply(r, proxies)
			if h(nil, r); got != c.want {
				t.Errorf("Apply: %s, want %s", got, c.want)
			}
			if Handler(http.HandlerFunc(h), proxies).ServeHTTP(nil, request()); got != c.want {
				t.Errorf("Handler: %s, want %s", got, c.want)
			}
		})
	}
}

func TestHandlerTakesTheClaimsOfOthers(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Prefix", "Forwarded", "X-Real-Ip"} {
		r.Header.Set(name, "203.0.113.9")
	}
	r.Header.Set("X-Other", "stays")
	Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if len(r.Header) != 1 {
			t.Errorf("header %v", r.Header)
		}
	}), nil).ServeHTTP(nil, r)
}

func TestPrefix(t *testing.T) {
	for name, c := range map[string]struct{ peer, said, want string }{
		"trusted":        {"10.0.0.1:5", "/board", "/board"},
		"untrusted":      {"203.0.113.1:5", "/board", ""},
		"segments":       {"10.0.0.1:5", "/a/b-c_d.e~f/", "/a/b-c_d.e~f"},
		"escaped":        {"10.0.0.1:5", "/%EA%B2%8C%EC%8B%9C%ED%8C%90", "/%EA%B2%8C%EC%8B%9C%ED%8C%90"},
		"a list":         {"10.0.0.1:5", "/forged, /board", "/board"},
		"the root":       {"10.0.0.1:5", "/", ""},
		"nothing":        {"10.0.0.1:5", "", ""},
		"a site":         {"10.0.0.1:5", "//evil.example", ""},
		"a URL":          {"10.0.0.1:5", "https://evil.example/a", ""},
		"no slash":       {"10.0.0.1:5", "board", ""},
		"dots":           {"10.0.0.1:5", "/a/../b", ""},
		"escaped dots":   {"10.0.0.1:5", "/a/%2e%2E/b", ""},
		"escaped slash":  {"10.0.0.1:5", "/a%2fb", ""},
		"backslash":      {"10.0.0.1:5", `/\evil.example`, ""},
		"escaped escape": {"10.0.0.1:5", "/a%0d", ""},
		"half an escape": {"10.0.0.1:5", "/a%2", ""},
		"a query":        {"10.0.0.1:5", "/a?b", ""},
		"markup":         {"10.0.0.1:5", `/"><script>`, ""},
		"no text":        {"10.0.0.1:5", "/%FF", ""},
		"endless":        {"10.0.0.1:5", "/" + strings.Repeat("a", 300), ""},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		r.Header.Set("X-Forwarded-Prefix", c.said)
		if got := Prefix(r, proxies); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		seen := "none"
		Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r.Header.Get("X-Forwarded-Prefix") }), proxies).ServeHTTP(httptest.NewRecorder(), r)
		if seen != c.want {
			t.Errorf("%s: the handler sees %q, want %q", name, seen, c.want)
		}
	}
}

// FuzzApply: whatever a proxy passes on, what comes out is an address and a host
// that the front would have taken from a client.
func FuzzApply(f *testing.F) {
	f.Add("1.1.1.1, 203.0.113.9", "https", "board.example:81", true)
	f.Add("[2001:db8:2::7]:5, ::ffff:10.0.0.1", "http,https", "[::1]", false)
	f.Add("[fe80::1%eth0]:5", "", "", false)
	f.Fuzz(func(t *testing.T, chain, proto, host string, near bool) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host, r.RemoteAddr = "app", "10.0.0.1:5"
		if near {
			r.RemoteAddr = "127.0.0.9:5"
		}
		r.Header = http.Header{"X-Forwarded-For": {chain}, "X-Forwarded-Proto": {proto}, "X-Forwarded-Host": {host}}
		Apply(r, proxies)
		a, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil || a.Addr().IsLoopback() && !near || a.Addr().Is4In6() || a.Addr().Zone() != "" {
			t.Errorf("%q makes %q", chain, r.RemoteAddr)
		}
		if u, err := url.Parse("http://" + r.Host + "/x"); err != nil || u.Host != r.Host || u.Path != "/x" || u.User != nil {
			t.Errorf("%q makes %q: %v", host, r.Host, err)
		}
	})
}
