package config

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// mail is a section of the test's app.
type mail struct {
	From string   `key:"from"`
	To   []string `key:"to"`
}

type peer struct {
	Name   string     `key:"name"`
	Addr   netip.Addr `key:"addr"`
	Weight uint8      `key:"weight"`
}

// board has a field of every kind that can be decoded.
type board struct {
	PageSize int               `key:"page_size" help:"questions on a page"`
	Ratio    float32           `key:"ratio"`
	Open     bool              `key:"open"`
	Cooldown time.Duration     `key:"cooldown"`
	Upload   Size              `key:"upload"`
	Since    time.Time         `key:"since"`
	Limit    *int              `key:"limit"`
	Ports    []int             `key:"ports"`
	Waits    []time.Duration   `key:"waits"`
	Mail     mail              `key:"mail"`
	Peers    []peer            `key:"peers"`
	Titles   map[string]string `key:"titles"`
	Home     netip.Addr        `key:"home"`
	APIKey   string            `key:"api_key" secret:"true"`
	Ignored  string            // no key: not a setting
}

const boardTOML = `
[app]
page_size = 20
ratio = 2
open = true
cooldown = "1m"
upload = "2KiB"
since = 2026-01-02T15:04:05Z
limit = 7
ports = [1, 2]
waits = ["1s", "2s"]
home = "::1"
api_key = "from-file"
titles = {ko = "질문", "en-US" = "Questions"}
[app.mail]
from = "a@example.org"
[[app.peers]]
name = "x"
addr = "10.0.0.1"
weight = 255
[[app.peers]]
name = "y"
`

func TestDecode(t *testing.T) {
	conf := load(t, Options{Dir: write(t, boardTOML)})
	got := board{Ignored: "kept", Mail: mail{To: []string{"default"}}}
	if err := conf.Decode("app", &got); err != nil {
		t.Fatal(err)
	}
	limit := 7
	want := board{
		PageSize: 20, Ratio: 2, Open: true, Cooldown: time.Minute, Upload: 2048,
		Since: time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC), Limit: &limit,
		Ports: []int{1, 2}, Waits: []time.Duration{time.Second, 2 * time.Second},
		Mail:   mail{From: "a@example.org", To: []string{"default"}},
		Peers:  []peer{{"x", netip.MustParseAddr("10.0.0.1"), 255}, {Name: "y"}},
		Titles: map[string]string{"ko": "질문", "en-US": "Questions"},
		Home:   netip.MustParseAddr("::1"), APIKey: "from-file", Ignored: "kept",
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("decoded (-want +got):\n%s", diff)
	}
}

func TestDecodeLayers(t *testing.T) {
	dir := write(t, boardTOML)
	writeFile(t, dir+"/key", "from-secret-file\n", 0o444)
	conf := load(t, Options{
		Dir: dir,
		Environ: []string{
			"DRAM_APP_PAGE_SIZE=30", "DRAM_APP_COOLDOWN=2d", "DRAM_APP_PORTS=3, 4", "DRAM_APP_MAIL_FROM=b@example.org",
			"DRAM_APP_SINCE=2027-01-01T00:00:00Z", "DRAM_APP_LIMIT=8", "DRAM_APP_API_KEY_FILE=key", "DRAM_APP_OPEN=", "DRAM_APP_HOME=::2",
		},
		Flags: map[string]string{"app.page_size": "40"},
	})
	if err := conf.With("app.ratio", "0.5"); err != nil {
		t.Fatal(err)
	}
	var got board
	if err := conf.Decode("app", &got); err != nil {
		t.Fatal(err)
	}
	if got.PageSize != 40 || got.Ratio != 0.5 || got.Cooldown != 2*day || !got.Open || *got.Limit != 8 ||
		got.Mail.From != "b@example.org" || got.APIKey != "from-secret-file" || got.Since.Year() != 2027 ||
		!cmp.Equal(got.Ports, []int{3, 4}) || got.Home != netip.MustParseAddr("::2") {
		t.Errorf("decoded %+v", got)
	}
}

func TestDecodeFaults(t *testing.T) {
	dir := write(t, `[app]
page_sise = 20
page_size = "20"
ratio = "x"
cooldown = 30
ports = [1, "two",
  3]
api_key = 5
home = "nowhere"
[app.mial]
from = "x"
to = []
[[app.peers]]
name = "x"
[[app.peers]]
naem = "y"
weight = 256
[app.titles]
ko = 3
`)
	conf := load(t, Options{
		Dir:     dir,
		Environ: []string{"DRAM_APP_PAGE_SISE=1", "DRAM_APP_OPEN=maybe", "DRAM_APP_TITLES=x", "DRAM_APP_API_KEY_FILE=missing", "DRAM_APP_WAITS=1s,x"},
		Flags:   map[string]string{"app.mail.form": "x"},
	})
	got := board{PageSize: 10}
	err := conf.Decode("app", &got)
	want := []string{
		`dram.toml:2: unknown key app.page_sise, did you mean app.page_size?`,
		`dram.toml:3: app.page_size: expected a whole number, found "20"`,
		`dram.toml:4: app.ratio: expected a number, found "x"`,
		`dram.toml:5: app.cooldown: expected a duration like "30s", "5m", "12h" or "30d", found 30`,
		`dram.toml:6: app.ports[1]: expected a whole number, found "two"`,
		`dram.toml:8: app.api_key: expected text in quotes`,
		`dram.toml:9: app.home: expected text that netip.Addr can read, found "nowhere" (ParseAddr("nowhere"): unable to parse IP)`,
		`dram.toml:10: unknown section [app.mial], did you mean [app.mail]?`,
		`dram.toml:16: unknown key app.peers[1].naem, did you mean app.peers[1].name?`,
		`dram.toml:17: app.peers[1].weight: expected a whole number from 0 to 255, found 256`,
		`dram.toml:19: app.titles.ko: expected text in quotes, found 3`,
		`DRAM_APP_OPEN: app.open: expected true or false, found "maybe"`,
		`DRAM_APP_WAITS: app.waits: expected a list separated by commas, each a duration like "30s", "5m", "12h" or "30d", found "1s,x"`,
		`DRAM_APP_TITLES: app.titles: expected a table, which only dram.toml can hold, found "x"`,
		`DRAM_APP_API_KEY_FILE: cannot read the secret: open ` + dir + `/missing: no such file or directory`,
		`DRAM_APP_PAGE_SISE: unknown variable DRAM_APP_PAGE_SISE, did you mean DRAM_APP_PAGE_SIZE?`,
		`flag app.mail.form: unknown key app.mail.form, did you mean app.mail.from?`,
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	if got.PageSize != 10 || got.Peers != nil {
		t.Errorf("a failed Decode changed the struct: %+v", got)
	}
}

func TestDecodePart(t *testing.T) {
	conf := load(t, Options{Dir: write(t, boardTOML), Environ: []string{"DRAM_APP_MAIL_TO=a,b", "DRAM_APP_PAGE_SIZE=1"}})
	var got mail
	if err := conf.Decode("app.mail", &got); err != nil {
		t.Fatal(err)
	}
	if got.From != "a@example.org" || !cmp.Equal(got.To, []string{"a", "b"}) {
		t.Errorf("decoded %+v", got)
	}
	if err := conf.Decode("app.none", &got); err != nil {
		t.Errorf("a section that nobody wrote: %v", err)
	}
	if err := conf.Decode("app.page_size", &got); err == nil || !strings.Contains(err.Error(), "app.page_size is a section") {
		t.Errorf("a value as a section: %v", err)
	}
}

func TestDecodeDefaultConfig(t *testing.T) {
	got := board{PageSize: 10}
	if err := Default("/srv/qna").Decode("app", &got); err != nil || got.PageSize != 10 {
		t.Errorf("decoded %+v, %v", got, err)
	}
}

// TestDecodeSlips: mistakes in the program are errors of another kind, found
// whatever the settings are.
func TestDecodeSlips(t *testing.T) {
	conf := Default("/srv/qna")
	tests := []struct {
		want    string
		section string
		dst     any
	}{
		{"give it a pointer", "app", board{}},
		{"give it a pointer", "app", nil},
		{"give it a pointer", "app", (*board)(nil)},
		{`not "server"`, "server", &board{}},
		{"which no setting can fill", "app", &struct {
			C chan int `key:"c"`
		}{}},
		{"which no setting can fill", "app", &struct {
			A []any `key:"a"`
		}{}},
		{"is not exported", "app", &struct {
			a int `key:"a"`
		}{}},
		{"have the same key", "app", &struct {
			A int `key:"a"`
			B int `key:"a"`
		}{}},
		{"have the same variable DRAM_APP_MAIL_FROM", "app", &struct {
			A mail `key:"mail"`
			B int  `key:"mail_from"`
		}{}},
		{"use letters", "app", &struct {
			A int `key:"a b"`
		}{}},
		{"use the struct itself", "app", &struct {
			A *mail `key:"a"`
		}{}},
		{"keys of type int", "app", &struct {
			A map[int]string `key:"a"`
		}{}},
	}
	for _, tt := range tests {
		err := conf.Decode(tt.section, tt.dst)
		var f *Faults
		if err == nil || errors.As(err, &f) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Decode(%q, %T): %v, want an error with %q", tt.section, tt.dst, err, tt.want)
		}
	}
}

// tree is a type that contains itself.
type tree struct {
	Name     string `key:"name"`
	Children []tree `key:"children"`
}

func TestDecodeRecursiveType(t *testing.T) {
	conf := load(t, Options{Dir: write(t, "[app]\nname = \"a\"\n[[app.children]]\nname = \"b\"\n[[app.children.children]]\nname = \"c\"\n")})
	var got tree
	if err := conf.Decode("app", &got); err != nil {
		t.Fatal(err)
	}
	if got.Children[0].Children[0].Name != "c" {
		t.Errorf("decoded %+v", got)
	}
}
