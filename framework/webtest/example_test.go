package webtest_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/db"
	"github.com/dram-go/dram/framework/webtest"
)

// The test of an app, which is newNotes here and New in a program. It stands
// in app_test.go as func TestNotes(t *testing.T).
func Example() {
	_ = func(t *testing.T) {
		t.Parallel()
		site := webtest.New(t, newNotes, webtest.Set("locale.default", "en"))

		// A form that is not filled in comes back with what is missing.
		site.Get("create").Status(200).Count("input[name=text]", 1)
		site.Submit("create", url.Values{}).Status(422).See("#text-error", "")

		// A good one leads to the page of the note.
		site.Submit("create", url.Values{"text": {"first"}}).
			RedirectsTo("note", 1).
			Follow().Status(200).
			See("h1", "first").
			See(".success", "Saved.")

		// Another visitor, in another language, a day later.
		site.Clock.Advance(24 * time.Hour)
		korean := site.Visitor().With("Accept-Language", "ko")
		korean.GetPath("/note/1/").See("first").Not("Saved.")

		// The parts of the app are at hand with their types.
		n, err := db.One[int](t.Context(), site.App.DB, `SELECT count(*) FROM note`)
		if err != nil || n != 1 {
			t.Errorf("%d notes, %v", n, err)
		}
	}
}
