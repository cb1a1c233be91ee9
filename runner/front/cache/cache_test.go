package cache

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func testCache() *Cache {
	return New(Options{Size: 1 << 20, MaxEntry: 64 << 10, Patience: 5 * time.Second, Cookies: []string{"qna"}})
}

// app answers requests that are not answered from the cache.
type app func(r *asked) (status int, h http.Header, body string)

// public is an app that counts what it is asked for.
func public(n *atomic.Int32, lines ...string) app {
	return func(r *asked) (int, http.Header, string) {
		h := fieldsOf(lines...)
		if len(h["Cache-Control"]) == 0 {
			h.Set("Cache-Control", "public, max-age=60")
		}
		return 200, h, fmt.Sprintf("%d %s", n.Add(1), r.header.Get("Accept-Language"))
	}
}

var errClientLeft = errors.New("client left")

// ask does what the front does with a request.
func ask(c *Cache, r *asked, a app) (body string, hit bool, err error) {
	deadline := c.Deadline()
	alone := false
	for {
		o := c.Begin(&r.Request, alone)
		switch {
		case o.Hit != nil:
			return string(o.Hit.Body), true, nil
		case o.Never:
			return "", false, nil
		case o.Flight != nil:
			switch err := c.Wait(r.ctx.Done(), o.Flight, deadline); {
			case err == ErrLate:
				alone = true
			case err != nil:
				return "", false, err
			}
			continue
		}
		status, h, body := a(r)
		if o.Fill != nil {
			switch {
			case r.ctx.Err() != nil:
				o.Fill.Fail(true)
				return "", false, errClientLeft
			case status == 0:
				o.Fill.Fail(false)
			default:
				if why, _ := o.Fill.Head(status, h, int64(len(body))); why == "" {
					o.Fill.Keep([]byte(body))
				}
			}
		}
		return body, false, nil
	}
}

func wantAnswer(t *testing.T, c *Cache, r *asked, a app, want string, wantHit bool) {
	t.Helper()
	if body, hit, err := ask(c, r, a); body != want || hit != wantHit || err != nil {
		t.Errorf("%s %s: %q, hit %v, %v; want %q, %v", r.Method, r.Target, body, hit, err, want, wantHit)
	}
}

func TestAPublicResponseServesUntilItIsStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, n := testCache(), new(atomic.Int32)
		a := public(n)
		wantAnswer(t, c, get("/x"), a, "1 ", false)
		time.Sleep(59 * time.Second)
		wantAnswer(t, c, get("/x"), a, "1 ", true)
		if o := c.Begin(&get("/x").Request, false); o.Age != 59*time.Second || o.TTL != time.Second || len(o.Hit.Fields) != 2 || o.Hit.Fields[1].Name != "Date" {
			t.Errorf("%+v", o)
		}
		wantAnswer(t, c, get("/y"), a, "2 ", false)
		time.Sleep(time.Second)
		wantAnswer(t, c, get("/x"), a, "3 ", false)
		if f := c.Figures(); f.Hits != 2 || f.Misses != 3 || f.Stored != 3 || f.Entries != 2 || f.Bytes < 1024 {
			t.Errorf("%+v", f)
		}
	})
}

// TestHostAndPathAreTwo: a proxy that is trusted may have passed on any host.
func TestHostAndPathAreTwo(t *testing.T) {
	c, n := testCache(), new(atomic.Int32)
	forged := get("/")
	forged.Host += "/x"
	wantAnswer(t, c, forged, public(n), "1 ", false)
	wantAnswer(t, c, get("/x/"), public(n), "2 ", false)
}

func TestWhatIsNotPublicIsNotShared(t *testing.T) {
	c, n := testCache(), new(atomic.Int32)
	for i, cc := range []string{"private", "no-store", "public, no-cache", "public, max-age=0", "max-age=60"} {
		a := public(n, "Cache-Control: "+cc)
		wantAnswer(t, c, get("/p"), a, fmt.Sprint(2*i+1, " "), false)
		wantAnswer(t, c, get("/p"), a, fmt.Sprint(2*i+2, " "), false)
	}
	if f := c.Figures(); f.Entries != 0 {
		t.Errorf("%+v", f)
	}
}

func TestHEADIsAnsweredFromGETAndFillsNothing(t *testing.T) {
	c, n := testCache(), new(atomic.Int32)
	a := public(n)
	head := get("/x")
	head.Method = "HEAD"
	wantAnswer(t, c, head, a, "1 ", false)
	wantAnswer(t, c, get("/x"), a, "2 ", false)
	wantAnswer(t, c, head, a, "2 ", true)
}

func TestTheSessionMeetsNoCache(t *testing.T) {
	c, n := testCache(), new(atomic.Int32)
	a := public(n)
	wantAnswer(t, c, get("/x", "Cookie: qna=ann"), a, "1 ", false)
	wantAnswer(t, c, get("/x", "Cookie: qna=bob"), a, "2 ", false)
	wantAnswer(t, c, get("/x"), a, "3 ", false)
	wantAnswer(t, c, get("/x", "Cookie: qna=bob"), a, "4 ", false)
	wantAnswer(t, c, get("/x", "Cookie: theme=dark"), a, "3 ", true)
}

func TestCookiesThatVary(t *testing.T) {
	c, n := testCache(), new(atomic.Int32)
	a := public(n, "Vary: Cookie")
	wantAnswer(t, c, get("/x", "Cookie: locale=ko"), a, "1 ", false)
	wantAnswer(t, c, get("/x"), a, "2 ", false)
	wantAnswer(t, c, get("/x", "Cookie: locale=ko"), a, "3 ", false)
	wantAnswer(t, c, get("/x"), a, "2 ", true)
}

func TestLocalesDoNotCross(t *testing.T) {
	c, n := testCache(), new(atomic.Int32)
	a := public(n, "Vary: Accept-Language")
	ko, en := "Accept-Language: ko-KR,ko;q=0.9", "Accept-Language: en"
	wantAnswer(t, c, get("/x", ko), a, "1 ko-KR,ko;q=0.9", false)
	wantAnswer(t, c, get("/x", en), a, "2 en", false)
	wantAnswer(t, c, get("/x"), a, "3 ", false)
	wantAnswer(t, c, get("/x", ko), a, "1 ko-KR,ko;q=0.9", true)
	wantAnswer(t, c, get("/x", "Accept-Language: KO-kr, ko;q=0.9"), a, "1 ko-KR,ko;q=0.9", true)
	wantAnswer(t, c, get("/x", en), a, "2 en", true)
	wantAnswer(t, c, get("/x"), a, "3 ", true)
	// A page that begins to vary forgets what did not.
	wantAnswer(t, c, get("/y", ko), public(n), "4 ko-KR,ko;q=0.9", false)
	wantAnswer(t, c, get("/y", en), public(n), "4 ko-KR,ko;q=0.9", true)
	c.Invalidate("example.com", "/y", 200)
	wantAnswer(t, c, get("/y", ko), a, "5 ko-KR,ko;q=0.9", false)
	wantAnswer(t, c, get("/y", en), a, "6 en", false)
	wantAnswer(t, c, get("/y", ko), a, "5 ko-KR,ko;q=0.9", true)
	wantAnswer(t, c, get("/y", en), a, "6 en", true)
}

func TestOptionsThatDoTheSame(t *testing.T) {
	made := func() Options { return Options{Size: 1, MaxEntry: 2, Patience: 3, Cookies: []string{"a"}} }
	if !made().Equal(made()) {
		t.Error("the same are others")
	}
	for name, change := range map[string]func(*Options){
		"Size": func(o *Options) { o.Size++ }, "MaxEntry": func(o *Options) { o.MaxEntry++ }, "Patience": func(o *Options) { o.Patience++ },
		"Cookies": func(o *Options) { o.Cookies = append(o.Cookies, "b") },
	} {
		other := made()
		if change(&other); made().Equal(other) {
			t.Errorf("another %s is the same", name)
		}
	}
}

func TestVariantsOfOnePageAreBounded(t *testing.T) {
	c, n := testCache(), new(atomic.Int32)
	for i := range 3 * maxVariants {
		ask(c, get("/x", fmt.Sprint("Accept-Language: x-", i)), public(n, "Vary: Accept-Language"))
	}
	if f := c.Figures(); f.Entries != maxVariants || f.Evicted != 2*maxVariants {
		t.Errorf("%+v", f)
	}
}

func TestUnsafeMethodsInvalidate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, n := testCache(), new(atomic.Int32)
		post := func(status int, lines ...string) {
			time.Sleep(time.Millisecond)
			c.Invalidate("a", "/list?form=1", status, lines...)
			time.Sleep(time.Millisecond)
		}
		fill := func() {
			n.Store(0)
			c.Clear()
			for _, page := range []string{"http://a/list", "http://a/list?page=2", "http://a/list/", "http://b/list", "http://a/detail"} {
				ask(c, get(page), public(n))
			}
		}
		gone := func(want string) {
			t.Helper()
			var b strings.Builder
			for i, page := range []string{"http://a/list", "http://a/list?page=2", "http://a/list/", "http://b/list", "http://a/detail"} {
				if o := c.Begin(&get(page).Request, true); o.Hit == nil {
					fmt.Fprint(&b, i)
				}
			}
			if b.String() != want {
				t.Errorf("gone: %s, want %s", b.String(), want)
			}
		}
		fill()
		post(500)
		post(404)
		gone("")
		post(200)
		gone("01")
		fill()
		post(303, "/detail#answer")
		gone("014")
		fill()
		post(201, "http://b/list", "http://A/detail")
		gone("014")
	})
}

func TestAResponseFromBeforeAChangeIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, n := testCache(), new(atomic.Int32)
		c.Serve([]int{1})
		for name, change := range map[string]func(){
			"an unsafe request": func() { c.Invalidate("example.com", "/x", 303) },
			"a new build":       func() { c.Serve([]int{1, 2}) },
			"the old one gone":  func() { c.Serve([]int{2, 2}) },
		} {
			ask(c, get("/x"), func(r *asked) (int, http.Header, string) {
				time.Sleep(time.Second)
				change()
				time.Sleep(time.Second)
				return public(n)(r)
			})
			if o := c.Begin(&get("/x").Request, true); o.Hit != nil {
				t.Errorf("%s: kept %q", name, o.Hit.Body)
			}
		}
		c.Serve([]int{2})
		wantAnswer(t, c, get("/x"), public(n), "4 ", false)
		c.Serve([]int{2})
		c.Serve(nil)
		wantAnswer(t, c, get("/x"), public(n), "4 ", true)
	})
}

func TestMemoryIsBounded(t *testing.T) {
	for _, o := range []Options{{Size: 1 << 20, MaxEntry: 8 << 10}, {Size: 32 << 10, MaxEntry: 16 << 10}} {
		c := New(o)
		rng := rand.New(rand.NewPCG(1, 2))
		for i := range 3000 {
			body := strings.Repeat("x", rng.IntN(int(o.MaxEntry)+1000))
			ask(c, get(fmt.Sprintf("/%d", i%700)), func(*asked) (int, http.Header, string) {
				return 200, fieldsOf("Cache-Control: public, max-age=60"), body
			})
			ask(c, get("/often"), func(*asked) (int, http.Header, string) {
				return 200, fieldsOf("Cache-Control: public, max-age=60"), "o"
			})
		}
		f := c.Figures()
		if f.Bytes > f.Limit || f.Bytes < f.Limit/4 || f.Evicted == 0 {
			t.Errorf("%+v: %+v", o, f)
		}
		resources := 0
		for i := range c.shards {
			resources += len(c.shards[i].resources)
		}
		if int64(resources) != int64(f.Entries) {
			t.Errorf("%d pages of %d entries are remembered", resources, f.Entries)
		}
		if f.Hits < 2900 {
			t.Errorf("%+v: what is used often was evicted: %+v", o, f)
		}
		c.Clear()
		if f := c.Figures(); f.Bytes != 0 || f.Entries != 0 {
			t.Errorf("after Clear: %+v", f)
		}
	}
}

func TestOnlyIfCached(t *testing.T) {
	c, n := testCache(), new(atomic.Int32)
	r := get("/x", "Cache-Control: only-if-cached")
	if o := c.Begin(&r.Request, false); !o.Never {
		t.Errorf("%+v", o)
	}
	ask(c, get("/x"), public(n))
	wantAnswer(t, c, r, public(n), "1 ", true)
}

func TestConditionsAreForWhatIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, n := testCache(), new(atomic.Int32)
		known := get("/x", `If-None-Match: "a"`)
		if o := c.Begin(&known.Request, false); o.Fill == nil || o.Unconditional {
			t.Errorf("a page that nobody knows: %+v", o)
		}
		if o := c.Begin(&known.Request, false); o.Flight != nil {
			t.Error("the answer to a condition is not for others")
		}
		ask(c, get("/x"), public(n))
		time.Sleep(time.Hour)
		o := c.Begin(&known.Request, false)
		if o.Fill == nil || !o.Unconditional {
			t.Errorf("a page that is known to be public: %+v", o)
		}
		o.Fill.Fail(true)
		if o := c.Begin(&get("/x", "Range: bytes=0-1").Request, false); o.Fill != nil || o.Flight != nil {
			t.Error("a part fills nothing")
		}
	})
}
