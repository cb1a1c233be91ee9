package cache

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// crowd asks for the same page n times at once.
func crowd(c *Cache, n int, r func(i int) *asked, a app) (bodies map[string]int, hits int) {
	var mu sync.Mutex
	var all sync.WaitGroup
	bodies = map[string]int{}
	for i := range n {
		all.Go(func() {
			body, hit, err := ask(c, r(i), a)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				body = err.Error()
			}
			bodies[body]++
			if hit {
				hits++
			}
		})
		synctest.Wait()
	}
	all.Wait()
	return bodies, hits
}

// slow lets an app take a while.
func slow(d time.Duration, a app) app {
	return func(r *asked) (int, http.Header, string) {
		select {
		case <-time.After(d):
		case <-r.ctx.Done():
		}
		return a(r)
	}
}

func TestManyMissesAskOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, n := testCache(), new(atomic.Int32)
		bodies, hits := crowd(c, 1000, func(int) *asked { return get("/x") }, slow(time.Second, public(n)))
		if n.Load() != 1 || hits != 999 || bodies["1 "] != 1000 {
			t.Errorf("asked %d times, %d hits, %v", n.Load(), hits, bodies)
		}
		if f := c.Figures(); f.Collapsed != 999 || f.Misses != 1 {
			t.Errorf("%+v", f)
		}
	})
}

func TestThoseWhoDifferDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, n := testCache(), new(atomic.Int32)
		languages := []string{"ko", "en", "ja"}
		bodies, _ := crowd(c, 90, func(i int) *asked {
			return get("/x", "Accept-Language: "+languages[i%3])
		}, slow(time.Second, public(n, "Vary: Accept-Language")))
		ok := n.Load() == 3 && len(bodies) == 3
		for body, times := range bodies {
			ok = ok && times == 30 && len(body) == len("1 ko")
		}
		if !ok {
			t.Errorf("asked %d times: %v", n.Load(), bodies)
		}
	})
}

// TestAnAnswerThatIsNotForAllIsForOne: nobody gets it, nobody waits for more
// than the first, and nobody waits the next time.
func TestAnAnswerThatIsNotForAllIsForOne(t *testing.T) {
	for name, a := range map[string]func(n *atomic.Int32) app{
		"private": func(n *atomic.Int32) app { return public(n, "Cache-Control: private") },
		"a cookie": func(n *atomic.Int32) app {
			return public(n, "Cache-Control: public, max-age=60", "Set-Cookie: a=b")
		},
		"a failure": func(n *atomic.Int32) app {
			return func(*asked) (int, http.Header, string) {
				return 503, fieldsOf("Cache-Control: public, max-age=60"), fmt.Sprint(n.Add(1))
			}
		},
		"cut": func(n *atomic.Int32) app {
			return func(*asked) (int, http.Header, string) { return 0, nil, fmt.Sprint(n.Add(1)) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, n := testCache(), new(atomic.Int32)
				begun := time.Now()
				bodies, hits := crowd(c, 100, func(int) *asked { return get("/x") }, slow(time.Second, a(n)))
				if len(bodies) != 100 || hits != 0 || n.Load() != 100 {
					t.Errorf("asked %d times, %d hits, %d bodies", n.Load(), hits, len(bodies))
				}
				if took := time.Since(begun); took != 2*time.Second {
					t.Errorf("one after another: %v", took)
				}
				begun = time.Now()
				crowd(c, 100, func(int) *asked { return get("/x") }, slow(time.Second, a(n)))
				if took := time.Since(begun); took != time.Second {
					t.Errorf("the next time took %v", took)
				}
			})
		})
	}
}

func TestTheNextOneAsksWhenTheFirstHasLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, n := testCache(), new(atomic.Int32)
		ctx, leave := context.WithCancel(t.Context())
		time.AfterFunc(500*time.Millisecond, leave)
		bodies, hits := crowd(c, 10, func(i int) *asked {
			r := get("/x")
			if i == 0 {
				r.ctx = ctx
			}
			return r
		}, slow(time.Second, public(n)))
		if n.Load() != 2 || hits != 8 || bodies["2 "] != 9 || bodies[errClientLeft.Error()] != 1 {
			t.Errorf("asked %d times, %d hits, %v", n.Load(), hits, bodies)
		}
	})
}

func TestWhoWaitsMayLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, n := testCache(), new(atomic.Int32)
		ctx, leave := context.WithCancel(t.Context())
		time.AfterFunc(500*time.Millisecond, leave)
		bodies, _ := crowd(c, 10, func(i int) *asked {
			r := get("/x")
			if i%2 == 1 {
				r.ctx = ctx
			}
			return r
		}, slow(time.Second, public(n)))
		if n.Load() != 1 || bodies["1 "] != 5 || bodies[ErrGone.Error()] != 5 {
			t.Errorf("asked %d times, %v", n.Load(), bodies)
		}
	})
}

func TestWaitingHasAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, n := testCache(), new(atomic.Int32)
		begun := time.Now()
		var first atomic.Bool
		bodies, _ := crowd(c, 10, func(int) *asked { return get("/x") }, func(r *asked) (int, http.Header, string) {
			if first.CompareAndSwap(false, true) {
				time.Sleep(time.Minute)
			} else if time.Since(begun) != c.options.Patience {
				t.Errorf("waited %v", time.Since(begun))
			} else {
				time.Sleep(time.Second)
			}
			return public(n)(r)
		})
		if n.Load() != 10 || len(bodies) != 10 {
			t.Errorf("asked %d times: %v", n.Load(), bodies)
		}
	})
}

// TestConcurrency mixes everything, for the race detector: whatever happens,
// nobody gets a page of another language, or another's own.
func TestConcurrency(t *testing.T) {
	c := New(Options{Size: 64 << 10, MaxEntry: 8 << 10, Patience: 50 * time.Millisecond, Cookies: []string{"qna"}})
	var all sync.WaitGroup
	for who := range 8 {
		all.Go(func() {
			for i := range 2000 {
				page, language := fmt.Sprintf("/%d", i%17), []string{"ko", "en"}[(i+who)%2]
				r := get(page, "Accept-Language: "+language)
				own := ""
				if i%5 == who%5 {
					own = fmt.Sprint(who)
					r = get(page, "Accept-Language: "+language, "Cookie: qna="+own)
				}
				switch i % 101 {
				case 0:
					c.Clear()
				case 1:
					c.Serve([]int{i, who})
				case 2, 3:
					c.Invalidate(r.Host, r.Target, 200, "/3")
				case 4:
					c.Figures()
				}
				body, _, err := ask(c, r, func(r *asked) (int, http.Header, string) {
					cc := "public, max-age=60"
					if i%7 == 0 {
						cc = "private"
					}
					status := 200
					if i%11 == 0 {
						status = 500
					}
					return status, fieldsOf("Cache-Control: "+cc, "Vary: Accept-Language, Cookie"), page + language + r.header.Get("Cookie")
				})
				want := page + language
				if own != "" {
					want += "qna=" + own
				}
				if body != want || err != nil {
					t.Errorf("%q, %v, want %q", body, err, want)
				}
			}
		})
	}
	all.Wait()
	if f := c.Figures(); f.Hits == 0 || f.Stored == 0 || f.Bytes > f.Limit {
		t.Errorf("%+v", f)
	}
	for i := range c.shards {
		if n := len(c.shards[i].flights); n > 0 {
			t.Errorf("%d flights never landed", n)
		}
	}
}
