package form

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

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

func TestMultipart(t *testing.T) {
	contentType, text := body(t, "text", " x ", "upload", "@a.txt:hello", "pictures", "@1.png:one", "pictures", "@2.png:two")
	f := parsed[everything](t, request("POST", contentType, text), Options{})
	if !f.OK() || f.Value.Text != "x" || f.Value.Upload.Filename != "a.txt" || len(f.Value.Pictures) != 2 {
		t.Fatalf("%+v %v", f.Value, f.Errors())
	}
	file, err := f.Value.Upload.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if content, _ := io.ReadAll(file); string(content) != "hello" {
		t.Errorf("the file has %q", content)
	}
	if f.Get("upload") != "" {
		t.Errorf("Get of a file = %q", f.Get("upload"))
	}
	if f.Enctype() != "multipart/form-data" || New(question{}, Options{}).Enctype() != "application/x-www-form-urlencoded" {
		t.Error("Enctype is wrong")
	}
}

func TestRequiredFiles(t *testing.T) {
	type upload struct {
		Picture *multipart.FileHeader `form:"picture" label:"사진" validate:"required"`
	}
	contentType, text := body(t, "other", "x")
	f := parsed[upload](t, request("POST", contentType, text), korean)
	if diff := cmp.Diff(Errors{"picture": {"사진 파일을 선택해 주세요."}}, f.Errors()); diff != "" {
		t.Error(diff)
	}
	contentType, text = body(t, "picture", "a text")
	f = parsed[upload](t, request("POST", contentType, text), korean)
	if diff := cmp.Diff(Errors{"picture": {"사진은 파일이어야 합니다."}}, f.Errors()); diff != "" {
		t.Error(diff)
	}
	_, err := Parse[upload](nil, post("picture", "a.png"), Options{})
	if status(err) != 400 || !strings.Contains(err.Error(), `enctype="multipart/form-data"`) {
		t.Errorf("a file form without enctype: %v", err)
	}
}

// TestTemporaryFilesGoWithTheRequest: a middleware may have copied the
// request, and then the server does not know of them.
func TestTemporaryFilesGoWithTheRequest(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	contentType, text := body(t, "upload", "@big:"+strings.Repeat("x", MultipartMemory+11<<20))
	ctx, end := context.WithCancel(t.Context())
	r := request("POST", contentType, text).WithContext(ctx)
	f := parsed[everything](t, r, Options{MaxBody: 64 << 20})
	if f.Value.Upload == nil {
		t.Fatal("no file")
	}
	if left, _ := os.ReadDir(os.TempDir()); len(left) == 0 {
		t.Fatal("the file is not on disk, the test proves nothing")
	}
	end()
	deadline := time.Now().Add(5 * time.Second)
	for {
		left, err := os.ReadDir(os.TempDir())
		if err == nil && len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d files are left", len(left))
		}
		time.Sleep(time.Millisecond)
	}
}

func TestBodiesThatAreRefused(t *testing.T) {
	many := strings.Repeat("a=1&", MaxFields+1)
	manyType, manyParts := body(t, strings.Split(strings.Repeat("a,1,", MaxFields+1)+"a,1", ",")...)
	bigType, big := body(t, "upload", "@a:"+strings.Repeat("x", 4000))
	tests := []struct {
		name, contentType, body string
		status                  int
		want                    string
	}{
		{"another type", "text/plain", "x", 415, `not "text/plain"`},
		{"no type but a body", "", "x", 415, "a form is"},
		{"a malformed type", "text/", "x", 400, "is malformed"},
		{"a bad escape", "application/x-www-form-urlencoded", "a=%zz", 400, "invalid URL escape"},
		{"too many fields", "application/x-www-form-urlencoded", many, 400, "are more than 1000"},
		{"too many parts", manyType, manyParts, 413, "too large"},
		{"too large", "application/x-www-form-urlencoded", strings.Repeat("x", 2001), 413, "more than 2000 bytes"},
		{"too large in parts", bigType, big, 413, "more than 2000 bytes"},
		{"too large JSON", "application/json", `{"a":"` + strings.Repeat("x", 2001), 413, "more than 2000 bytes"},
		{"no boundary", "multipart/form-data", "x", 400, "boundary"},
		{"broken parts", "multipart/form-data; boundary=x", "--x\r\nnonsense", 400, ""},
		{"JSON that ends early", "application/json", `{"a":`, 400, "ends too early"},
		{"no JSON", "application/json", ``, 400, "ends too early"},
		{"broken JSON", "application/json", `{"a" 1}`, 400, "invalid character"},
		{"a JSON array", "application/json", `[1]`, 400, "must be an object, not an array"},
		{"JSON null", "application/json", `null`, 400, "must be an object, not null"},
		{"more after the JSON", "application/json", `{} {}`, 400, "something after"},
		{"JSON of many values", "application/json", `{"a":[` + strings.Repeat("1,", MaxFields) + `1]}`, 400, "are more than 1000"},
		{"deep JSON", "application/json", `{"a":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + "}", 400, "nests deeper than 32"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			limit := int64(2000)
			if test.status == 400 || strings.Contains(test.name, "many") {
				limit = 0
			}
			f, err := Parse[everything](httptest.NewRecorder(), request("POST", test.contentType, test.body), Options{MaxBody: limit, Locale: "ko"})
			if f != nil || status(err) != test.status || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("status %d, error %v; want %d, %q", status(err), err, test.status, test.want)
			}
			refused, ok := errors.AsType[*RequestError](err)
			if !ok || !strings.HasSuffix(refused.Message, "다.") && !strings.HasSuffix(refused.Message, "요.") {
				t.Errorf("the user is told %q", refused.Message)
			}
		})
	}
}

func TestABodyIsNotNeeded(t *testing.T) {
	r := httptest.NewRequest("DELETE", "/", nil)
	f := parsed[everything](t, r, Options{})
	if !f.OK() {
		t.Error(f.Errors())
	}
}

func TestParseTwiceAndAfterParseForm(t *testing.T) {
	contentType, text := body(t, "text", "x")
	requests := map[string]*http.Request{
		"urlencoded": post("text", "x"),
		"multipart":  request("POST", contentType, text),
		"json":       request("POST", "application/json", `{"text":"x"}`),
		"after ParseForm": func() *http.Request {
			r := post("text", "x")
			if err := r.ParseForm(); err != nil {
				t.Fatal(err)
			}
			return r
		}(),
	}
	for name, r := range requests {
		for range 2 {
			if f := parsed[everything](t, r, Options{}); f.Value.Text != "x" {
				t.Errorf("%s: %q", name, f.Value.Text)
			}
		}
	}
	r := post("text", "x")
	parsed[everything](t, r, Options{})
	if got := r.PostFormValue("text"); got != "x" {
		t.Errorf("PostFormValue = %q after Parse", got)
	}
}

func TestACanceledRequestIsNotMalformed(t *testing.T) {
	r := httptest.NewRequest("POST", "/", io.MultiReader(bytes.NewReader([]byte("a")), failing{context.Canceled}))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if _, err := Parse[everything](nil, r, Options{}); !errors.Is(err, context.Canceled) || status(err) != 0 {
		t.Errorf("error %v", err)
	}
}

// failing is a body that breaks.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestJSON(t *testing.T) {
	r := request("POST", "application/json; charset=utf-8", `{
		"text": " x ", "small": -5, "count": 7, "price": 1.5, "agree": true,
		"at": "2026-01-02T03:04:05Z", "wait": "1m", "maybe": 5, "tags": ["a", "b"], "numbers": [5],
		"home": {"city": "Seoul", "zip": 5, "Note": "x"}, "work": {"city": "Busan"},
		"Secret": "x", "Text": "x", "unknown": {"deep": [{"a": 1}]}, "upload": null
	}`)
	f := parsed[everything](t, r, Options{})
	five := 5
	want := everything{
		Text: "x", Small: -5, Count: 7, Price: 1.5, Agree: true,
		At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Wait: time.Minute, Maybe: &five,
		Tags: []string{"a", "b"}, Numbers: []*int{&five},
		Home: place{City: "Seoul", Zip: &five}, Work: &place{City: "Busan"},
	}
	if diff := cmp.Diff(want, f.Value, compareAll); diff != "" {
		t.Error(diff)
	}
}

func TestJSONTypesAreStrict(t *testing.T) {
	r := request("POST", "application/vnd.api+json", `{"text": 5, "small": "5", "price": "1", "agree": "on",
		"tags": "a", "numbers": ["5"], "home": {"city": ["x"]}, "upload": "x", "at": 5, "raw": {"a": 1}}`)
	_, err := Parse[everything](nil, r, Options{})
	want := Errors{
		"text": {"Text must be a text."}, "small": {"Small must be a whole number."}, "price": {"Price must be a number."},
		"agree": {"Agree must be yes or no."}, "tags": {"Tags must be a list."}, "numbers": {"Numbers must be a list."},
		"home.city": {"City must be a text."}, "upload": {"Upload must be a file."}, "at": {"At must be a text."}, "raw": {"Raw must be a text."},
	}
	var got Errors
	if !errors.As(err, &got) || got.StatusCode() != 422 {
		t.Fatalf("error %v", err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if text := (Errors{"b": {"2"}, "a": {"1"}, "": {"0"}}).Error(); text != "form: 0; a: 1; b: 2" {
		t.Errorf("Error = %q", text)
	}
}

func TestJSONPatch(t *testing.T) {
	five := 5
	stored := everything{Text: "old", Maybe: &five, Small: 3}
	f, err := Edit(nil, request("PATCH", "application/json", `{"maybe": null, "small": 4}`), stored, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(everything{Text: "old", Small: 4}, f.Value, compareAll); diff != "" {
		t.Error(diff)
	}
}

// TestErrIsForPrograms: a page is no answer to JSON when the store refuses.
func TestErrIsForPrograms(t *testing.T) {
	person := parsed[everything](t, post("text", "x"), Options{})
	program := parsed[everything](t, request("POST", "application/json", `{"text":"x"}`), Options{})
	if person.Err() != nil || program.Err() != nil {
		t.Error("a valid form has an error")
	}
	person.Fail("text", "taken")
	program.Fail("text", "taken")
	if err := person.Err(); err != nil {
		t.Errorf("a person gets %v instead of a page", err)
	}
	if err := program.Err(); status(err) != 422 {
		t.Errorf("a program gets %v", err)
	}
}
