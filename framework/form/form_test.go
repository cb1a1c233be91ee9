package form

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

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

func status(err error) int {
	if s, ok := errors.AsType[interface {
		error
		StatusCode() int
	}](err); ok {
		return s.StatusCode()
	}
	return 0
}
