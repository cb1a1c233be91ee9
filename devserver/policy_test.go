package devserver

import (
	"net/http"
	"strings"
	"testing"
)

func TestAmendPolicies(t *testing.T) {
	const (
		script = "http://localhost:3000/__dev/client.js"
		parts  = "http://localhost:3000/__dev/"
	)
	tests := []struct {
		policies, want []string
		nonce          string // "new": a fresh one
	}{
		// Nothing stands in the way, nothing changes.
		{[]string{"script-src 'self'"}, []string{"script-src 'self'"}, ""},
		{[]string{"default-src 'self'; img-src *"}, []string{"default-src 'self'; img-src *"}, ""},
		{[]string{"frame-ancestors 'none'"}, []string{"frame-ancestors 'none'"}, ""},
		// The page's own nonce serves the tag.
		{[]string{"default-src 'none'; script-src 'nonce-abc='"},
			[]string{"default-src 'none'; script-src 'nonce-abc='; connect-src " + parts}, "abc="},
		// 'none' means none but us.
		{[]string{"script-src 'none'; connect-src 'none'"}, []string{"script-src " + script + "; connect-src " + parts}, ""},
		{[]string{"default-src 'none'"}, []string{"default-src 'none'; script-src-elem " + script + "; connect-src " + parts}, ""},
		// A nonce would switch 'unsafe-inline' off, a path does not.
		{[]string{"script-src 'unsafe-inline' https://cdn.example; style-src x"},
			[]string{"script-src 'unsafe-inline' https://cdn.example " + script + "; style-src x"}, ""},
		{[]string{"script-src-elem https://cdn.example; script-src 'self'"},
			[]string{"script-src-elem https://cdn.example " + script + "; script-src 'self'"}, ""},
		// Under 'strict-dynamic' only a nonce counts.
		{[]string{"script-src 'strict-dynamic' 'sha256-x'"}, []string{"script-src 'strict-dynamic' 'sha256-x' 'nonce-NEW'"}, "new"},
		{[]string{"script-src 'strict-dynamic' 'nonce-a'; connect-src 'self'"}, []string{"script-src 'strict-dynamic' 'nonce-a'; connect-src 'self'"}, "a"},
		// Several policies hold at once, in one header or in several.
		{[]string{"script-src 'nonce-a', script-src 'nonce-b'", "default-src 'none'"},
			[]string{"script-src 'nonce-a',script-src 'nonce-b' " + script, "default-src 'none'; script-src-elem " + script + "; connect-src " + parts}, "a"},
	}
	for _, test := range tests {
		h := http.Header{"Content-Security-Policy": test.policies}
		before := strings.Join(test.policies, " | ")
		nonce := amendPolicies(h, "localhost:3000")
		got := strings.Join(h["Content-Security-Policy"], " | ")
		if test.nonce == "new" {
			if len(nonce) < 16 {
				t.Errorf("%s: nonce %q", before, nonce)
			}
			got = strings.ReplaceAll(got, nonce, "NEW")
		} else if nonce != test.nonce {
			t.Errorf("%s: nonce %q, want %q", before, nonce, test.nonce)
		}
		if want := strings.Join(test.want, " | "); got != want {
			t.Errorf("%s\n got %s\nwant %s", before, got, want)
		}
	}
}

func TestAmendPolicyIPv6(t *testing.T) {
	h := http.Header{"Content-Security-Policy-Report-Only": {"script-src https://cdn.example"}}
	amendPolicies(h, "[::1]:3000")
	if got, want := h.Get("Content-Security-Policy-Report-Only"), "script-src https://cdn.example 'self'"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
