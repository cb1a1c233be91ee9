package form

import (
	"mime/multipart"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// everything has a field of each kind.
type everything struct {
	Text     string                  `form:"text"`
	Raw      string                  `form:"raw" trim:"no"`
	Small    int8                    `form:"small"`
	Count    uint                    `form:"count"`
	Price    float64                 `form:"price"`
	Agree    bool                    `form:"agree"`
	At       time.Time               `form:"at"`
	Day      time.Time               `form:"day" input:"date"`
	Wait     time.Duration           `form:"wait"`
	Addr     netip.Addr              `form:"addr"`
	Maybe    *int                    `form:"maybe"`
	Tags     []string                `form:"tags"`
	Numbers  []*int                  `form:"numbers"`
	Home     place                   `form:"home"`
	Work     *place                  `form:"work"`
	Upload   *multipart.FileHeader   `form:"upload"`
	Pictures []*multipart.FileHeader `form:"pictures"`
	common
	Secret string
}

type place struct {
	City string `form:"city"`
	Zip  *int   `form:"zip"`
	Note string // not in the form
}

type common struct {
	Inherited string `form:"inherited"`
}

// inlined embeds on purpose.
type inlined struct {
	common `form:",inline"`
	Own    string `form:"own" validate:"required"`
}

var compareAll = cmp.Options{cmp.AllowUnexported(everything{}), cmpopts.EquateComparable(netip.Addr{})}

func TestDecode(t *testing.T) {
	five := 5
	seoul := time.FixedZone("KST", 9*3600)
	tests := []struct {
		name  string
		pairs []string
		want  everything
	}{
		{"text is trimmed", []string{"text", "\u3000x ", "raw", " x\r\n"}, everything{Text: "x", Raw: " x\r\n"}},
		{"the first text counts", []string{"text", "1", "text", "2"}, everything{Text: "1"}},
		{"numbers", []string{"small", " -128 ", "count", "+7", "price", "1.5e2"}, everything{Small: -128, Count: 7, Price: 150}},
		{"empty is zero", []string{"small", "", "count", " ", "price", "", "agree", "", "at", "", "maybe", "", "addr", ""}, everything{}},
		{"a ticked box", []string{"agree", "on"}, everything{Agree: true}},
		{"a hidden field before the box", []string{"agree", "0", "agree", "1"}, everything{Agree: true}},
		{"a box without a tick", []string{"agree", "0"}, everything{}},
		{"a local time", []string{"at", "2026-01-02T03:04"}, everything{At: time.Date(2026, 1, 2, 3, 4, 0, 0, seoul)}},
		{"a time with seconds", []string{"at", "2026-01-02 03:04:05"}, everything{At: time.Date(2026, 1, 2, 3, 4, 5, 0, seoul)}},
		{"a time with a zone", []string{"at", "2026-01-02T03:04:05Z"}, everything{At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}},
		{"a date", []string{"day", "2026-01-02"}, everything{Day: time.Date(2026, 1, 2, 0, 0, 0, 0, seoul)}},
		{"a duration", []string{"wait", "1h30m"}, everything{Wait: 90 * time.Minute}},
		{"a type of its own", []string{"addr", "10.0.0.1"}, everything{Addr: netip.MustParseAddr("10.0.0.1")}},
		{"a pointer", []string{"maybe", "5"}, everything{Maybe: &five}},
		{"slices without blanks", []string{"tags", "a", "tags", " ", "tags", "b ", "numbers", "", "numbers", "5"}, everything{Tags: []string{"a", "b"}, Numbers: []*int{&five}}},
		{"nested", []string{"home.city", "Seoul", "home.zip", "5", "home.Note", "x"}, everything{Home: place{City: "Seoul", Zip: &five}}},
		{"nested behind a pointer", []string{"work.city", "Busan"}, everything{Work: &place{City: "Busan"}}},
		{"an empty nested pointer", []string{"work.city", ""}, everything{}},
		{"what has no tag", []string{"Secret", "x", "secret", "x", "Text", "x", "common.inherited", "x", "inherited", "x"}, everything{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := parsed[everything](t, post(test.pairs...), Options{Location: seoul})
			if !f.OK() {
				t.Fatalf("not OK: %v", f.Errors())
			}
			if diff := cmp.Diff(test.want, f.Value, compareAll); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestInlineStructs(t *testing.T) {
	f := parsed[inlined](t, post("inherited", "x", "own", "y"), Options{})
	if !f.OK() || f.Value.Inherited != "x" || f.Value.Own != "y" {
		t.Errorf("%+v %v", f.Value, f.Errors())
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	tests := []struct{ field, value, en, ko string }{
		{"small", "x", "Small must be a whole number.", "Small은 정수로 입력해 주세요."},
		{"small", "1.5", "Small must be a whole number.", ""},
		{"small", "300", "Small is a number out of range.", "Small이 다룰 수 있는 숫자의 범위를 벗어났습니다."},
		{"count", "-1", "Count is a number out of range.", ""},
		{"count", "-x", "Count must be a whole number.", ""},
		{"price", "1,5", "Price must be a number.", ""},
		{"price", "NaN", "Price must be a number.", ""},
		{"price", "Inf", "Price must be a number.", ""},
		{"price", "0x10", "Price must be a number.", ""},
		{"price", "1e999", "Price is a number out of range.", ""},
		{"agree", "perhaps", "Agree must be yes or no.", "Agree는 예 또는 아니요여야 합니다."},
		{"at", "tomorrow", "At must be a date and time (YYYY-MM-DD hh:mm).", ""},
		{"day", "2026-02-30", "Day must be a date (YYYY-MM-DD).", "Day는 올바른 날짜(YYYY-MM-DD)로 입력해 주세요."},
		{"wait", "5", "Wait must be a duration such as 1h30m.", ""},
		{"addr", "10.0.0", "Addr is not valid.", "Addr가 올바르지 않습니다."},
		{"numbers", "x", "Numbers must be a whole number.", ""},
		{"text", "a\x00b", "Text contains characters that cannot be used.", ""},
		{"text", "\xff", "Text contains characters that cannot be used.", ""},
	}
	for _, test := range tests {
		for locale, want := range map[string]string{"en": test.en, "ko": test.ko} {
			if want == "" {
				continue
			}
			f := parsed[everything](t, post(test.field, test.value), Options{Locale: locale})
			if diff := cmp.Diff(Errors{test.field: {want}}, f.Errors()); diff != "" {
				t.Errorf("%s=%q: %s", test.field, test.value, diff)
			}
			if got := f.Get(test.field); got != test.value {
				t.Errorf("%s=%q: what was typed is lost: %q", test.field, test.value, got)
			}
		}
	}
}

// TestAnUnreadableFieldHasOneMessage: neither required nor a comparison with
// it may pile up on top.
func TestAnUnreadableFieldHasOneMessage(t *testing.T) {
	type span struct {
		From int `form:"from" validate:"required,min=1"`
		To   int `form:"to" validate:"gtfield=From"`
	}
	f := parsed[span](t, post("from", "ten", "to", "0"), Options{})
	if diff := cmp.Diff(Errors{"from": {"From must be a whole number."}}, f.Errors()); diff != "" {
		t.Error(diff)
	}
}

func TestEditDoesNotWriteThroughPointers(t *testing.T) {
	stored := everything{Work: &place{City: "Seoul", Note: "kept"}}
	f, err := Edit(nil, post("work.city", "Busan"), stored, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if stored.Work.City != "Seoul" {
		t.Error("the stored value changed")
	}
	if f.Value.Work.City != "Busan" || f.Value.Work.Note != "kept" {
		t.Errorf("the form has %+v", f.Value.Work)
	}
}
