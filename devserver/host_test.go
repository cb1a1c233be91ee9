package devserver

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestHosts(t *testing.T) {
	tests := []struct {
		listen, host string
		want         bool
	}{
		{"", "localhost:3000", true},
		{"", "LOCALHOST", true},
		{"", "qna.localhost:3000", true},
		{"", "127.0.0.1:3000", true},
		{"", "127.8.9.10", true},
		{"", "[::1]:3000", true},
		{"", "[::ffff:127.0.0.1]:3000", true},
		{"", "evil.example:3000", false},
		{"", "localhost.evil.example", false},
		{"", "evillocalhost", false},
		{"", "127.0.0.1.evil.example", false},
		{"", "192.168.0.7:3000", false},
		{"", "", false},
		{"box.test:3000", "box.test:3000", true},
		{"box.test:3000", "BOX.TEST", true},
		{"box.test:3000", "other.test", false},
		{"0.0.0.0:3000", "192.168.0.7:3000", true}, // an address cannot be rebound
		{":3000", "192.168.0.7:3000", true},
		{"[::]:3000", "[fe80::1]:3000", true},
		{"0.0.0.0:3000", "evil.example", false},
		{"192.168.0.7:3000", "192.168.0.7:3000", true},
		{"192.168.0.7:3000", "192.168.0.8:3000", false},
	}
	for _, test := range tests {
		if got := newHosts(test.listen).allow(test.host); got != test.want {
			t.Errorf("--listen %q, Host %q: %v, want %v", test.listen, test.host, got, test.want)
		}
	}
}

func TestGuardHosts(t *testing.T) {
	say := func(text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(text)) })
	}
	h := guardHosts(newHosts(""), say("dev"), say("app"))
	tests := []struct {
		host, path, site, origin string
		status                   int
		body                     string
	}{
		{"localhost", "/", "", "", 200, "app"},
		{"localhost", "/", "cross-site", "http://evil.example", 200, "app"}, // the app's own affair
		{"evil.example", "/", "", "", 403, ""},
		{"evil.example", "/__dev/state", "same-origin", "", 403, ""},
		{"localhost", "/__dev/state", "same-origin", "", 200, "dev"},
		{"localhost", "/__dev/state", "none", "", 200, "dev"},
		{"localhost", "/__dev/state", "", "", 200, "dev"},
		{"localhost", "/__dev/state", "cross-site", "", 403, ""},
		{"localhost", "/__dev/state", "same-site", "", 403, ""},
		{"localhost:3000", "/__dev/state", "", "http://localhost:3000", 200, "dev"},
		{"localhost:3000", "/__dev/state", "", "http://localhost:4000", 403, ""},
		{"localhost", "/__development", "cross-site", "", 200, "app"},
	}
	for _, test := range tests {
		r := httptest.NewRequest("GET", test.path, nil)
		r.Host = test.host
		if test.site != "" {
			r.Header.Set("Sec-Fetch-Site", test.site)
		}
		if test.origin != "" {
			r.Header.Set("Origin", test.origin)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != test.status || test.body != "" && w.Body.String() != test.body {
			t.Errorf("%+v: %d %s", test, w.Code, w.Body)
		}
		if w.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%+v: sends a CORS header", test)
		}
	}
}
