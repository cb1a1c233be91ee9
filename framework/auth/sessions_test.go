package auth_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/db"
	"github.com/dram-go/dram/framework/session"
	"github.com/dram-go/dram/framework/webtest"
)

type device struct {
	ID, Agent   string
	Here        bool
	Begun, Seen time.Time
}

func devices(visitor *webtest.Client) []device {
	var list []device
	visitor.Get("devices").Status(200).JSON(&list)
	return list
}

func count(t *testing.T, s *site, query string, args ...any) int {
	t.Helper()
	n, err := db.One[int](t.Context(), s.App.DB, query, args...)
	must(t, err)
	return n
}

func TestDevices(t *testing.T) {
	onBoth(t, newStored, func(t *testing.T, site *site) {
		desk, lee := site.With("User-Agent", "Desk/1").As(1), site.As(2)
		site.Clock.Advance(time.Hour)
		phone := site.With("User-Agent", "Phone/1").As(1)
		list := devices(desk)
		if len(list) != 2 || list[0].Agent != "Phone/1" || list[0].Here || !list[1].Here || list[1].Agent != "Desk/1" {
			t.Fatalf("devices %+v", list)
		}
		if apart := list[0].Begun.Sub(list[1].Begun); apart < 59*time.Minute || apart > 61*time.Minute {
			t.Errorf("an hour apart: %v", apart)
		}
		lee.Submit("end", list[0].ID).Status(404)
		phone.Get("me").Status(200)
		desk.Submit("end", list[0].ID).RedirectsTo("devices")
		phone.Get("me").RedirectsTo("login")
		desk.Get("me").Status(200)
		if list := devices(desk); len(list) != 1 || !list[0].Here {
			t.Errorf("devices %+v", list)
		}
		for range 3 {
			site.As(1)
		}
		desk.Submit("others").RedirectsTo("devices")
		if list := devices(desk); len(list) != 1 || !list[0].Here {
			t.Errorf("devices %+v", list)
		}
		lee.Get("me").Status(200)
	})
}

// TestStolenCookie has what a sealed cookie cannot do.
func TestStolenCookie(t *testing.T) {
	onBoth(t, newStored, func(t *testing.T, site *site) {
		kim := site.As(1)
		stolen, ok := kim.Cookie(site.Config.Name)
		if !ok {
			t.Fatal("no cookie")
		}
		thief := site.Visitor().With("Cookie", site.Config.Name+"="+stolen)
		thief.Get("me").Status(200)
		kim.Submit("logout").RedirectsTo("home")
		thief.Get("me").RedirectsTo("login")
		if n := count(t, site, `SELECT count(*) FROM auth_session WHERE owner <> ''`); n != 0 {
			t.Errorf("%d sessions of users are left", n)
		}
	})
}

func TestStoredSessionsAreTheSame(t *testing.T) {
	onBoth(t, newStored, func(t *testing.T, site *site) {
		site.Submit("login", as("Kim", "secret Kim")).RedirectsTo("home").Follow().See("nav", "Kim").See(".flash", "Welcome.")
		desk := site.As(1)
		desk.Submit("password", url.Values{"new": {"another"}}).RedirectsTo("me").Follow().Status(200)
		site.Get("me").RedirectsTo("login")
	})
}

func TestEndedSessionsAreRemoved(t *testing.T) {
	onBoth(t, newStored, func(t *testing.T, site *site) {
		kim := site.As(1)
		site.Clock.Advance(15 * 24 * time.Hour)
		kim.Get("home").See("nav", "nobody")
		if n := count(t, site, `SELECT count(*) FROM auth_session`); n != 1 {
			t.Errorf("%d rows", n)
		}
		site.As(2)
		if n := count(t, site, `SELECT count(*) FROM auth_session`); n != 1 {
			t.Errorf("%d rows, want that of Lee", n)
		}
	})
}

// TestEndedSessionDoesNotComeBack: a request that was under way when another
// device ended its session cannot write it again.
func TestEndedSessionDoesNotComeBack(t *testing.T) {
	onBoth(t, newStored, func(t *testing.T, site *site) {
		kim := site.As(1)
		before, _ := kim.Cookie(site.Config.Name)
		site.App.meanwhile = func() error { return site.App.Store.EndOthers(t.Context(), site.App.Auth.Owner(1), "") }
		w := kim.Get("basket.slow").Status(200)
		if line := w.Headers.Get("Set-Cookie"); line != "" {
			t.Errorf("a session that has ended sends a cookie: %s", line)
		}
		if after, _ := kim.Cookie(site.Config.Name); after != before {
			t.Error("the browser has another cookie")
		}
		if n := count(t, site, `SELECT count(*) FROM auth_session`); n != 0 {
			t.Errorf("%d rows, the session is back", n)
		}
		kim.Get("me").RedirectsTo("login")
		kim.Get("basket.show").See("basket: ").Not("late")
	})
}

func TestUpdateTellsWhetherTheSessionWasThere(t *testing.T) {
	onBoth(t, newStored, func(t *testing.T, site *site) {
		r := session.Record{ID: "id", Owner: "user:1", Data: []byte("{}"), Begun: site.Clock.Now(), Seen: site.Clock.Now(), Ends: site.Clock.Now().Add(time.Hour)}
		if there, err := site.App.Store.Update(t.Context(), r); err != nil || there {
			t.Errorf("nothing to update: %v, %v", there, err)
		}
		must(t, site.App.Store.Create(t.Context(), r))
		r.Data = []byte(`{"v":1}`)
		if there, err := site.App.Store.Update(t.Context(), r); err != nil || !there {
			t.Errorf("update: %v, %v", there, err)
		}
		if found, ok, err := site.App.Store.Find(t.Context(), "id"); err != nil || !ok || string(found.Data) != `{"v":1}` {
			t.Errorf("%+v, %v, %v", found, ok, err)
		}
	})
}
