package wire

import "testing"

func TestSendsFile(t *testing.T) {
	for _, c := range []struct {
		files, path string
		want        bool
	}{
		{"/srv/up", "/srv/up/a.png", true},
		{"/srv/up", "/srv/up/a/b", true},
		{"/srv/up/", "/srv/up/a.png", true},
		{"/x\x00/srv/up\x00/y", "/srv/up/한글", true},
		{"/", "/etc/hosts", true},
		{"", "/srv/up/a.png", false},
		{"/srv/up", "/srv/up", false},
		{"/srv/up", "/srv/upper/a", false},
		{"/srv/up", "/srv/a", false},
		{"/srv/up", "srv/up/a", false},
		{"/srv/up", "/srv/up/a\nX-Evil: 1", false},
	} {
		if got := (&Facts{Files: c.files}).SendsFile(c.path); got != c.want {
			t.Errorf("%q of %q: %v", c.path, c.files, got)
		}
	}
}
