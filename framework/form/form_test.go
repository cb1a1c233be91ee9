package form

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/dram-go/dram/framework/i18n"
)

// question is a small form of the ordinary kind.
type question struct {
	Subject string `form:"subject" label:"제목" validate:"required,max=10"`
	Content string `form:"content" input:"textarea" validate:"required"`
	Author  int64  // not in the form
}

// post makes a urlencoded request from name, value pairs.
func post(pairs ...string) *http.Request {
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Add(pairs[i], pairs[i+1])
	}
	return request("POST", "application/x-www-form-urlencoded", values.Encode())
}

func request(method, contentType, body string) *http.Request {
	r := httptest.NewRequest(method, "/", strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r
}

func parsed[T any](t *testing.T, r *http.Request, opts Options) *Form[T] {
	t.Helper()
	f, err := Parse[T](httptest.NewRecorder(), r, opts)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// korean are the options of a Korean reader without a catalogue.
var korean = Options{Locale: "ko"}

func TestGetGivesAnUnsubmittedForm(t *testing.T) {
	for _, method := range []string{"GET", "HEAD"} {
		f := parsed[question](t, httptest.NewRequest(method, "/?subject=fromquery", nil), Options{})
		if f.OK() || f.Submitted() || f.Invalid() || len(f.Errors()) > 0 || f.Value != (question{}) || f.Get("subject") != "" {
			t.Errorf("%s: %+v %v", method, f.Value, f.Errors())
		}
	}
}

func TestAValidForm(t *testing.T) {
	f := parsed[question](t, post("subject", "  hello \t", "content", "a\r\nb\n", "Author", "7", "author", "7", "other", "x"), Options{})
	if !f.OK() || f.Invalid() {
		t.Fatalf("not OK: %v", f.Errors())
	}
	if want := (question{Subject: "hello", Content: "a\nb"}); f.Value != want {
		t.Errorf("%+v, want %+v", f.Value, want)
	}
}

func TestAnInvalidForm(t *testing.T) {
	f := parsed[question](t, post("subject", "a subject that is too long", "content", " "), korean)
	if f.OK() || !f.Invalid() {
		t.Fatal("valid")
	}
	want := Errors{"subject": {"제목은 10자 이하여야 합니다."}, "content": {"Content를 입력해 주세요."}}
	if diff := cmp.Diff(want, f.Errors()); diff != "" {
		t.Error(diff)
	}
	if got := f.Get("subject"); got != "a subject that is too long" {
		t.Errorf("what was typed is lost: %q", got)
	}
	if f.Error("subject") != want["subject"][0] || f.Error("none") != "" {
		t.Errorf("Error = %q", f.Error("subject"))
	}
}

func TestEdit(t *testing.T) {
	stored := question{Subject: "old", Content: "text", Author: 7}
	edit := func(method, body string) *Form[question] {
		t.Helper()
		r := request(method, "application/x-www-form-urlencoded", body)
		f, err := Edit(httptest.NewRecorder(), r, stored, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	if f := edit("GET", ""); f.Submitted() || f.Value != stored || f.Get("subject") != "old" {
		t.Errorf("GET shows %+v", f.Value)
	}
	if f := edit("POST", "subject=new&content=more"); !f.OK() || f.Value != (question{"new", "more", 7}) {
		t.Errorf("POST gives %+v", f.Value)
	}
	if f := edit("POST", "subject=new"); f.OK() || f.Value != (question{"new", "", 7}) || f.Get("content") != "" {
		t.Errorf("POST without content gives %+v, shows %q", f.Value, f.Get("content"))
	}
	if f := edit("PATCH", "subject=new"); !f.OK() || f.Value != (question{"new", "text", 7}) || f.Get("content") != "text" {
		t.Errorf("PATCH gives %+v, shows %q", f.Value, f.Get("content"))
	}
}

func TestFail(t *testing.T) {
	f := parsed[question](t, post("subject", "s", "content", "c"), Options{})
	f.Fail("subject", "taken")
	f.FailForm("try later")
	f.Fail("sbject", "a typo in the name loses no message")
	want := Errors{"subject": {"taken"}, "": {"try later", "a typo in the name loses no message"}}
	if diff := cmp.Diff(want, f.Errors()); diff != "" {
		t.Error(diff)
	}
	if f.OK() || !f.Invalid() || len(f.FormErrors()) != 2 {
		t.Error("a failed form is OK")
	}
}

func TestTheZeroFormIsEmpty(t *testing.T) {
	f := &Form[question]{}
	f.Value.Subject = "set later"
	if f.OK() || f.Submitted() || f.Get("subject") != "set later" {
		t.Errorf("Get = %q", f.Get("subject"))
	}
	if _, err := HTML(f, "content"); err != nil {
		t.Error(err)
	}
}

// uniqueError is a violation as package db reports it.
type uniqueError string

func (e uniqueError) Error() string  { return "UNIQUE constraint failed: " + string(e) }
func (e uniqueError) Unique() string { return string(e) }

func TestClaims(t *testing.T) {
	type signUp struct {
		Name string `form:"name" label:"사용자 이름" unique:"user.name"`
		Mail string `form:"mail" unique:"user.mail"`
	}
	tests := []struct {
		name string
		err  error
		want Errors
	}{
		{"the column of a field", uniqueError("user.name"), Errors{"name": {"이미 사용 중인 사용자 이름입니다."}}},
		{"wrapped", fmt.Errorf("create: %w", uniqueError("user.mail")), Errors{"mail": {"이미 사용 중인 Mail입니다."}}},
		{"one of several columns", uniqueError("user.site, user.mail"), Errors{"mail": {"이미 사용 중인 Mail입니다."}}},
		{"another column", uniqueError("user.id"), Errors{}},
		{"no column", uniqueError(""), Errors{}},
		{"another error", io.EOF, Errors{}},
		{"no error", nil, Errors{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := parsed[signUp](t, post("name", "kim", "mail", "x"), korean)
			if got := f.Claims(test.err); got != (len(test.want) > 0) {
				t.Errorf("Claims = %v", got)
			}
			if diff := cmp.Diff(test.want, f.Errors()); diff != "" {
				t.Error(diff)
			}
			if f.OK() == f.Invalid() {
				t.Error("OK and Invalid agree")
			}
		})
	}
}

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

func TestPasswordsAreNeverEchoedNorTrimmed(t *testing.T) {
	type login struct {
		Password string `form:"password" input:"password" validate:"min=20"`
	}
	f := parsed[login](t, post("password", " hunter2 "), Options{})
	if f.Value.Password != " hunter2 " {
		t.Errorf("the password became %q", f.Value.Password)
	}
	html, err := HTML(f, "password")
	if err != nil {
		t.Fatal(err)
	}
	if f.Get("password") != "" || strings.Contains(string(html), "hunter2") {
		t.Errorf("the password is echoed: %s", html)
	}
	filled := New(login{"hunter2"}, Options{})
	if html, _ := HTML(filled, "password"); filled.Get("password") != "" || strings.Contains(string(html), "hunter2") {
		t.Errorf("the prefilled password is echoed: %s", html)
	}
}

func TestDeclarationFaults(t *testing.T) {
	type inner struct {
		Deep place `form:"deep"`
	}
	type bad struct {
		NoTag    string         `label:"x"`
		hidden   string         `form:"hidden"`
		Name     string         `form:"no spaces"`
		Twice    string         `form:"a-b"`
		Also     place          `form:"a"`
		Again    string         `form:"a-city"`
		Map      map[string]int `form:"map"`
		List     []place        `form:"list"`
		Nested   inner          `form:"nested"`
		Input    string         `form:"input" input:"slider"`
		File     string         `form:"file" input:"file"`
		Boxes    string         `form:"boxes" input:"checkbox"`
		Area     []string       `form:"area" input:"textarea"`
		Trim     string         `form:"trim" trim:"yes"`
		NoInline string         `form:",inline"`
	}
	_ = bad{}.hidden
	err := Check[bad]()
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"form.bad.NoTag: has a tag label but no form tag",
		"form.bad.hidden: is not exported",
		`form.bad.Name: form:"no spaces" is no name`,
		"form.bad.Again: the names a-city and a.city cannot be told apart",
		"form.bad.Map: a form cannot fill a map[string]int",
		"form.bad.List: a form cannot fill a []form.place",
		"form.bad.Nested.Deep: is a struct inside a nested struct",
		`form.bad.Input: input:"slider" does not suit`,
		`form.bad.File: input:"file" does not suit`,
		`form.bad.Boxes: input:"checkbox" does not suit`,
		`form.bad.Area: input:"textarea" does not suit`,
		`form.bad.Trim: trim:"yes"`,
		`form.bad.NoInline: form:",inline" is for embedded structs`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q:\n%v", want, err)
		}
	}
	if _, err := Parse[bad](nil, post(), Options{}); err == nil {
		t.Error("Parse accepts it")
	}
	if err := Check[int](); err == nil {
		t.Error("a form of int is accepted")
	}
	if err := Check[everything](); err != nil {
		t.Error(err)
	}
}

func TestRulesThatDoNotWorkAreFoundEarly(t *testing.T) {
	type unknownRule struct {
		A string `form:"a" validate:"requird"`
	}
	type wrongType struct {
		A bool `form:"a" validate:"min=3"`
	}
	for _, err := range []error{Check[unknownRule](), Check[wrongType]()} {
		if err == nil || !strings.Contains(err.Error(), "the rules of a validate tag do not work") {
			t.Errorf("error %v", err)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("New accepts it")
		}
	}()
	New(unknownRule{}, Options{})
}

func TestSetOptions(t *testing.T) {
	type move struct {
		Board int `form:"board" input:"select" label:"게시판"`
	}
	choices := []Choice{{Value: "1", Label: "공지"}, {Value: "2"}}
	tests := []struct {
		value string
		want  Errors
	}{
		{"1", Errors{}},
		{" 2 ", Errors{}},
		{"", Errors{}},
		{"3", Errors{"board": {"게시판은 보기 가운데에서 골라 주세요."}}},
		{"x", Errors{"board": {"게시판은 정수로 입력해 주세요."}}},
	}
	for _, test := range tests {
		f := parsed[move](t, post("board", test.value), korean)
		f.SetOptions("board", choices...)
		if diff := cmp.Diff(test.want, f.Errors()); diff != "" {
			t.Errorf("board=%q: %s", test.value, diff)
		}
	}
	f := New(move{Board: 2}, korean)
	f.SetOptions("board", choices...)
	field, err := f.Field("board")
	if err != nil {
		t.Fatal(err)
	}
	want := []Choice{{"1", "공지", false}, {"2", "2", true}}
	if diff := cmp.Diff(want, field.Options); diff != "" {
		t.Error(diff)
	}
	defer func() {
		if fault := recover(); fault == nil || !strings.Contains(fmt.Sprint(fault), "its fields are board") {
			t.Errorf("SetOptions of an unknown field: %v", fault)
		}
	}()
	f.SetOptions("bord", choices...)
}

func TestLocaleOfTheRequest(t *testing.T) {
	app, err := i18n.Load(fstest.MapFS{"en.toml": {}}, "en")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		opts Options
		want string
	}{
		{"no catalogue: what Dram has", Options{}, "제목을 입력해 주세요."},
		{"a catalogue of English alone", Options{Catalog: app}, "제목 is required."},
		{"a locale that is given", Options{Catalog: app, Locale: "ko"}, "제목을 입력해 주세요."},
		{"a locale without texts", Options{Locale: "fr"}, "제목 is required."},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := post("content", "c")
			r.Header.Set("Accept-Language", "ko-KR,ko;q=0.9")
			if got := parsed[question](t, r, test.opts).Error("subject"); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// body writes a multipart body; a value of the form "@name:content" is a file.
func body(t *testing.T, pairs ...string) (contentType, text string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		var err error
		if rest, ok := strings.CutPrefix(pairs[i+1], "@"); ok {
			name, content, _ := strings.Cut(rest, ":")
			var part io.Writer
			if part, err = w.CreateFormFile(pairs[i], name); err == nil {
				_, err = io.WriteString(part, content)
			}
		} else {
			err = w.WriteField(pairs[i], pairs[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.String()
}

func status(err error) int {
	if s, ok := errors.AsType[interface {
		error
		StatusCode() int
	}](err); ok {
		return s.StatusCode()
	}
	return 0
}

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }
