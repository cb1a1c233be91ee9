package front

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/session"
	"github.com/dram-go/dram/runner/control"
)

// published is a worker's handler that counts and makes its answers public. What
// the query says under h is added to the header.
func published(n *atomic.Int32) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "public, max-age=60")
		h.Set("ETag", `"v1"`)
		h.Set("Vary", "Accept-Language")
		for _, line := range r.URL.Query()["h"] {
			name, value, _ := strings.Cut(line, ": ")
			h.Add(name, value)
		}
		if r.Header.Get("If-None-Match") == `"v1"` {
			w.WriteHeader(http.StatusNotModified)
			n.Add(1)
			return
		}
		if status, err := strconv.Atoi(r.URL.Query().Get("status")); err == nil {
			w.WriteHeader(status)
		}
		fmt.Fprintf(w, "%d %s%s", n.Add(1), r.Header.Get("Accept-Language"), r.Header.Get("Cookie"))
	}
}

// ask sends a request with fields of "Name: value".
func (s *site) ask(method, path string, fields ...string) reply {
	s.t.Helper()
	r := s.request(method, path, nil)
	for _, line := range fields {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	return s.do(r)
}

func (s *site) wantCache(r reply, want string) {
	s.t.Helper()
	if got := r.Header.Get("Cache-Status"); got != want {
		s.t.Errorf("Cache-Status %q, want %q", got, want)
	}
}

func TestAPublicPageIsAnsweredFromTheCache(t *testing.T) {
	for name, engine := range engines() {
		t.Run(name, func(t *testing.T) {
			s, n := newSite(t, func(l *limits) { l.engine = engine }), new(atomic.Int32)
			s.add(published(n))
			first := s.get("/page?x")
			s.want(first, 200, "1 ")
			s.wantCache(first, "dram; fwd=uri-miss; stored")
			if first.Header["Age"] != nil {
				t.Errorf("Age of a new response: %q", first.Header["Age"])
			}
			s.wantLog("/page", map[string]any{"cache": "stored", "worker": 1, "bytes": 2})
			second := s.get("/page?x")
			s.want(second, 200, "1 ")
			if got := second.Header.Get("Cache-Status"); !strings.HasPrefix(got, "dram; hit; ttl=") {
				t.Errorf("Cache-Status %q", got)
			}
			if age, err := strconv.Atoi(second.Header.Get("Age")); err != nil || age < 0 {
				t.Errorf("Age %q", second.Header["Age"])
			}
			for _, name := range []string{"Date", "Etag", "Cache-Control", "Vary", "Content-Type", "Content-Length"} {
				if a, b := first.Header.Get(name), second.Header.Get(name); a != b || a == "" {
					t.Errorf("%s: %q, then %q", name, a, b)
				}
			}
			if a, b := first.Header.Get("X-Request-Id"), second.Header.Get("X-Request-Id"); a == b {
				t.Errorf("two requests with the id %q", a)
			}
			s.wantLog("/page", map[string]any{"cache": "hit", "worker": nil, "bytes": 2})

			head := s.ask("HEAD", "/page?x")
			s.want(head, 200, "")
			if head.Header.Get("Content-Length") != "2" || head.Header.Get("Age") == "" {
				t.Errorf("HEAD: %v", head.Header)
			}
			s.want(s.ask("GET", "/page?x", `If-None-Match: W/"v0", "v1"`), 304, "")
			s.want(s.ask("HEAD", "/page?x", `If-None-Match: "v1"`), 304, "")
			s.want(s.ask("GET", "/page?x", `If-None-Match: "v0"`), 200, "1 ")
			s.want(s.ask("GET", "/page?x", `If-Match: "v0"`), 412, "")
			part := s.ask("GET", "/page?x", "Range: bytes=0-0")
			s.want(part, 206, "1")
			if part.Header.Get("Content-Range") != "bytes 0-0/2" {
				t.Errorf("Content-Range %q", part.Header["Content-Range"])
			}
			s.want(s.ask("GET", "/page?x", "Range: bytes=0-0", `If-Range: "v0"`), 200, "1 ")
			s.want(s.ask("GET", "/page?x", "Cache-Control: no-cache"), 200, "1 ") // a reload
			s.want(s.get("/page"), 200, "2 ")
			if n.Load() != 2 {
				t.Errorf("the worker was asked %d times", n.Load())
			}
		})
	}
}

// engines are both that a front has.
func engines() map[string]newEngine {
	return map[string]newEngine{"h1": newLoop, "net/http": newLibrary}
}

// TestVisitorsNeverShare: with the cookie of a session, as package session
// names it, or Authorization, nothing is taken from the cache or put there; and
// what sets a cookie belongs to one visitor whatever it says.
// TestManyRangesAreTheWhole: the heads of a thousand parts would be a hundred
// times what the client has sent.
func TestManyRangesAreTheWhole(t *testing.T) {
	s := newSite(t, nil)
	s.add(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=60")
		io.WriteString(w, "0123456789")
	})
	s.want(s.get("/page"), 200, "0123456789")
	s.want(s.ask("GET", "/page", "Range: bytes=0-0,1-1,0-0"), 200, "0123456789")
	if r := s.ask("GET", "/page", "Range: bytes=0-0,2-2"); r.StatusCode != 206 {
		t.Errorf("two ranges: %d", r.StatusCode)
	}
}

func TestVisitorsNeverShare(t *testing.T) {
	s, n := newSite(t, nil), new(atomic.Int32)
	s.add(published(n))
	name := s.front.options.Config.Name
	asked := int32(0)
	wantNew := func(r reply) {
		t.Helper()
		asked++
		if r.StatusCode != 200 || !strings.HasPrefix(r.body, strconv.Itoa(int(asked))+" ") || n.Load() != asked {
			t.Errorf("%d %q, the worker was asked %d times, want %d", r.StatusCode, r.body, n.Load(), asked)
		}
	}
	for _, secure := range []bool{false, true} {
		m, err := session.New(session.Options{Name: name, Secure: secure, Secrets: []string{strings.Repeat("s", 32)}})
		if err != nil {
			t.Fatal(err)
		}
		path := fmt.Sprint("/", secure)
		wantNew(s.ask("GET", path, "Cookie: "+m.Cookie()+"=ann"))
		wantNew(s.ask("GET", path, "Cookie: "+m.Cookie()+"=bob"))
		wantNew(s.get(path))
		wantNew(s.ask("GET", path, "Cookie: "+m.Cookie()+"=bob"))
	}
	for _, cookie := range config.Default(t.TempDir()).Cache.Cookies {
		wantNew(s.ask("GET", "/other", "Cookie: "+cookie+"=ann"))
	}
	wantNew(s.ask("GET", "/other", "Authorization: Basic eA=="))
	wantNew(s.get("/other"))
	wantNew(s.ask("GET", "/other", "Authorization: Basic eA=="))
	cookie := s.get("/sets?h=Set-Cookie:%20a=b")
	wantNew(cookie)
	s.wantCache(cookie, `dram; fwd=uri-miss; detail="not stored because it sets a cookie"`)
	wantNew(s.get("/sets?h=Set-Cookie:%20a=b"))
	private := s.get("/private?h=Cache-Control:%20private")
	wantNew(private)
	wantNew(s.get("/private?h=Cache-Control:%20private"))
}

func TestLocalesNeverCross(t *testing.T) {
	s, n := newSite(t, nil), new(atomic.Int32)
	s.add(published(n))
	for range 2 {
		s.want(s.ask("GET", "/", "Accept-Language: ko"), 200, "1 ko")
		s.want(s.ask("GET", "/", "Accept-Language: en"), 200, "2 en")
		s.want(s.get("/"), 200, "3 ")
	}
	// Who takes the field away gets what is made without it, and keeps nothing.
	c := s.dial()
	for _, line := range []string{"Connection: Accept-Language\r\n", ""} {
		fmt.Fprintf(c, "GET /other HTTP/1.1\r\nHost: h\r\nAccept-Language: ko\r\n%s\r\n", line)
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(resp.Body)
		if want := map[bool]string{true: "5 ko", false: "4 "}[line == ""]; string(b) != want {
			t.Errorf("%q: %q, want %q", line, b, want)
		}
	}
}

func TestUnsafeRequestsForgetThePage(t *testing.T) {
	s, n := newSite(t, nil), new(atomic.Int32)
	s.add(published(n))
	s.want(s.get("/list?page=2"), 200, "1 ")
	s.want(s.get("/detail"), 200, "2 ")
	s.want(s.ask("POST", "/list?status=422"), 422, "3 ")
	s.want(s.get("/list?page=2"), 200, "1 ")
	s.want(s.ask("POST", "/list?status=303&h=Location:%20/detail"), 303, "4 ")
	s.want(s.get("/list?page=2"), 200, "5 ")
	s.want(s.get("/detail"), 200, "6 ")
}

func TestANewGenerationForgetsEverything(t *testing.T) {
	s, n := newSite(t, nil), new(atomic.Int32)
	s.add(published(n))
	s.want(s.get("/"), 200, "1 ")
	s.table() // nothing new
	s.want(s.get("/"), 200, "1 ")
	link := s.link(s.newFake(published(n)))
	s.rows[1].Generation = 2
	s.rows[1].State = control.WorkerProbing
	s.table(link)
	s.want(s.get("/"), 200, "1 ")
	s.rows[1].State = control.WorkerReady
	s.table()
	until(t, "pages of the old one alone forgotten", func() bool { return s.get("/").body == "2 " })
	s.rows[0].State = control.WorkerDraining
	s.sendTable()
	until(t, "all old pages forgotten", func() bool { return s.get("/").body == "3 " })
}

// TestAResponseThatIsCutIsNotKept: what is not whole is neither kept nor taken
// for whole.
func TestAResponseThatIsCutIsNotKept(t *testing.T) {
	for name, length := range map[string]string{"collected": "10", "as it comes": ""} {
		t.Run(name, func(t *testing.T) {
			s, n := newSite(t, nil), new(atomic.Int32)
			s.add(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Cache-Control", "public, max-age=60")
				if length != "" {
					w.Header().Set("Content-Length", length)
				}
				io.WriteString(w, "01234")
				http.NewResponseController(w).Flush()
				if n.Add(1) == 1 {
					panic(http.ErrAbortHandler)
				}
				io.WriteString(w, "56789")
			})
			r := s.request("GET", "/", nil)
			if resp, err := s.client.Do(r); err == nil {
				if b, err := io.ReadAll(resp.Body); err == nil {
					t.Errorf("taken for whole: %q", b)
				}
				resp.Body.Close()
			}
			s.want(s.get("/"), 200, "0123456789")
			s.want(s.get("/"), 200, "0123456789")
			if n.Load() != 2 {
				t.Errorf("asked %d times", n.Load())
			}
		})
	}
}

func TestLargeAndUnendingResponsesPass(t *testing.T) {
	s, n := newSite(t, nil), new(atomic.Int32)
	large := strings.Repeat("x", int(s.front.live.Load().cache.MaxEntry)+1)
	s.add(func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		w.Header().Set("Cache-Control", "public, max-age=60")
		if r.URL.Path == "/known" {
			w.Header().Set("Content-Length", strconv.Itoa(len(large)))
		}
		io.WriteString(w, large)
		if r.URL.Path == "/trailer" {
			w.Header().Set(http.TrailerPrefix+"X", "y")
		}
	})
	for _, path := range []string{"/known", "/unknown", "/trailer"} {
		for range 2 {
			if r := s.get(path); r.StatusCode != 200 || len(r.body) != len(large) {
				t.Errorf("%s: %d, %d bytes", path, r.StatusCode, len(r.body))
			}
		}
	}
	if n.Load() != 6 {
		t.Errorf("asked %d times", n.Load())
	}
}

func TestConditionsDoNotKeepAPageFromBeingKept(t *testing.T) {
	s, n := newSite(t, nil), new(atomic.Int32)
	s.add(published(n))
	s.want(s.ask("GET", "/", `If-None-Match: "v1"`), 304, "") // nobody knew
	s.want(s.get("/"), 200, "2 ")
	s.want(s.ask("POST", "/"), 200, "3 ")
	s.want(s.ask("GET", "/", `If-None-Match: "v1"`), 304, "")
	s.wantLog("/", map[string]any{"status": 304, "bytes": 0})
	s.want(s.get("/"), 200, "4 ")
	if n.Load() != 4 {
		t.Errorf("asked %d times", n.Load())
	}
	for {
		if line := s.log("/"); line["method"] == "GET" && line["cache"] == "stored" && line["status"] == 304.0 {
			if line["bytes"] != 0.0 {
				t.Errorf("a 304 of %v bytes", line["bytes"])
			}
			return
		}
	}
}

// TestMissesCollapse over real connections, with clients that leave.
func TestMissesCollapse(t *testing.T) {
	s, n := newSite(t, nil), new(atomic.Int32)
	g := newGate(t)
	s.add(func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		g.pass()
		w.Header().Set("Cache-Control", "public, max-age=60")
		io.WriteString(w, "page")
	})
	const clients = 50
	var all sync.WaitGroup
	for range clients {
		all.Go(func() { s.want(s.get("/"), 200, "page") })
	}
	kept := s.front.kept.cache.Load()
	until(t, "all wait", func() bool { return kept.Figures().Collapsed == clients-1 })
	gone := s.dial()
	fmt.Fprintf(gone, "GET / HTTP/1.1\r\nHost: %s\r\nAccept-Encoding: gzip\r\n\r\n", s.addr)
	until(t, "one more waits", func() bool { return kept.Figures().Collapsed == clients })
	gone.Close()
	until(t, "it has left", func() bool { line := s.log("/"); return line["status"] == 499.0 })
	g.release()
	all.Wait()
	if n.Load() != 1 {
		t.Errorf("asked %d times", n.Load())
	}
	if f := kept.Figures(); f.Stored != 1 || f.Hits != clients-1 {
		t.Errorf("%+v", f)
	}
}

// TestTheNextOneAsksWhenTheFirstLeaves over real connections.
func TestTheNextOneAsksWhenTheFirstLeaves(t *testing.T) {
	s, n := newSite(t, nil), new(atomic.Int32)
	g := newGate(t)
	s.add(func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) == 1 {
			g.entered <- struct{}{}
			<-r.Context().Done()
			return
		}
		w.Header().Set("Cache-Control", "public, max-age=60")
		io.WriteString(w, "page")
	})
	first := s.dial()
	fmt.Fprintf(first, "GET / HTTP/1.1\r\nHost: %s\r\nAccept-Encoding: gzip\r\n\r\n", s.addr)
	await(t, "the first at the worker", g.entered)
	kept := s.front.kept.cache.Load()
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() { s.want(s.get("/"), 200, "page") })
	}
	until(t, "all wait", func() bool { return kept.Figures().Collapsed == 10 })
	first.Close()
	all.Wait()
	if n.Load() != 2 {
		t.Errorf("asked %d times", n.Load())
	}
}

// TestASlowClientIsAloneWithItsSlowness: those who wait for its page get it as
// soon as the worker has made it.
func TestASlowClientIsAloneWithItsSlowness(t *testing.T) {
	s, g := newSite(t, nil), newGate(t)
	page := strings.Repeat("x", 1<<20)
	s.add(func(w http.ResponseWriter, r *http.Request) {
		g.pass()
		w.Header().Set("Cache-Control", "public, max-age=60")
		w.Header().Set("Content-Length", strconv.Itoa(len(page)))
		io.WriteString(w, page)
	})
	slow := s.dial()
	slow.SetReadBuffer(4 << 10)
	fmt.Fprintf(slow, "GET / HTTP/1.1\r\nHost: %s\r\nAccept-Encoding: gzip\r\n\r\n", s.addr)
	await(t, "the slow one at the worker", g.entered)
	kept := s.front.kept.cache.Load()
	got := make(chan reply, 1)
	go func() { got <- s.get("/") }()
	until(t, "the other waits", func() bool { return kept.Figures().Collapsed == 1 })
	g.release()
	if r := await(t, "page", got); len(r.body) != len(page) || r.Header.Get("Age") == "" {
		t.Errorf("%d bytes, %v", len(r.body), r.Header)
	}
}

func TestTheCacheCanBeTurnedOff(t *testing.T) {
	s, n := newSite(t, nil), new(atomic.Int32)
	s.add(published(n))
	s.want(s.get("/"), 200, "1 ")
	was := s.front.kept.cache.Load()
	on := true
	s.reread = func(control.Settings) (*config.Config, error) {
		conf := config.Default(t.TempDir())
		conf.Name = s.front.options.Config.Name
		conf.Cache.On = on
		return conf, nil
	}
	s.settle(true)
	if s.front.kept.cache.Load() != was {
		t.Error("settings that are the same forget what is kept")
	}
	on = false
	s.settle(true)
	for i := range 2 {
		r := s.get("/")
		s.want(r, 200, fmt.Sprint(i+2, " "))
		s.wantCache(r, "")
	}
	on = true
	s.settle(true)
	s.want(s.get("/"), 200, "4 ")
	s.want(s.get("/"), 200, "4 ")
}

func TestOnlyIfCachedIs504(t *testing.T) {
	s := newSite(t, nil)
	begun := time.Now()
	r := s.ask("GET", "/", "Cache-Control: only-if-cached")
	if r.StatusCode != 504 || time.Since(begun) > patience/2 { // no worker is there to wait for
		t.Errorf("%d", r.StatusCode)
	}
}

// TestMountsShareTheCache unless they do not want to; what is kept of one never
// answers for another.
func TestMountsShareTheCache(t *testing.T) {
	n := new(atomic.Int32)
	other := httptest.NewServer(published(n))
	defer other.Close()
	conf := mountedAt(t, "/on", other.URL)
	off := conf.Mounts["other"]
	off.Path, off.Cache = "/off", false
	conf.Mounts["off"] = off
	s := newSiteOf(t, conf, nil)
	s.add(text("home"))
	s.want(s.get("/on/page"), 200, "1 ")
	s.want(s.get("/on/page"), 200, "1 ")
	s.want(s.get("/page"), 200, "home")
	s.want(s.ask("GET", "/on/page", `If-None-Match: "v1"`), 304, "")
	s.want(s.ask("GET", "/on/page", "Cookie: session=of-flask"), 200, "2 session=of-flask")
	s.want(s.get("/off/page"), 200, "3 ")
	s.want(s.get("/off/page"), 200, "4 ")
	s.want(s.ask("POST", "/on/page"), 200, "5 ")
	s.want(s.get("/on/page"), 200, "6 ")
}
