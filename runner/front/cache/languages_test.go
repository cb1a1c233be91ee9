package cache

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/dram-go/dram/framework/i18n/tags"
)

// offering is an app that has a page in Korean and English, and tells.
func offering(n *atomic.Int32) func(*asked) (int, http.Header, string) {
	return func(r *asked) (int, http.Header, string) {
		locale := tags.Choose(r.values[acceptLanguage], []string{"en", "ko"}, "en")
		return 200, fieldsOf("Cache-Control: public, max-age=60", "Vary: Accept-Language", "Avail-Language: en;d, ko", "Content-Language: "+locale),
			fmt.Sprint(n.Add(1), " ", locale)
	}
}

// TestOnePageForEachLanguage that the app has, whatever clients ask for.
func TestOnePageForEachLanguage(t *testing.T) {
	c, n := testCache(), new(atomic.Int32)
	a := offering(n)
	lang := func(text string) *asked { return get("/x", "Accept-Language: "+text) }
	wantAnswer(t, c, lang("ko-KR,ko;q=0.9,en;q=0.8"), a, "1 ko", false)
	wantAnswer(t, c, lang("en-GB,en;q=0.9"), a, "2 en", false)
	wantAnswer(t, c, lang("ko"), a, "1 ko", true)
	wantAnswer(t, c, lang("fr, ko;q=0.1"), a, "1 ko", true)
	wantAnswer(t, c, get("/x"), a, "2 en", true)
	wantAnswer(t, c, lang("fr"), a, "2 en", true)
	wantAnswer(t, c, lang("kok"), a, "2 en", true)
	// Who makes up languages gets what is kept, and takes no room.
	for i := range 10 * maxVariants {
		wantAnswer(t, c, lang(fmt.Sprintf("x%d-%d, ko;q=0.%d", i%90, i, 1+i%9)), a, "1 ko", true)
		wantAnswer(t, c, lang(strings.Repeat("y", 1+i%50)+fmt.Sprint(i)), a, "2 en", true)
	}
	if f := c.Figures(); f.Entries != 2 || f.Evicted != 0 {
		t.Errorf("%+v", f)
	}
	// While nobody has the page, those who would get the same wait for one.
	c.Invalidate("example.com", "/x", 200)
	first := c.Begin(&lang("ko").Request, false)
	if first.Fill == nil {
		t.Fatal("the page is still there")
	}
	if o := c.Begin(&lang("fr,ko;q=0.5").Request, false); o.Flight == nil {
		t.Error("one who would get the same does not wait")
	}
	if o := c.Begin(&lang("en").Request, false); o.Flight != nil || o.Fill == nil {
		t.Error("one who would get another page waits")
	}
}

// TestLanguagesThatAreNotBelieved leave the comparison to what clients say.
func TestLanguagesThatAreNotBelieved(t *testing.T) {
	for name, fields := range map[string][]string{
		"nothing":                   nil,
		"no Content-Language":       {"Avail-Language: en;d, ko"},
		"another Content-Language":  {"Avail-Language: en;d, ko", "Content-Language: en"},
		"two":                       {"Avail-Language: en;d, ko", "Content-Language: ko", "Content-Language: en"},
		"no default":                {"Avail-Language: en, ko", "Content-Language: ko"},
		"no tag":                    {"Avail-Language: en;d, ko, ../x", "Content-Language: ko"},
		"twice the same":            {"Avail-Language: en;d, ko, KO", "Content-Language: ko"},
		"more than anybody has":     {"Avail-Language: en;d, ko" + manyTags(), "Content-Language: ko"},
		"an empty element":          {"Avail-Language: en;d,, ko", "Content-Language: ko"},
		"the default is not chosen": {"Avail-Language: en;d", "Content-Language: ko"},
	} {
		c, n := testCache(), new(atomic.Int32)
		a := public(n, append([]string{"Vary: Accept-Language"}, fields...)...)
		wantAnswer(t, c, get("/x", "Accept-Language: ko"), a, "1 ko", false)
		wantAnswer(t, c, get("/x", "Accept-Language: ko, fr"), a, "2 ko, fr", false)
		if t.Failed() {
			t.Fatalf("%s", name)
		}
	}
	// Without Vary there is one page for all, whatever else is said.
	c, n := testCache(), new(atomic.Int32)
	a := public(n, "Avail-Language: en;d, ko", "Content-Language: ko")
	wantAnswer(t, c, get("/x", "Accept-Language: ko"), a, "1 ko", false)
	wantAnswer(t, c, get("/x", "Accept-Language: en"), a, "1 ko", true)
}

func manyTags() string {
	var b strings.Builder
	for i := range 100 {
		fmt.Fprintf(&b, ", en-%03d", i)
	}
	return b.String()
}

// TestAnAppWithMoreLanguages: those who were served the default are asked for
// anew.
func TestAnAppWithMoreLanguages(t *testing.T) {
	c, n := testCache(), new(atomic.Int32)
	wantAnswer(t, c, get("/x", "Accept-Language: fr"), offering(n), "1 en", false)
	more := public(n, "Vary: Accept-Language", "Avail-Language: en;d, ko, fr", "Content-Language: fr")
	c.Invalidate("example.com", "/x", 200)
	wantAnswer(t, c, get("/x", "Accept-Language: fr"), more, "2 fr", false)
	wantAnswer(t, c, get("/x", "Accept-Language: fr-CA"), more, "2 fr", true)
}
