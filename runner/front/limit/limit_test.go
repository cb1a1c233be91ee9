package limit

import (
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"
)

func of(text string) Address { return Of(netip.MustParseAddr(text)) }

func TestAddresses(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
		{"192.0.2.1", "::ffff:192.0.2.1", true},
		{"2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true},
		{"2001:db8::1", "2001:db8:0:1::1", false},
		{"2001:db8::1%eth0", "2001:db8::2", true},
		{"::", "192.0.2.1", false},
	} {
		if (of(c.a) == of(c.b)) != c.same {
			t.Errorf("%s and %s", c.a, c.b)
		}
	}
	for text, want := range map[string]string{
		"192.0.2.1:80": "192.0.2.1", "[2001:db8::1]:80": "2001:db8::1", "[::ffff:192.0.2.1]:80": "192.0.2.1",
		"1.2.3.256:1": "", "1.2.3:4": "", "1..2.3:4": "", ".1.2.3:4": "", "1.2.3.4.5:6": "", "1234.1.1.1:1": "", "0.0.0.0:0": "0.0.0.0", "255.255.255.255:65535": "255.255.255.255", "@": "", "": "", "/run/x.sock": "", "192.0.2.1": "",
	} {
		a, ok := Parse(text)
		if ok != (want != "") || ok && a.String() != want {
			t.Errorf("%q: %v, %v", text, a, ok)
		}
	}
}

// TestTake compares with a bucket of tokens, which is what people expect.
func TestTake(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, r := range []Rate{{1, 1}, {10, 1}, {10, 5}, {1000, 200}, {3, 7}} {
		var due, now, last time.Duration
		tokens := float64(r.Burst)
		for i := range 3000 {
			now += time.Duration(rng.Int64N(int64(2 * time.Second / time.Duration(r.PerSecond))))
			if i%100 == 0 {
				now += time.Minute
			}
			tokens = min(float64(r.Burst), tokens+(now-last).Seconds()*float64(r.PerSecond))
			last = now
			next, wait := r.take(due, now)
			switch need := (1 - tokens) / float64(r.PerSecond); {
			case tokens > 0.999 && tokens < 1.001: // either is right: begin anew
				due, tokens = now+r.interval()*time.Duration(r.Burst), 0
				continue
			case (wait == 0) != (tokens >= 1):
				t.Fatalf("%+v: wait %v with %v tokens", r, wait, tokens)
			case wait == 0:
				tokens--
			case wait.Seconds() > need+0.001 || wait.Seconds() < need-0.001:
				t.Fatalf("%+v: wait %v, want %v s", r, wait, need)
			}
			due = next
		}
	}
}

func TestTakeWithoutLimit(t *testing.T) {
	m, now := NewMeter(), time.Now()
	for range 100 {
		if wait := m.Take(of("192.0.2.1"), Rate{}, now); wait != 0 {
			t.Fatal(wait)
		}
	}
}

// TestRatesMayChange: what was done under one rate does not lock out under
// another for longer than that one's burst.
func TestRatesMayChange(t *testing.T) {
	m, now := NewMeter(), time.Now()
	slow, fast := Rate{1, 100}, Rate{1000, 10}
	for range 100 {
		m.Take(of("192.0.2.1"), slow, now)
	}
	if wait := m.Take(of("192.0.2.1"), fast, now); wait > 101*time.Second {
		t.Errorf("wait %v", wait)
	}
}

// TestManyAddresses: those who come with ever new addresses do not push out one
// who does too much, and need no more memory.
func TestManyAddresses(t *testing.T) {
	m, now := NewMeter(), time.Now()
	r, busy := Rate{10, 5}, of("198.51.100.7")
	refused := 0
	for i := range 1 << 18 {
		if i%16 == 0 {
			now = now.Add(time.Millisecond)
			if m.Take(busy, r, now) > 0 { // 1,000 a second
				refused++
			}
		}
		m.Take(Of(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})), r, now)
	}
	if part := float64(refused) / (1 << 14); part < 0.95 {
		t.Errorf("only %.2f of it refused", part)
	}
}

func TestCounts(t *testing.T) {
	c := NewCounts()
	a := of("192.0.2.1")
	for i := range 5 {
		if ok := c.Enter(a, 3); ok != (i < 3) {
			t.Errorf("enter %d: %v", i, ok)
		}
	}
	if !c.Enter(of("192.0.2.2"), 3) {
		t.Error("another address")
	}
	c.Leave(a)
	if !c.Enter(a, 3) || c.Enter(a, 3) {
		t.Error("after one has left")
	}
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			who := of(fmt.Sprintf("203.0.113.%d", i%2))
			for range 1000 {
				if c.Enter(who, 1000) {
					c.Leave(who)
				}
			}
		})
	}
	all.Wait()
	for range 3 {
		c.Leave(a)
	}
	c.Leave(of("192.0.2.2"))
	for i := range c.parts {
		if n := len(c.parts[i].count); n > 0 {
			t.Errorf("%d addresses remembered that have nothing", n)
		}
	}
}

func BenchmarkTake(b *testing.B) {
	m, r, now := NewMeter(), Rate{1 << 30, 1 << 30}, time.Now()
	b.ReportAllocs()
	for b.Loop() {
		a, _ := Parse("192.0.2.1:49152")
		m.Take(Of(a), r, now)
	}
}

// TestWhoDidLeastMakesRoom in a full row, and what it did is not held against
// the one who comes.
func TestWhoDidLeastMakesRoom(t *testing.T) {
	m, now := NewMeter(), time.Now()
	r := Rate{1, 10}
	row := func(a Address) *row { return &m.rows[maphash.Bytes(m.seed, a[:])%rows] }
	first := of("192.0.2.1")
	all := []Address{first}
	for i := range 1 << 20 {
		if a := Of(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})); row(a) == row(first) {
			all = append(all, a)
		}
		if len(all) == ways+1 {
			break
		}
	}
	take := func(a Address, n int) (wait time.Duration) {
		for range n {
			wait = m.Take(a, r, now)
		}
		return wait
	}
	for i, a := range all[:ways] {
		if take(a, 10-i%2) != 0 { // every other one could do one thing more
			t.Fatal("too much at once")
		}
	}
	if wait := take(all[ways], 10); wait != 0 {
		t.Errorf("a new address has to wait %v", wait)
	}
	kept := 0
	for _, a := range all[:ways] {
		if slices.Contains(row(first).who[:], a) {
			kept++
		}
	}
	if busy := slices.Index(row(first).who[:], all[0]); kept != ways-1 || busy < 0 || take(all[0], 1) == 0 {
		t.Errorf("%d of %d stay; the busiest one is at %d", kept, ways, busy)
	}
}

func TestABurstIsAtLeastOne(t *testing.T) {
	m, now := NewMeter(), time.Now()
	if m.Take(of("192.0.2.1"), Rate{1, 0}, now) != 0 || m.Take(of("192.0.2.1"), Rate{1, 0}, now) != time.Second {
		t.Error("a rate without a burst")
	}
}
