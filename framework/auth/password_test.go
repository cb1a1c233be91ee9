package auth_test

import (
	"io"
	"log/slog"
	"net/netip"
	"strconv"
	"sync"
	"testing"
	"time"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/auth"
	"github.com/dram-go/dram/framework/db"
)

func discard() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// storedHash is that of Kim.
func storedHash(t *testing.T, s *site) string {
	t.Helper()
	hash, err := db.One[string](t.Context(), s.App.DB, `SELECT password FROM member WHERE id = 1`)
	must(t, err)
	return hash
}

func store(t *testing.T, s *site, hash string) {
	t.Helper()
	_, err := s.App.DB.Exec(t.Context(), `UPDATE member SET password = ? WHERE id = 1`, hash)
	must(t, err)
}

// werkzeug is a hash of "비밀번호 4자".
const werkzeug = "scrypt:32768:8:1$rpKSYg0GOf5LIKPF$e56103a5b5690d063fe44bc4610f45807c8cfd54d8ea8ff106b708cbecb4bd60619a54524d81ff520f90f37431cc7076a81a21afb7430555c61684f579ede21d"

func TestOutdatedHashIsReplacedAtLogin(t *testing.T) {
	onBoth(t, newBoard, func(t *testing.T, site *site) {
		store(t, site, werkzeug)
		site.Submit("login", as("Kim", "wrong")).Status(422)
		if storedHash(t, site) != werkzeug {
			t.Error("the wrong password became a hash")
		}
		site.Submit("login", as("Kim", "비밀번호 4자")).Status(303)
		renewed := storedHash(t, site)
		if site.App.Hasher.Outdated(renewed) {
			t.Errorf("the hash is still %s", renewed)
		}
		site.Submit("login", as("Kim", "비밀번호 4자")).Status(303)
		if storedHash(t, site) != renewed {
			t.Error("a good hash was replaced")
		}
	})
}

func TestHashThatIsNoneTellsNothing(t *testing.T) {
	t.Parallel()
	site := newSite(t, newBoard)
	site.App.Log = discard()
	store(t, site, "plain text")
	site.Submit("login", as("Kim", "plain text")).Status(422).See("form", "Name or password is wrong.")
}

func TestFailedRehashIsNoFailedLogin(t *testing.T) {
	t.Parallel()
	site := newSite(t, newBoard)
	site.App.Log = discard()
	store(t, site, werkzeug)
	_, err := site.App.DB.Exec(t.Context(), `CREATE TRIGGER no BEFORE UPDATE ON member BEGIN SELECT RAISE(ABORT, 'no'); END`)
	must(t, err)
	site.Submit("login", as("Kim", "비밀번호 4자")).Status(303)
	if storedHash(t, site) != werkzeug {
		t.Error("the trigger of this test does nothing")
	}
}

func TestAttemptsOfAnAccount(t *testing.T) {
	onBoth(t, newBoard, func(t *testing.T, site *site) {
		for range 2 {
			site.Submit("login", as("Kim", "wrong")).Status(422)
		}
		site.Submit("login", as("Kim", "secret Kim")).Status(303) // gives all back
		site.Submit("login", as("Kim", "wrong")).Status(422)
		site.Clock.Advance(10 * time.Minute)
		for _, name := range []string{" kim", "KIM "} {
			site.Submit("login", as(name, "wrong")).Status(422)
		}
		r := site.Submit("login", as("Kim", "secret Kim")).Status(429).
			See("Too many attempts to sign in. Please try again in 5 minutes.")
		if wait, err := strconv.Atoi(r.Headers.Get("Retry-After")); err != nil || wait < 290 || wait > 300 {
			t.Errorf("Retry-After %q", r.Headers.Get("Retry-After"))
		}
		site.With("Accept-Language", "ko").Submit("login", as("kim", "x")).Status(429).See("5분 뒤에")
		site.Submit("login", as("Lee", "secret Lee")).Status(303)
		site.Clock.Advance(5 * time.Minute)
		site.Submit("login", as("Kim", "secret Kim")).Status(303)
	})
}

func TestAttemptsOfAnAddress(t *testing.T) {
	onBoth(t, newBoard, func(t *testing.T, site *site) {
		for i := range 8 {
			site.Submit("login", as("someone "+strconv.Itoa(i), "wrong")).Status(422)
		}
		for range 3 {
			site.Submit("login", as("Kim", "secret Kim")).Status(429)
		}
		if n := count(t, site, `SELECT max(attempts) FROM auth_limit`); n != 8 {
			t.Errorf("%d attempts are counted: knocking on writes to the database", n)
		}
		accounts, err := db.One[int](t.Context(), site.App.DB, `SELECT count(*) FROM auth_limit`)
		must(t, err)
		if accounts != 9 {
			t.Errorf("%d rows, want one of the address and one for each of 8 names", accounts)
		}
		site.Clock.Advance(16 * time.Minute)
		site.Submit("login", as("Kim", "secret Kim")).Status(303)
		rows, err := db.All[int](t.Context(), site.App.DB, `SELECT attempts FROM auth_limit`)
		must(t, err)
		if len(rows) != 1 || rows[0] != 0 {
			t.Errorf("old rows stay: %v", rows)
		}
	})
}

// TestGuessesAtTheSameTime has more guesses under way than may be made.
func TestGuessesAtTheSameTime(t *testing.T) {
	onBoth(t, newBoard, func(t *testing.T, site *site) {
		var mu sync.Mutex
		counts := map[int]int{}
		var wg sync.WaitGroup
		for range 12 {
			visitor := site.Visitor()
			wg.Go(func() {
				r := visitor.SubmitPath("/login/", as("Kim", "wrong"))
				mu.Lock()
				defer mu.Unlock()
				counts[r.Code]++
			})
		}
		wg.Wait()
		if counts[422] != 3 || counts[429] != 9 {
			t.Errorf("answers %v, want 3 looked at", counts)
		}
	})
}

func TestTextsOfTheLimit(t *testing.T) {
	t.Parallel()
	site := newSite(t, func(conf *dram.Config) (*board, error) {
		return assemble(conf, func(b *board) {
			limits := &auth.Limits{DB: b.DB, PerAccount: 1, Window: time.Minute}
			b.Post("/guess/", func(c *dram.Context) error {
				if err := limits.Take(c, "guess"); err != nil {
					return err
				}
				return c.NoContent()
			}).Name("guess")
		})
	})
	site.Submit("guess").Status(204)
	site.Submit("guess").Status(429).See("Please try again in a minute.")
	site.With("Accept-Language", "de").Submit("guess").Status(429).See("Erst in 1 Minuten wieder.")
}

func TestNetworks(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.7":            "192.0.2.7",
		"::ffff:192.0.2.7":     "192.0.2.7",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"2001:db8:1:2:9:9:9:9": "2001:db8:1:2::/64",
		"fe80::1%eth0":         "fe80::/64",
	} {
		if got := auth.Network(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s counts as %s, want %s", text, got, want)
		}
	}
	if auth.Network(netip.Addr{}) != "" {
		t.Error("no address is one")
	}
}
