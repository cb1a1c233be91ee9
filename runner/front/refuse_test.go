package front

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	h2 "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/templates/pages"
)

// TestRequestsThatAreNone get the page of their status, and nothing of what
// they sent back; the log knows them by the id in it.
func TestRequestsThatAreNone(t *testing.T) {
	s := newSite(t, func(l *limits) { l.headTime = 100 * time.Millisecond })
	const marker = "echoed"
	sent := map[string]struct {
		text   string
		status int
	}{
		"no method":          {"<" + marker + "> / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
		"a bad field":        {"GET / HTTP/1.1\r\nHost: h\r\n" + marker + " : x\r\n\r\n", 400},
		"two hosts":          {"GET /" + marker + " HTTP/1.1\r\nHost: h\r\nHost: " + marker + "\r\n\r\n", 400},
		"length and chunks":  {"POST /" + marker + " HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
		"half a head":        {"GET /" + marker + " HTTP/1.1\r\nHost: h", 408},
		"a long line":        {"GET /" + strings.Repeat(marker, 3000) + " HTTP/1.1\r\nHost: h\r\n\r\n", 414},
		"a long head":        {"GET / HTTP/1.1\r\nHost: h\r\nX-A: " + strings.Repeat(marker, 6000) + "\r\n\r\n", 431},
		"many fields":        {"GET / HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("X-A: "+marker+"\r\n", 200) + "\r\n", 431},
		"another version":    {"GET /" + marker + " HTTP/3.0\r\nHost: h\r\n\r\n", 505},
		"another coding":     {"POST /" + marker + " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
		"another expectancy": {"POST /" + marker + " HTTP/1.1\r\nHost: h\r\nExpect: " + marker + "\r\nContent-Length: 1\r\n\r\nx", 417},
	}
	ask := func(t *testing.T, text string) (*http.Response, string) {
		t.Helper()
		c := s.dial()
		io.WriteString(c, text)
		in := bufio.NewReader(c)
		r, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || int64(len(body)) != r.ContentLength || !r.Close {
			t.Errorf("%d bytes of %d, %v; goodbye %v", len(body), r.ContentLength, err, r.Close)
		}
		if _, err := in.ReadByte(); err != io.EOF {
			t.Errorf("behind the answer: %v", err)
		}
		return r, string(body)
	}
	for name, c := range sent {
		t.Run(name, func(t *testing.T) {
			r, body := ask(t, c.text)
			id := r.Header.Get("X-Request-Id")
			if r.StatusCode != c.status || !strings.Contains(body, "<!doctype html>") || len(id) != 12 || !strings.Contains(body, id) {
				t.Errorf("%s, id %q: %s", r.Status, id, body)
			}
			if title, _ := pages.Text(c.status, "en"); !strings.Contains(body, title) {
				t.Errorf("no %q in %s", title, body)
			}
			if h := r.Header; h.Get("Content-Security-Policy") != pages.CSP || h.Get("Content-Type") != pages.ContentType || h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Date") == "" {
				t.Errorf("%v", h)
			}
			if strings.Contains(body+fmt.Sprint(r.Header), marker) {
				t.Errorf("the client finds its own words in %v %s", r.Header, body)
			}
			line := s.logWith("id", id)
			if line["status"] != float64(c.status) || line["reason"] == "" || line["bytes"] != float64(len(body)) || line["client"] != "127.0.0.1" {
				t.Errorf("log: %v", line)
			}
		})
	}

	s.assets, _ = publish(t, t.TempDir(), "1", map[string]string{"errors/414.html": "<p>{{status}} {{id}}: {{title}}", "errors/4xx.html": "no: {{status}}"})
	s.table()
	until(t, "the app's pages are there", func() bool {
		_, body := ask(t, sent["no method"].text)
		return body == "no: 400"
	})
	r, body := ask(t, sent["a long line"].text)
	if want := "<p>414 " + r.Header.Get("X-Request-Id") + ": Address too long"; body != want || r.Header.Get("Content-Security-Policy") != pageCSP {
		t.Errorf("%q, want %q; %v", body, want, r.Header)
	}
	if _, body := ask(t, sent["another version"].text); !strings.Contains(body, "<!doctype html>") {
		t.Errorf("without a page of the app: %s", body)
	}
}

// TestRefusalsAreInTheFormThatTheClientAccepts, by both versions of HTTP, if it
// has said so by then; otherwise they are pages.
func TestRefusalsAreInTheFormThatTheClientAccepts(t *testing.T) {
	conf := config.Default(t.TempDir())
	conf.Locale.Default = "ko"
	s := newSiteOf(t, conf, func(l *limits) { l.headTime = time.Minute })
	s.secure(certify(t, time.Hour, "example.org"))
	s.assets, _ = publish(t, t.TempDir(), "1", map[string]string{"errors/417.html": "ours {{id}}"})
	s.table()
	until(t, "the app's pages are there", func() bool { return s.front.errorPages.Load() != nil })
	type answer struct {
		status, media, id, body string
	}
	// Fields are those before the one that is at fault.
	over1 := func(t *testing.T, fault string, fields ...string) answer {
		var head strings.Builder
		for i := 0; i < len(fields); i += 2 {
			fmt.Fprintf(&head, "%s: %s\r\n", fields[i], fields[i+1])
		}
		if fault == "expect" {
			fault = "Expect: miracles\r\n"
		} else {
			fault = "X: " + strings.Repeat("x", 40_000) + "\r\n"
		}
		c := s.dial()
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: example.org\r\n"+head.String()+fault+"\r\n")
		r, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(r.Body)
		return answer{strconv.Itoa(r.StatusCode), r.Header.Get("Content-Type"), r.Header.Get("X-Request-Id"), string(body)}
	}
	over2 := func(t *testing.T, fault string, fields ...string) answer {
		f := s.frames()
		list := []hpack.HeaderField{{Name: ":method", Value: "GET"}, {Name: ":scheme", Value: "https"}, {Name: ":authority", Value: "example.org"}, {Name: ":path", Value: "/"}}
		for i := 0; i < len(fields); i += 2 {
			list = append(list, hpack.HeaderField{Name: strings.ToLower(fields[i]), Value: fields[i+1]})
		}
		if fault == "expect" {
			list = append(list, hpack.HeaderField{Name: "expect", Value: "miracles"})
		} else {
			for range 150 {
				list = append(list, hpack.HeaderField{Name: "x", Value: "y"})
			}
		}
		f.fields(1, true, list)
		frame, err := f.next(func(frame h2.Frame) bool { return frame.Header().Type == h2.FrameHeaders })
		if err != nil {
			t.Fatal(err)
		}
		head := frame.(*h2.MetaHeadersFrame)
		a := answer{status: head.PseudoValue("status")}
		for _, field := range head.RegularFields() {
			switch field.Name {
			case "content-type":
				a.media = field.Value
			case "x-request-id":
				a.id = field.Value
			}
		}
		frame, err = f.next(func(frame h2.Frame) bool { return frame.Header().Type == h2.FrameData })
		if err != nil {
			t.Fatal(err)
		}
		a.body = string(frame.(*h2.DataFrame).Data())
		return a
	}
	korean, english := title(431, "ko"), title(431, "en")
	for version, ask := range map[string]func(*testing.T, string, ...string) answer{"HTTP/1.1": over1, "HTTP/2": over2} {
		for _, c := range []struct {
			fault, status, media string
			fields, want         []string
		}{
			{"size", "431", pages.ContentType, nil, []string{"<!doctype html>", korean}},
			{"size", "431", pages.ContentType, []string{"Accept", "text/html", "Accept-Language", "en"}, []string{"<!doctype html>", english}},
			{"size", "431", "application/problem+json", []string{"Accept", "application/json"}, []string{`"status":431`, korean}},
			{"size", "431", "text/plain; charset=utf-8", []string{"Accept", "*/*", "Accept-Language", "en"}, []string{english}},
			{"expect", "417", pages.ContentType, nil, []string{"ours "}},
			{"expect", "417", "application/problem+json", []string{"Accept", "application/problem+json"}, []string{`"status":417`}},
		} {
			got := ask(t, c.fault, c.fields...)
			if got.status != c.status || got.media != c.media || got.id == "" || !strings.Contains(got.body, got.id) {
				t.Errorf("%s %v: %+v", version, c, got)
			}
			for _, part := range c.want {
				if !strings.Contains(got.body, part) {
					t.Errorf("%s %v: no %q in %s", version, c, part, got.body)
				}
			}
			if line := s.logWith("id", got.id); fmt.Sprint(line["status"]) != c.status || line["bytes"] != float64(len(got.body)) {
				t.Errorf("log %v", line)
			}
		}
	}
}

// TestErrorsAreInTheLanguageOfTheSite for clients that name none; who names
// others than the pages have gets English.
func TestErrorsAreInTheLanguageOfTheSite(t *testing.T) {
	for locale, want := range map[string]map[string]string{
		"ko":    {"": "ko", "en": "en", "ko": "ko", "fr": "en"},
		"en":    {"": "en", "ko": "ko", "fr": "en"},
		"pt-BR": {"": "en", "ko": "ko"},
	} {
		conf := config.Default(t.TempDir())
		conf.Locale.Default = locale
		s := newSiteOf(t, conf, func(l *limits) { l.hold = time.Millisecond })
		for languages, want := range want {
			if r := s.browse("/", browser, languages); r.StatusCode != 503 || !strings.Contains(r.body, title(503, want)) {
				t.Errorf("site in %s, client wants %q: %d %s", locale, languages, r.StatusCode, r.body)
			}
		}
	}
}

func title(status int, locale string) string {
	text, _ := pages.Text(status, locale)
	return text
}
