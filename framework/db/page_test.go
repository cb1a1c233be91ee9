package db_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/db"
)

// events are n rows whose times come in pairs, so that the id decides too.
func events(t *testing.T, d *db.DB, n int) {
	t.Helper()
	at := time.Date(2026, 3, 1, 12, 0, 0, 123_456_000, time.UTC)
	check(t, d.Write(t.Context(), func(ctx context.Context) error {
		for i := range n {
			if _, err := d.Insert(ctx, `INSERT INTO event (at) VALUES (?)`, at.Add(time.Duration(i/2)*time.Minute)); err != nil {
				return err
			}
		}
		return nil
	}))
}

type event struct {
	ID int
	At time.Time
}

func ids(events []event) (all []int) {
	for _, e := range events {
		all = append(all, e.ID)
	}
	return all
}

func TestPageOf(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		d := k.open(t)
		events(t, d, 7)
		all := db.List{Select: `id, at`, From: `event e`, Order: `e.at DESC, e.id DESC`}
		some := db.List{Select: `id + ? AS id, at`, From: `event WHERE id > ? AND id <> ?`, Order: `id`, Args: []any{100, 3, 5}}
		capped := all
		capped.Most = 4
		many := db.List{Select: `id`, Order: `id`, Most: -1, From: `(WITH RECURSIVE n(id) AS
			(SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 10002) SELECT id FROM n) AS numbers`}
		tests := []struct {
			name           string
			list           db.List
			number         int
			want           []int
			at, last, all  int
			previous, next int
			capped         bool
		}{
			{"first", all, 1, []int{7, 6, 5}, 1, 3, 7, 0, 2, false},
			{"middle", all, 2, []int{4, 3, 2}, 2, 3, 7, 1, 3, false},
			{"last", all, 3, []int{1}, 3, 3, 7, 2, 0, false},
			{"too far", all, 99, []int{1}, 3, 3, 7, 2, 0, false},
			{"too early", all, -1, []int{7, 6, 5}, 1, 3, 7, 0, 2, false},
			{"with arguments", some, 1, []int{104, 106, 107}, 1, 1, 3, 0, 0, false},
			{"capped", capped, 9, []int{4, 3, 2}, 2, 2, 4, 1, 0, true},
			{"without a limit", many, 3334, []int{10000, 10001, 10002}, 3334, 3334, 10002, 3333, 0, false},
			{"empty", db.List{Select: `id`, From: `event WHERE id < 0`, Order: `id`}, 2, nil, 1, 1, 0, 0, 0, false},
		}
		for _, test := range tests {
			ctx := db.Count(t.Context())
			p, err := db.PageOf[event](ctx, d, test.list, test.number, 3)
			check(t, err)
			if !slices.Equal(ids(p.Rows), test.want) || p.Number != test.at || p.Last() != test.last || p.Total != test.all ||
				p.Previous() != test.previous || p.Next() != test.next || p.Capped != test.capped || p.Size != 3 {
				t.Errorf("%s: %+v with %d pages, next %d, previous %d", test.name, p, p.Last(), p.Next(), p.Previous())
			}
			if n := db.Statements(ctx); n != 2 {
				t.Errorf("%s: %d statements", test.name, n)
			}
		}
	})
}

func TestPageThatCannotBe(t *testing.T) {
	t.Parallel()
	d := openBoard(t)
	list := db.List{Select: `id, at`, From: `event`, Order: `id`}
	for _, size := range []int{0, -1, 1001} {
		_, err := db.PageOf[event](t.Context(), d, list, 1, size)
		says(t, err, "db/page_test.go", "expected 1 to 1000")
		_, err = db.PartOf[event](t.Context(), d, list, "", size)
		says(t, err, "expected 1 to 1000")
	}
	list.Select = `? + ? AS id`
	list.Args = []any{1}
	_, err := db.PageOf[event](t.Context(), d, list, 1, 10)
	says(t, err, "db/page_test.go", "Select alone has 2 placeholders")
}

func TestPageNumbers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		total, number, around int
		want                  string
	}{
		{0, 1, 5, "[1]"},
		{30, 2, 5, "[1 2 3]"},
		{300, 1, 5, "[1 2 3 4 5 6 0 30]"},
		{300, 15, 2, "[1 0 13 14 15 16 17 0 30]"},
		{300, 30, 2, "[1 0 28 29 30]"},
		{300, 4, 2, "[1 2 3 4 5 6 0 30]"},
		{300, 27, 2, "[1 0 25 26 27 28 29 30]"},
		{300, 7, 0, "[1 0 7 0 30]"},
		{20, 1, 0, "[1 2]"},
		{30, 1, 0, "[1 0 3]"},
	} {
		p := db.Page[int]{Total: test.total, Number: test.number, Size: 10}
		if got := fmt.Sprint(p.Numbers(test.around)); got != test.want {
			t.Errorf("page %d of %d rows: %s, expected %s", test.number, test.total, got, test.want)
		}
	}
	var zero db.Page[int]
	if zero.Last() != 1 || zero.Offset() != 0 || zero.Next() != 0 || zero.Previous() != 0 {
		t.Errorf("an empty page has %d pages", zero.Last())
	}
}

func TestPartOf(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		d := k.open(t)
		events(t, d, 7)
		for order, want := range map[string][]int{
			`e.at DESC, e.id DESC`: {7, 6, 5, 4, 3, 2, 1},
			`at, id`:               {1, 2, 3, 4, 5, 6, 7},
			`"at" DESC, id ASC`:    {7, 5, 6, 3, 4, 1, 2},
			`id`:                   {1, 2, 3, 4, 5, 6, 7},
		} {
			list := db.List{Select: `id, at`, From: `event e WHERE id > ?`, Order: order, Args: []any{0}}
			var got []int
			cursor, parts := "", 0
			for {
				part, err := db.PartOf[event](t.Context(), d, list, cursor, 2)
				check(t, err)
				got = append(got, ids(part.Rows)...)
				if parts++; part.Next == "" || parts > 9 {
					break
				}
				cursor = part.Next
			}
			if !slices.Equal(got, want) || parts != 4 {
				t.Errorf("by %s: %d in %d parts, expected %d in 4", order, got, parts, want)
			}
		}
	})
}

func TestPartIsNotShiftedByNewRows(t *testing.T) {
	t.Parallel()
	d := openBoard(t)
	events(t, d, 4)
	list := db.List{Select: `id, at`, From: `event`, Order: `id DESC`}
	first, err := db.PartOf[event](t.Context(), d, list, "", 2)
	check(t, err)
	events(t, d, 3)
	second, err := db.PartOf[event](t.Context(), d, list, first.Next, 2)
	if err != nil || !slices.Equal(ids(second.Rows), []int{2, 1}) || second.Next != "" {
		t.Errorf("the second part is %+v, %v", second, err)
	}
}

func TestCursorsOfOthers(t *testing.T) {
	t.Parallel()
	d := openBoard(t)
	list := db.List{Select: `id, at`, From: `event`, Order: `at, id`}
	for _, text := range []string{`no JSON`, `[]`, `["2026-03-01T12:00:00Z"]`, `["x", 1]`, `["2026-03-01T12:00:00Z", "1; DROP TABLE event"]`, `{}`} {
		_, err := db.PartOf[event](t.Context(), d, list, base64.RawURLEncoding.EncodeToString([]byte(text)), 2)
		var status interface{ StatusCode() int }
		if !errors.As(err, &status) || status.StatusCode() != 400 {
			t.Errorf("%s: %v", text, err)
		}
	}
	_, err := db.PartOf[event](t.Context(), d, list, "%%%", 2)
	says(t, err, "no cursor")
}

func TestCursorsWithBadText(t *testing.T) {
	t.Parallel()
	type named struct{ Subject string }
	onBoth(t, func(t *testing.T, k kind) {
		d := k.open(t)
		list := db.List{Select: `subject`, From: `question`, Order: `subject`}
		for _, text := range []string{`["a\u0000b"]`, "[\"\xff\"]"} {
			_, err := db.PartOf[named](t.Context(), d, list, base64.RawURLEncoding.EncodeToString([]byte(text)), 2)
			if _, ok := errors.AsType[*db.CursorError](err); !ok {
				t.Errorf("%q: %v is no CursorError", text, err)
			}
		}
		_, err := db.PartOf[named](t.Context(), d, list, base64.RawURLEncoding.EncodeToString([]byte(`["a\\u0000b"]`)), 2)
		check(t, err) // a backslash and some letters
	})
}

func TestOrdersWithoutACursor(t *testing.T) {
	t.Parallel()
	d := openBoard(t)
	for order, want := range map[string]string{
		``:                   "a column is missing",
		`id,`:                "a column is missing",
		`lower(id)`:          "unexpected (",
		`id DESC NULLS LAST`: "unexpected NULLS",
		`n`:                  "no field for the column n",
	} {
		_, err := db.PartOf[event](t.Context(), d, db.List{Select: `id, at`, From: `event`, Order: order}, "", 2)
		says(t, err, want, "db/page_test.go")
	}
	_, err := db.PartOf[int](t.Context(), d, db.List{Select: `id`, From: `event`, Order: `id`}, "", 2)
	says(t, err, "int is no struct")
	if !strings.Contains(err.Error(), "cursor") {
		t.Error(err)
	}
}
