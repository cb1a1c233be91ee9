package front

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/dram-go/dram/framework/config"
)

// told answers with the path and the prefix that an app gets, for a while.
func told(w http.ResponseWriter, r *http.Request) {
	if r.Method == "POST" {
		http.Redirect(w, r, r.Header.Get("X-Forwarded-Prefix")+"/page", http.StatusSeeOther)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=60")
	fmt.Fprintf(w, "%s below %q", r.URL.Path, r.Header.Values("X-Forwarded-Prefix"))
}

// TestThePrefixOfAProxy is what a trusted one took off the path; it stands
// before that of a mount. Nobody else has one.
func TestThePrefixOfAProxy(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(told))
	defer upstream.Close()
	for _, trusted := range []bool{true, false} {
		t.Run(fmt.Sprint("trusted ", trusted), func(t *testing.T) {
			conf := mountedAt(t, "/app", upstream.URL)
			kept := conf.Mounts["other"]
			kept.Path, kept.KeepPrefix = "/whole", true
			conf.Mounts["kept"] = kept
			conf.Server.TrustedProxies = []string{"192.0.2.1"}
			if trusted {
				conf.Server.TrustedProxies = []string{"127.0.0.1"}
			}
			s := newSiteOf(t, conf, nil)
			s.add(told)
			for _, c := range []struct{ path, said, want, without string }{
				{"/page", "/board", `/page below ["/board"]`, `/page below []`},
				{"/page", "/other", `/page below ["/other"]`, `/page below []`}, // another page for the cache
				{"/page", "", `/page below []`, `/page below []`},
				{"/app/page", "/a/b/", `/page below ["/a/b/app"]`, `/page below ["/app"]`},
				{"/app/page", "", `/page below ["/app"]`, `/page below ["/app"]`},
				{"/whole/page", "/board", `/whole/page below ["/board"]`, `/whole/page below []`},
				{"/page", "//evil.example", `/page below []`, `/page below []`},
				{"/page", "https://evil.example", `/page below []`, `/page below []`},
			} {
				r := s.request("GET", c.path, nil)
				if c.said != "" {
					r.Header.Set("X-Forwarded-Prefix", c.said)
				}
				want := c.without
				if trusted {
					want = c.want
				}
				s.want(s.do(r), 200, want)
			}
		})
	}
}

// TestAChangeBehindAPrefix drops the page that Location names with the prefix.
func TestAChangeBehindAPrefix(t *testing.T) {
	conf := config.Default(t.TempDir())
	conf.Server.TrustedProxies = []string{"127.0.0.1"}
	s := newSiteOf(t, conf, nil)
	s.add(told)
	const prefix = "X-Forwarded-Prefix: /board"
	s.wantCache(s.ask("GET", "/page", prefix), "dram; fwd=uri-miss; stored")
	if got := s.ask("GET", "/page", prefix).Header.Get("Cache-Status"); !strings.HasPrefix(got, "dram; hit") {
		t.Errorf("Cache-Status %q", got)
	}
	s.wantCache(s.ask("GET", "/page"), "dram; fwd=uri-miss; stored")
	if r := s.ask("POST", "/change", prefix); r.StatusCode != 303 || r.Header.Get("Location") != "/board/page" {
		t.Fatalf("%d %v", r.StatusCode, r.Header)
	}
	s.wantCache(s.ask("GET", "/page", prefix), "dram; fwd=miss; stored")
	s.wantCache(s.ask("GET", "/page"), "dram; fwd=miss; stored")
}
