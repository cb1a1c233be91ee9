package front

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/logqueue"
)

// usual is an entry as most are.
func usual() entry {
	return entry{
		at:   time.Date(2026, 11, 21, 6, 42, 32, 45_600_000, time.FixedZone("KST", 9*3600)),
		took: 1234567 * time.Nanosecond, client: "203.0.113.9", method: "GET", target: "/question/list/", proto: "HTTP/1.1",
		tls: "TLS 1.3", host: "example.org", status: 200, bytes: 5120, worker: 3, tries: 1, upstream: 980 * time.Microsecond,
		id: "k3jx9q2m7w4p", agent: "Mozilla/5.0 (X11; Linux x86_64)", referer: "https://example.org/",
	}
}

func encoded(f form, e entry) string {
	var s stamps
	return string(f.append(nil, &e, s.of(e.at)))
}

func TestAccessLines(t *testing.T) {
	failed := usual()
	failed.worker, failed.tries, failed.upstream, failed.bytes = 0, 0, 0, 311
	failed.status, failed.reason, failed.user, failed.tls, failed.agent, failed.referer = 503, "no worker ready", "kim", "", "", ""
	foreign := usual()
	foreign.worker, foreign.mount, foreign.origin = 0, "flask", "http://127.0.0.1:5000"
	unread := entry{at: usual().at, client: "203.0.113.9", status: 400, reason: "bare LF in the head"}
	for _, c := range []struct {
		name   string
		encode form
		entry  entry
		want   string
	}{
		{"text", formText, usual(), `time=2026-11-21T06:42:32.045+09:00 level=INFO msg=request process=front method=GET path=/question/list/ status=200 bytes=5120 ms=1.23 client=203.0.113.9 proto=HTTP/1.1 tls="TLS 1.3" worker=3 tries=1 upstream_ms=0.98 id=k3jx9q2m7w4p` + "\n"},
		{"text failed", formText, failed, `time=2026-11-21T06:42:32.045+09:00 level=INFO msg=request process=front method=GET path=/question/list/ status=503 bytes=311 ms=1.23 client=203.0.113.9 proto=HTTP/1.1 id=k3jx9q2m7w4p reason="no worker ready"` + "\n"},
		{"text unread", formText, unread, `time=2026-11-21T06:42:32.045+09:00 level=INFO msg=request process=front status=400 bytes=0 ms=0.00 client=203.0.113.9 reason="bare LF in the head"` + "\n"},
		{"json", formJSON, usual(), `{"time":"2026-11-21T06:42:32.045+09:00","level":"INFO","msg":"request","process":"front","method":"GET","path":"/question/list/","status":200,"bytes":5120,"ms":1.23,"client":"203.0.113.9","host":"example.org","proto":"HTTP/1.1","tls":"TLS 1.3","worker":3,"tries":1,"upstream_ms":0.98,"id":"k3jx9q2m7w4p","referer":"https://example.org/","agent":"Mozilla/5.0 (X11; Linux x86_64)"}` + "\n"},
		{"combined", formCombined, usual(), `203.0.113.9 - - [21/Nov/2026:06:42:32 +0900] "GET /question/list/ HTTP/1.1" 200 5120 "https://example.org/" "Mozilla/5.0 (X11; Linux x86_64)" ms=1.23 worker=3 tries=1 upstream_ms=0.98 host="example.org" tls="TLS 1.3" id="k3jx9q2m7w4p"` + "\n"},
		{"combined foreign", formCombined, foreign, `203.0.113.9 - - [21/Nov/2026:06:42:32 +0900] "GET /question/list/ HTTP/1.1" 200 5120 "https://example.org/" "Mozilla/5.0 (X11; Linux x86_64)" ms=1.23 mount="flask" upstream="http://127.0.0.1:5000" tries=1 upstream_ms=0.98 host="example.org" tls="TLS 1.3" id="k3jx9q2m7w4p"` + "\n"},
		{"combined failed", formCombined, failed, `203.0.113.9 - kim [21/Nov/2026:06:42:32 +0900] "GET /question/list/ HTTP/1.1" 503 311 "-" "-" ms=1.23 host="example.org" id="k3jx9q2m7w4p" reason="no worker ready"` + "\n"},
		{"combined unread", formCombined, unread, `203.0.113.9 - - [21/Nov/2026:06:42:32 +0900] "-" 400 0 "-" "-" ms=0.00 reason="bare LF in the head"` + "\n"},
	} {
		if diff := cmp.Diff(c.want, encoded(c.encode, c.entry)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestAccessLinesAreEscaped(t *testing.T) {
	e := usual()
	e.target, e.agent = "/a\"b\\c\nd\x1b[2J\u009b\xffé\u2028😀\U000e0001", "x\" 200 0 \"-\"\r\n127.0.0.1 - - "
	line := encoded(formCombined, e)
	if want := `"GET /a\x22b\x5Cc\x0Ad\x1B[2J\xC2\x9B\xFF\xC3\xA9\xE2\x80\xA8\xF0\x9F\x98\x80\xF3\xA0\x80\x81 HTTP/1.1"`; !strings.Contains(line, want) {
		t.Errorf("combined: %s wants %s", line, want)
	}
	if want := `"x\x22 200 0 \x22-\x22\x0D\x0A127.0.0.1 - - "`; !strings.Contains(line, want) {
		t.Errorf("combined: %s wants %s", line, want)
	}
	line = encoded(formJSON, e)
	if want := `"path":"/a\"b\\c\u000Ad\u001B[2J\u009B` + "\ufffdé" + `\u2028😀\uDB40\uDC01"`; !strings.Contains(line, want) {
		t.Errorf("json: %s wants %s", line, want)
	}
	line = encoded(formText, e)
	if want := `path="/a\"b\\c\nd\x1b[2J\u009b\xffé\u2028😀\U000e0001"`; !strings.Contains(line, want) {
		t.Errorf("text: %s wants %s", line, want)
	}
}

func TestMillis(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0.00", 0: "0.00", 4999: "0.00", 5000: "0.01", 994_999: "0.99", 995_000: "1.00",
		time.Second: "1000.00", time.Hour + 10*time.Microsecond: "3600000.01",
	} {
		if got := string(appendMillis(nil, d)); got != want {
			t.Errorf("%s is %s ms, want %s", d, got, want)
		}
	}
}

func TestStampsFollowTheTime(t *testing.T) {
	var s stamps
	at := usual().at
	first := *s.of(at)
	if s.of(at.Add(900*time.Millisecond)).iso != first.iso || s.of(at.Add(time.Second)).iso == first.iso {
		t.Error("the stamp does not follow the second")
	}
	if got := *s.of(at); got != first { // a slow request's line comes late
		t.Errorf("stamp %+v, want %+v", got, first)
	}
}

// combinedLine is what a reader of the combined form expects.
var combinedLine = regexp.MustCompile(`^\S+ - \S+ \[[^\]]+\] "([^"]*)" \d{3} \d+ "[^"]*" "([^"]*)"( [a-z_]+=("[^"]*"|[0-9.]+))*\n$`)

// FuzzAccessLines gives every field of a client something nasty.
func FuzzAccessLines(f *testing.F) {
	f.Add("GET", "/a b", "h", "agent", "referer", "user")
	f.Add("", "/\x00\n\"\\\xff", "\r\n", "\x1b[31m", "\u2028", "a b")
	f.Add("GET", "/\u009b😀\U000e0001", "\ufffd", `\`, `"`, "-")
	f.Fuzz(func(t *testing.T, method, target, host, agent, referer, user string) {
		e := usual()
		e.method, e.target, e.host, e.agent, e.referer, e.user = method, target, host, agent, referer, user
		e.cache, e.reason, e.proto = host, target, method
		for name, encode := range map[string]form{"text": formText, "json": formJSON, "combined": formCombined} {
			line := encoded(encode, e)
			if strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "\n") {
				t.Fatalf("%s: not one line: %q", name, line)
			}
			for _, r := range strings.TrimSuffix(line, "\n") {
				if r != ' ' && !unicode.IsPrint(r) {
					t.Fatalf("%s: %U in %q", name, r, line)
				}
			}
			if !utf8.ValidString(line) {
				t.Fatalf("%s: no UTF-8: %q", name, line)
			}
		}
		checkJSONLine(t, encoded(formJSON, e), e)
		line := encoded(formCombined, e)
		m := combinedLine.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("combined: %q", line)
		}
		if got, err := strconv.Unquote(`"` + m[2] + `"`); err != nil || got != orDash(agent) {
			t.Fatalf("agent of %q is %q, %v", line, got, err)
		}
	})
}

// checkJSONLine reads a line back.
func checkJSONLine(t *testing.T, line string, e entry) {
	t.Helper()
	var back struct{ Method, Path, Host, Agent, Referer, User, Cache, Reason, Proto string }
	d := json.NewDecoder(strings.NewReader(line))
	if err := d.Decode(&back); err != nil {
		t.Fatalf("json: %v in %q", err, line)
	}
	for _, pair := range [][2]string{
		{back.Method, e.method}, {back.Path, e.target}, {back.Host, e.host}, {back.Agent, e.agent}, {back.Referer, e.referer},
		{back.User, e.user}, {back.Cache, e.cache}, {back.Reason, e.reason}, {back.Proto, e.proto},
	} {
		if want := string([]rune(pair[1])); pair[0] != want {
			t.Fatalf("%q came back as %q from %q", want, pair[0], line)
		}
	}
}

// TestAccessLineCostsNoMemory: one comes with every request.
func TestAccessLineCostsNoMemory(t *testing.T) {
	e := usual()
	var s stamps
	line := make([]byte, 0, 1024)
	for name, encode := range map[string]form{"text": formText, "json": formJSON, "combined": formCombined} {
		if n := testing.AllocsPerRun(100, func() { line = encode.append(line[:0], &e, s.of(e.at)) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestAccessRules(t *testing.T) {
	for c, want := range map[config.Log]accessRules{
		{Level: "info", Format: "text"}:                                        {form: formText},
		{Level: "debug", Format: "json"}:                                       {form: formJSON},
		{Level: "warn", Format: "json"}:                                        {form: formNone},
		{Level: "error", Format: "json"}:                                       {form: formNone},
		{Level: "warn", Format: "json", Access: "text"}:                        {form: formText},
		{Level: "info", Format: "json", Access: "off"}:                         {form: formNone},
		{Level: "info", Format: "text", Access: "combined", AccessQuery: true}: {form: formCombined, queries: true},
		{Level: "error", Format: "json", AccessFile: "log/access"}:             {form: formJSON, file: "/srv/log/access"},
	} {
		if got := accessRulesOf(&config.Config{Log: c, Root: "/srv"}); got != want {
			t.Errorf("%+v: %+v, want %+v", c, got, want)
		}
	}
}

type nowhere struct{}

func (nowhere) Write(b []byte) (int, error) { return len(b), nil }

// BenchmarkAccessLine is all that the log costs a request: the line, and the
// way into the queue.
func BenchmarkAccessLine(b *testing.B) {
	for _, form := range []string{"text", "json", "combined"} {
		b.Run(form, func(b *testing.B) {
			q := logqueue.New(nowhere{}, 0, func(logqueue.Loss) {})
			defer q.Close(time.Second)
			a := &accessLog{queue: q}
			rules := accessRulesOf(&config.Config{Log: config.Log{Access: form}})
			e := usual()
			e.at = time.Now()
			b.ReportAllocs()
			for b.Loop() {
				a.put(&e, rules.form)
			}
		})
	}
}

// TestTheManualNamesTheFields of a line in the access log, all of them.
func TestTheManualNamesTheFields(t *testing.T) {
	text, err := os.ReadFile("../doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := bytes.Cut(text, []byte("\n// # Logs\n"))
	if !found {
		t.Fatal("the manual of the runner has no section Logs")
	}
	e := entry{
		client: "192.0.2.1", user: "kim", method: "GET", target: "/", proto: "HTTP/1.1", tls: "TLS 1.3", host: "h", mount: "m",
		origin: "o", tries: 1, cache: "hit", id: "i", reason: "r", referer: "f", agent: "a",
	}
	fields := map[string]any{}
	for _, origin := range []string{"o", ""} { // a worker is named where no upstream is
		e.origin = origin
		if err := json.Unmarshal(appendJSON(nil, &e, &stamp{}), &fields); err != nil {
			t.Fatal(err)
		}
	}
	for _, usual := range []string{"time", "level", "msg", "process"} { // of every line of a log
		delete(fields, usual)
	}
	if len(fields) < 19 {
		t.Errorf("only %d fields: %v", len(fields), fields)
	}
	for name := range fields {
		if !regexp.MustCompile(`(?m)^//\t(\w+, )*` + name + `\b`).Match(text) {
			t.Errorf("the manual does not name %s", name)
		}
	}
}
