package cache

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"
)

// fieldsOf reads "Name: value" lines.
func fieldsOf(lines ...string) http.Header {
	h := http.Header{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		h.Add(name, value)
	}
	return h
}

// asked is a request of a test.
type asked struct {
	Request
	header http.Header
	ctx    context.Context
}

// get is a GET for http://host/target or /target with fields of "Name: value".
func get(target string, lines ...string) *asked {
	r := &asked{Request: Request{Method: "GET", Host: "example.com", Target: target}, header: fieldsOf(lines...), ctx: context.Background()}
	if rest, ok := strings.CutPrefix(target, "http://"); ok {
		r.Host, r.Target, _ = strings.Cut(rest, "/")
		r.Target = "/" + r.Target
	}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		r.Field(name, value)
	}
	return r
}

func (r *asked) method(method string) *asked {
	r.Method = method
	return r
}

func TestBypasses(t *testing.T) {
	bodied := get("/")
	bodied.Bodied = true
	for name, c := range map[string]struct {
		r    *asked
		want bool
	}{
		"a plain GET":                {get("/"), false},
		"a cookie of no session":     {get("/", "Cookie: _ga=1; theme=dark; xqna=1; qna-old=2"), false},
		"the session":                {get("/", "Cookie: theme=dark; qna=sealed"), true},
		"the session in production":  {get("/", "Cookie: __Host-qna=sealed"), true},
		"the session in a 2nd line":  {get("/", "Cookie: a=b", "Cookie: qna=x"), true},
		"an empty session":           {get("/", "Cookie: qna"), true},
		"a language in two lines":    {get("/", "Accept-Language: fr", "Accept-Language: en;q=0.8"), true},
		"two lines of Cache-Control": {get("/", "Cache-Control: no-transform", "Cache-Control: max-age=0"), false},
		"Authorization":              {get("/", "Authorization: Basic eA=="), true},
		"keep-alive":                 {get("/", "Connection: Keep-Alive, close"), false},
		"an upgrade":                 {get("/", "Connection: Upgrade", "Upgrade: websocket"), true},
		"a field taken away":         {get("/", "Connection: Accept-Language", "Accept-Language: ko"), true},
		"a body":                     {bodied, true},
		"POST":                       {get("/").method("POST"), true},
		"HEAD":                       {get("/").method("HEAD"), false},
		"OPTIONS":                    {get("/").method("OPTIONS"), true},
		"a host that nobody can say": {get("http:///"), true},
	} {
		if got := bypasses(&c.r.Request, []string{"qna", "__Host-qna"}); got != "" != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestStorable(t *testing.T) {
	for name, c := range map[string]struct {
		request  []string
		status   int
		response []string
		want     bool
	}{
		"public":                       {nil, 200, []string{"Cache-Control: public, max-age=60"}, true},
		"for shared caches":            {nil, 200, []string{"Cache-Control: s-maxage=60"}, true},
		"an age alone":                 {nil, 200, []string{"Cache-Control: max-age=60"}, false}, // who made it public?
		"nothing":                      {nil, 200, nil, false},
		"Expires alone":                {nil, 200, []string{"Expires: Fri, 01 Jan 2100 00:00:00 GMT"}, false},
		"private":                      {nil, 200, []string{"Cache-Control: private, max-age=60"}, false},
		"public and private":           {nil, 200, []string{"Cache-Control: public, private, max-age=60"}, false},
		"private fields":               {nil, 200, []string{`Cache-Control: public, private="x", max-age=60`}, false},
		"no-store":                     {nil, 200, []string{"Cache-Control: public, no-store, max-age=60"}, false},
		"no-store in a second line":    {nil, 200, []string{"Cache-Control: public, max-age=60", "Cache-Control: no-store"}, false},
		"no-cache":                     {nil, 200, []string{"Cache-Control: public, no-cache"}, false},
		"a cookie":                     {nil, 200, []string{"Cache-Control: public, max-age=60", "Set-Cookie: a=b"}, false},
		"a part":                       {nil, 206, []string{"Cache-Control: public, max-age=60", "Content-Range: bytes 0-1/2"}, false},
		"a part by its field":          {nil, 200, []string{"Cache-Control: public, max-age=60", "Content-Range: bytes 0-1/2"}, false},
		"not modified":                 {nil, 304, []string{"Cache-Control: public, max-age=60"}, false},
		"moved":                        {nil, 301, []string{"Cache-Control: public, max-age=60"}, true},
		"found":                        {nil, 302, []string{"Cache-Control: public, max-age=60"}, true},
		"not found":                    {nil, 404, []string{"Cache-Control: public, max-age=60"}, true},
		"a failure":                    {nil, 500, []string{"Cache-Control: public, max-age=60"}, false},
		"busy":                         {nil, 503, []string{"Cache-Control: public, max-age=60"}, false},
		"an unknown status":            {nil, 299, []string{"Cache-Control: public, max-age=60"}, false},
		"a trailer":                    {nil, 200, []string{"Cache-Control: public, max-age=60", "Trailer: X"}, false},
		"Vary that is known":           {nil, 200, []string{"Cache-Control: public, max-age=60", "Vary: accept-language, ACCEPT", "Vary: Host,,HX-Request"}, true},
		"Vary *":                       {nil, 200, []string{"Cache-Control: public, max-age=60", "Vary: *"}, false},
		"Vary * in a list":             {nil, 200, []string{"Cache-Control: public, max-age=60", "Vary: Accept, *"}, false},
		"Vary on who asks":             {nil, 200, []string{"Cache-Control: public, max-age=60", "Vary: X-Forwarded-For"}, false},
		"Vary on the scheme":           {nil, 200, []string{"Cache-Control: public, max-age=60", "Vary: X-Forwarded-Proto"}, false},
		"Vary on too much":             {nil, 200, []string{"Cache-Control: public, max-age=60", "Vary: User-Agent"}, false},
		"Vary on what is asked for":    {nil, 200, []string{"Cache-Control: public, max-age=60", "Vary: Range"}, false},
		"Vary on who logs in":          {nil, 200, []string{"Cache-Control: public, max-age=60", "Vary: Authorization"}, false},
		"Vary: Cookie, none there":     {nil, 200, []string{"Cache-Control: public, max-age=60", "Vary: Accept-Language, Cookie"}, true},
		"Vary: Cookie, one there":      {[]string{"Cookie: theme=dark"}, 200, []string{"Cache-Control: public, max-age=60", "Vary: Cookie"}, false},
		"the client wants none":        {[]string{"Cache-Control: no-store"}, 200, []string{"Cache-Control: public, max-age=60"}, false},
		"the client wants a fresh one": {[]string{"Cache-Control: no-cache", "Pragma: no-cache"}, 200, []string{"Cache-Control: public, max-age=60"}, true},
	} {
		h := fieldsOf(c.response...)
		why := storable(&get("/", c.request...).Request, c.status, h, parseControl(h["Cache-Control"]...))
		if why == "" != c.want {
			t.Errorf("%s: %q", name, why)
		}
	}
	head := get("/")
	head.Method = "HEAD"
	if h := fieldsOf("Cache-Control: public, max-age=60"); storable(&head.Request, 200, h, parseControl(h["Cache-Control"]...)) == "" {
		t.Error("the answer to HEAD, which has no body, is kept")
	}
}

// TestLifetime is section 4.2.1.
func TestLifetime(t *testing.T) {
	const date = "Date: Tue, 01 Sep 2026 10:00:00 GMT"
	for name, c := range map[string]struct {
		lines []string
		want  time.Duration
	}{
		"s-maxage first":         {[]string{"Cache-Control: max-age=10, s-maxage=5", "Expires: Tue, 01 Sep 2026 11:00:00 GMT", date}, 5 * time.Second},
		"s-maxage 0":             {[]string{"Cache-Control: max-age=10, s-maxage=0"}, 0},
		"then max-age":           {[]string{"Cache-Control: max-age=10", "Expires: Tue, 01 Sep 2026 11:00:00 GMT", date}, 10 * time.Second},
		"then Expires":           {[]string{"Cache-Control: public", "Expires: Tue, 01 Sep 2026 11:00:00 GMT", date}, time.Hour},
		"Expires before Date":    {[]string{"Expires: Tue, 01 Sep 2026 09:00:00 GMT", date}, 0},
		"Expires: 0":             {[]string{"Expires: 0", date}, 0},
		"two Expires":            {[]string{"Expires: Tue, 01 Sep 2026 11:00:00 GMT", "Expires: Tue, 01 Sep 2026 12:00:00 GMT", date}, 0},
		"Expires without Date":   {[]string{"Expires: Tue, 01 Sep 2026 11:00:00 GMT"}, 0},
		"old dates":              {[]string{"Expires: Tuesday, 01-Sep-26 11:00:00 GMT", "Date: Tue Sep  1 10:00:00 2026"}, time.Hour},
		"no guess by its change": {[]string{"Last-Modified: Tue, 01 Sep 2020 10:00:00 GMT", date}, 0},
	} {
		h := fieldsOf(c.lines...)
		if got := lifetime(parseControl(h["Cache-Control"]...), h); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestInitialAge is section 4.2.3.
func TestInitialAge(t *testing.T) {
	asked := time.Date(2026, 9, 1, 10, 0, 0, 500e6, time.UTC)
	for name, c := range map[string]struct {
		lines []string
		took  time.Duration
		want  time.Duration
	}{
		"fresh from the app":     {[]string{"Date: Tue, 01 Sep 2026 10:00:00 GMT"}, 10 * time.Millisecond, 10 * time.Millisecond},
		"slow":                   {[]string{"Date: Tue, 01 Sep 2026 10:00:03 GMT"}, 3 * time.Second, 3 * time.Second},
		"from another cache":     {[]string{"Age: 7", "Date: Tue, 01 Sep 2026 10:00:00 GMT"}, time.Second, 8 * time.Second},
		"an old date":            {[]string{"Age: 7", "Date: Tue, 01 Sep 2026 09:59:00 GMT"}, time.Second, 61 * time.Second},
		"a clock that is ahead":  {[]string{"Date: Tue, 01 Sep 2026 11:00:00 GMT"}, time.Second, time.Second},
		"an Age that is none":    {[]string{"Age: old"}, time.Second, time.Second},
		"the first of many Ages": {[]string{"Age: 3", "Age: 100"}, 0, 3 * time.Second},
		"no date":                {nil, time.Second, time.Second},
	} {
		if got := initialAge(fieldsOf(c.lines...), asked, asked.Add(c.took)); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestKeys(t *testing.T) {
	secure, absolute := get("http://a/x"), get("http://a/x?q")
	secure.Secure = true
	absolute.Target = "http://a/x?q"
	below, lower := get("http://a/x"), get("http://a/x")
	below.Base, lower.Base = "/board", "/other"
	for _, c := range []struct {
		a, b *asked
		same bool
	}{
		{get("http://a/x"), get("http://A/x"), true},
		{get("http://a/x"), get("http://b/x"), false},
		{get("http://a/x"), get("http://a:8080/x"), false},
		{get("http://a/x"), get("http://a/X"), false},
		{get("http://a/x"), get("http://a/x/"), false},
		{get("http://a/x"), get("http://a/%78"), false},
		{get("http://a/x"), get("http://a/x?"), false},
		{get("http://a/x?q"), absolute, true},
		{get("http://a/x?a&b"), get("http://a/x?b&a"), false},
		{get("http://a/x"), secure, false},
		{get("http://a/x"), below, false},
		{get("http://a/board/x"), below, false},
		{below, lower, false},
	} {
		a, b := string(appendKey(nil, &c.a.Request)), string(appendKey(nil, &c.b.Request))
		if (a == b) != c.same {
			t.Errorf("%q and %q", a, b)
		}
	}
	for target, want := range map[string]string{
		"/x?y": "/x?y", "http://a/x?y": "/x?y", "http://a": "/", "HTTPS://a?q": "?q", "/to?=http://b/c": "/to?=http://b/c",
	} {
		if got := targetOf(target); got != want {
			t.Errorf("%s: %q", target, got)
		}
	}
}

func TestSelected(t *testing.T) {
	for _, c := range []struct {
		field kind
		a, b  string
		same  bool
	}{
		{acceptLanguage, "ko-KR,ko;q=0.9,en;q=0.8", "ko-kr, ko;q=0.90 , en; q=0.8", true},
		{acceptLanguage, "ko,en;q=0.8", "en;q=0.8, ko;q=1.0", true},
		{acceptLanguage, "ko,en", "en,ko", false},
		{acceptLanguage, "ko,en;q=0.8", "ko,en;q=0.7", false},
		{acceptLanguage, "ko", "en", false},
		{acceptLanguage, "ko,en;q=0", "ko", false},
		{acceptLanguage, "ko,en;q=x", "ko", false},
		{acceptLanguage, "ko;q=0.8;x", "ko;q=0.8", false},
		{acceptLanguage, "", "ko", false},
		{acceptLanguage, "ko-KR,ko;q=0.9", "ko-kr;1000,ko;0900,", false}, // what the first one becomes
		{acceptLanguage, "ko-KR,ko;q=0.9", ",ko-KR,ko;q=0.9", false},
		{acceptLanguage, "ko-KR,ko;q=0.9", "ko-KR," + strings.Repeat(" ", 300) + "ko;q=0.9", false},
		{acceptLanguage, strings.Repeat("ko,", 40), strings.Repeat("ko,", 41), false},
		{accept, "text/html, */*", "text/html,*/*", true},
		{accept, "text/html", "TEXT/HTML", false},
		{acceptEncoding, "gzip, br", "gzip,br", true},
		{acceptEncoding, "gzip", "br", false},
		{origin, "https://a", "https://b", false},
	} {
		a := string(appendField(nil, c.field, c.a))
		b := string(appendField(nil, c.field, c.b))
		if (a == b) != c.same {
			t.Errorf("%s: %q and %q: %q and %q", names[c.field], c.a, c.b, a, b)
		}
	}
	if none, empty := get("/"), get("/", "Accept: "); string(appendSelecting(nil, &none.Request, languages{})) == string(appendSelecting(nil, &empty.Request, languages{})) {
		t.Error("a field that is empty is one")
	}
	two, one := get("/", "Accept: a", "accept: b", "Cookie: x", "Cookie: qna=1"), get("/", "Accept: a, b", "Cookie: x; qna=1")
	if two.values != one.values || two.has != one.has {
		t.Errorf("%+v, %+v", two, one)
	}
}
