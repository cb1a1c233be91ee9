package form

import (
	"mime/multipart"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dram-go/dram/framework/i18n"
)

// rulebook breaks one rule in each field. Labels end in different sounds.
type rulebook struct {
	Required  string                `form:"required" label:"이름" validate:"required"`
	Choice    string                `form:"choice" label:"도시" validate:"required,oneof=seoul 'new york'"`
	Box       bool                  `form:"box" label:"약관" validate:"required"`
	File      *multipart.FileHeader `form:"file" label:"사진" validate:"required"`
	If        string                `form:"if" label:"주소" validate:"required_if=Other x"`
	Excluded  string                `form:"excluded" label:"별명" validate:"excluded_if=Other x"`
	Min       string                `form:"min" label:"제목" validate:"min=5"`
	Max       string                `form:"max" label:"주소" validate:"max=1"`
	Len       string                `form:"len" label:"코드" validate:"len=1"`
	MinN      int                   `form:"minn" label:"나이" validate:"min=18"`
	MaxN      float64               `form:"maxn" label:"가격" validate:"lte=9.5"`
	GtN       int                   `form:"gtn" label:"수량" validate:"gt=5"`
	LtN       int                   `form:"ltn" label:"점수" validate:"lt=0"`
	LenN      int                   `form:"lenn" label:"답" validate:"len=3"`
	EqN       int                   `form:"eqn" label:"답" validate:"eq=2"`
	MinItems  []string              `form:"minitems" label:"태그" validate:"min=3"`
	MaxItems  []string              `form:"maxitems" label:"태그" validate:"max=1"`
	Unique    []string              `form:"unique" label:"목록" validate:"unique"`
	Dive      []string              `form:"dive" label:"메일" validate:"dive,email"`
	Past      time.Time             `form:"past" label:"생일" validate:"lt"`
	Repeat    string                `form:"repeat" label:"비밀번호 확인" validate:"eqfield=Password"`
	Password  string                `form:"password" label:"비밀번호"`
	After     time.Time             `form:"after" label:"끝" validate:"gtfield=Past"`
	Bigger    int                   `form:"bigger" label:"끝" validate:"gtfield=MinN"`
	OneOf     string                `form:"oneof" label:"색" validate:"oneof=red blue"`
	NoneOf    string                `form:"noneof" label:"이름" validate:"ne=admin"`
	Email     string                `form:"email" label:"이메일" validate:"email"`
	URL       string                `form:"url" label:"누리집" validate:"http_url"`
	UUID      string                `form:"uuid" label:"ID" validate:"uuid4"`
	Date      string                `form:"date" label:"날짜" validate:"datetime=2006-01-02"`
	Contains  string                `form:"contains" label:"글" validate:"contains=book"`
	Starts    string                `form:"starts" label:"번호" validate:"startswith=010"`
	Ends      string                `form:"ends" label:"번호" validate:"endswith=3"`
	Alnum     string                `form:"alnum" label:"아이디" validate:"alphanum"`
	Numeric   string                `form:"numeric" label:"금액" validate:"numeric"`
	Phone     string                `form:"phone" label:"전화" validate:"e164"`
	IP        string                `form:"ip" label:"서버" validate:"ip"`
	Alternate string                `form:"alternate" label:"값" validate:"email|ip"`
	Rare      string                `form:"rare" label:"값" validate:"ein"`
	Other     string                `form:"other"`
	Untagged  string                `validate:"required"`
}

var broken = url.Values{
	"if": {""}, "excluded": {"x"}, "min": {"1"}, "max": {"22"}, "len": {"22"}, "minn": {"1"}, "maxn": {"10"}, "gtn": {"5"}, "ltn": {"0"},
	"lenn": {"4"}, "eqn": {"1"}, "minitems": {"a"}, "maxitems": {"a", "b"}, "unique": {"a", "a"}, "dive": {"a", "b"}, "past": {"2999-01-01T00:00"},
	"repeat": {"x"}, "password": {"y"}, "after": {"1999-01-01T00:00"}, "bigger": {"0"}, "oneof": {"green"}, "noneof": {"admin"},
	"email": {"x"}, "url": {"x"}, "uuid": {"x"}, "date": {"x"}, "contains": {"x"}, "starts": {"x"}, "ends": {"x"}, "alnum": {"_"}, "numeric": {"x"},
	"phone": {"x"}, "ip": {"x"}, "alternate": {"x"}, "rare": {"x"}, "other": {"x"},
}

func brokenForm(t *testing.T, opts Options) Errors {
	t.Helper()
	return parsed[rulebook](t, request("POST", "application/x-www-form-urlencoded", broken.Encode()), opts).Errors()
}

func TestKoreanMessages(t *testing.T) {
	want := Errors{
		"":          {"Untagged를 입력해 주세요."},
		"required":  {"이름을 입력해 주세요."},
		"choice":    {"도시를 선택해 주세요."},
		"box":       {"약관 항목에 표시해 주세요."},
		"file":      {"사진 파일을 선택해 주세요."},
		"if":        {"주소를 입력해 주세요."},
		"excluded":  {"별명은 비워 두어야 합니다."},
		"min":       {"제목은 5자 이상이어야 합니다."},
		"max":       {"주소는 1자 이하여야 합니다."},
		"len":       {"코드는 1자여야 합니다."},
		"minn":      {"나이는 18 이상이어야 합니다."},
		"maxn":      {"가격은 9.5 이하여야 합니다."},
		"gtn":       {"수량은 5보다 커야 합니다."},
		"ltn":       {"점수는 0보다 작아야 합니다."},
		"lenn":      {"답은 3이어야 합니다."},
		"eqn":       {"답은 2여야 합니다."},
		"minitems":  {"태그는 3개 이상이어야 합니다."},
		"maxitems":  {"태그는 1개 이하여야 합니다."},
		"unique":    {"목록에 같은 값을 두 번 넣을 수 없습니다."},
		"dive":      {"메일을 이메일 주소 형식에 맞게 입력해 주세요."},
		"past":      {"생일은 지금보다 앞서야 합니다."},
		"repeat":    {"비밀번호 확인이 비밀번호와 일치하지 않습니다."},
		"after":     {"끝은 생일보다 뒤여야 합니다."},
		"bigger":    {"끝은 나이보다 커야 합니다."},
		"oneof":     {"색은 보기 가운데에서 골라 주세요."},
		"noneof":    {"이름은 admin이 아니어야 합니다."},
		"email":     {"이메일을 이메일 주소 형식에 맞게 입력해 주세요."},
		"url":       {"누리집은 https://example.com 같은 웹 주소로 입력해 주세요."},
		"uuid":      {"ID는 UUID여야 합니다."},
		"date":      {"날짜는 YYYY-MM-DD 형식으로 입력해 주세요."},
		"contains":  {"글은 ‘book’을 포함해야 합니다."},
		"starts":    {"번호는 ‘010’으로 시작해야 합니다."},
		"ends":      {"번호는 ‘3’으로 끝나야 합니다."},
		"alnum":     {"아이디에는 글자와 숫자만 쓸 수 있습니다."},
		"numeric":   {"금액은 숫자로 입력해 주세요."},
		"phone":     {"전화는 +821012345678처럼 국가 번호가 있는 전화번호로 입력해 주세요."},
		"ip":        {"서버는 IP 주소여야 합니다."},
		"alternate": {"값이 올바르지 않습니다."},
		"rare":      {"값이 올바르지 않습니다."},
	}
	if diff := cmp.Diff(want, brokenForm(t, korean)); diff != "" {
		t.Error(diff)
	}
}

func TestEnglishMessages(t *testing.T) {
	got := brokenForm(t, Options{Locale: "en"})
	want := map[string]string{
		"required": "이름 is required.",
		"min":      "제목 must have at least 5 characters.",
		"max":      "주소 must have at most 1 character.",
		"minn":     "나이 must be 18 or more.",
		"maxitems": "태그 must have at most 1 entry.",
		"repeat":   "비밀번호 확인 must be the same as 비밀번호.",
		"rare":     "값 is not valid.",
	}
	for name, message := range want {
		if len(got[name]) != 1 || got[name][0] != message {
			t.Errorf("%s: %q, want %q", name, got[name], message)
		}
	}
}

func TestTheAppsOwnTexts(t *testing.T) {
	catalog, err := i18n.Load(fstest.MapFS{
		"ko.toml": {Data: []byte(`
[form]
email = "{label} 주소가 이상합니다."
max = "{label}: {n} 이하"

[form.rulebook.required]
label = "성함"
required = "{label:을/를} 알려 주세요."

[form.rulebook.if]
required = "주소가 꼭 필요합니다."

[form.rulebook.password]
label = "암호"
help = "여덟 자부터"
placeholder = "비밀"

[form.rulebook.oneof.options]
red = "빨강"
`)},
		"en.toml": {Data: []byte("[form]\nein = \"only in English\"")},
	}, "ko")
	if err != nil {
		t.Fatal(err)
	}
	got := brokenForm(t, Options{Catalog: catalog, Locale: "ko"})
	want := map[string]string{
		"required": "성함을 알려 주세요.",             // of the field
		"if":       "주소가 꼭 필요합니다.",            // required_if goes by required
		"email":    "이메일 주소가 이상합니다.",          // of the rule
		"max":      "주소: 1 이하",                // of the rule, for every kind of value
		"maxn":     "가격: {n} 이하",              // 9.5 is no whole number
		"min":      "제목은 5자 이상이어야 합니다.",       // Dram's
		"repeat":   "비밀번호 확인이 암호와 일치하지 않습니다.", // the other label too
		"rare":     "값이 올바르지 않습니다.",           // a general text in the right language
		"dive":     "메일 주소가 이상합니다.",           // an element
	}
	for name, message := range want {
		if len(got[name]) != 1 || got[name][0] != message {
			t.Errorf("%s: %q, want %q", name, got[name], message)
		}
	}
	f := New(rulebook{OneOf: "red"}, Options{Catalog: catalog, Locale: "ko"})
	password, err := f.Field("password")
	if err != nil || password.Label != "암호" || password.Help != "여덟 자부터" || password.Placeholder != "비밀" {
		t.Errorf("%+v %v", password, err)
	}
	color, _ := f.Field("oneof")
	if diff := cmp.Diff([]Choice{{"red", "빨강", true}, {"blue", "blue", false}}, color.Options); diff != "" {
		t.Error(diff)
	}
	english := New(rulebook{}, Options{Catalog: catalog, Locale: "en"})
	if field, _ := english.Field("password"); field.Label != "암호" {
		t.Errorf("a label that only the default locale has: %q", field.Label)
	}
}

// TestBothLanguagesSayTheSame: a message that one file lacks would be shown in
// the other language, and a placeholder that one lacks loses a fact.
func TestBothLanguagesSayTheSame(t *testing.T) {
	if n := len(builtin().Keys("en")); n < 100 {
		t.Fatalf("only %d messages", n)
	}
	korean := map[string]bool{}
	for _, key := range builtin().Keys("ko") {
		korean[key] = true
	}
	for _, key := range builtin().Keys("en") {
		if !korean[key] {
			t.Errorf("ko lacks %s", key)
		}
		delete(korean, key)
	}
	for key := range korean {
		t.Errorf("en lacks %s", key)
	}
}

// TestEveryMessageIsFilled: no placeholder may be left in what people read.
func TestEveryMessageIsFilled(t *testing.T) {
	args := i18n.Args{"label": "제목", "param": "3", "other": "주소", "n": 3}
	for _, locale := range []string{"en", "ko"} {
		for _, key := range builtin().Keys(locale) {
			text := builtin().T(locale, key, args)
			if strings.ContainsAny(text, "{}") || !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, ": 3") {
				t.Errorf("%s %s: %q", locale, key, text)
			}
		}
	}
}

func TestFormKey(t *testing.T) {
	type SignUpForm struct{}
	type HTTPForm struct{}
	type Form struct{}
	type pair[T any] struct{ A T }
	for want, key := range map[string]string{
		"sign_up": formKey(reflect.TypeFor[SignUpForm]()),
		"http":    formKey(reflect.TypeFor[HTTPForm]()),
		"form":    formKey(reflect.TypeFor[Form]()), // the package
		"pair":    formKey(reflect.TypeFor[pair[url.Values]]()),
		"":        formKey(reflect.TypeFor[struct{ A int }]()),
	} {
		if key != want {
			t.Errorf("%q, want %q", key, want)
		}
	}
}

func TestAnonymousForms(t *testing.T) {
	f := parsed[struct {
		Name string `form:"first_name" validate:"required"`
	}](t, post(), Options{Locale: "en"})
	if got := f.Error("first_name"); got != "First name is required." {
		t.Errorf("%q", got)
	}
}

func TestGenericForms(t *testing.T) {
	f := parsed[generic[url.Values]](t, post(), Options{Locale: "en"})
	if diff := cmp.Diff(Errors{"name": {"Name is required."}}, f.Errors()); diff != "" {
		t.Error(diff)
	}
}

// generic has dots and brackets in the name of its type.
type generic[T any] struct {
	Name string `form:"name" validate:"required"`
	Rest T
}
