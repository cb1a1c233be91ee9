package form

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// FuzzParse: any body is read or refused with a status; what has no tag stays
// out of reach; what was read can be shown and read again with the same result.
func FuzzParse(f *testing.F) {
	kinds := []string{"application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=x", "", "text/plain"}
	for _, seed := range []string{
		"text=a&small=5&at=2026-01-02T03:04&home.city=x&work.zip=1&tags=a&tags=b&Secret=x",
		`{"text":"a","small":5,"agree":true,"tags":["a"],"home":{"city":"x","Note":"y"},"Secret":"x"}`,
		"--x\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\na\r\n--x\r\nContent-Disposition: form-data; name=\"upload\"; filename=\"a\"\r\n\r\nb\r\n--x--\r\n",
		"price=1e308&count=-1&maybe=&wait=1h&addr=::1%25eth0", "raw=\r\r\n", `{"a":[[[[{}]]]]}`, "&&&=&;", `{"work":null}`,
	} {
		for i := range kinds {
			f.Add(seed, byte(i), byte(i))
		}
	}
	methods := []string{"POST", "PUT", "PATCH", "DELETE", "GET"}
	f.Fuzz(func(t *testing.T, body string, kind, method byte) {
		r := request(methods[int(method)%len(methods)], kinds[int(kind)%len(kinds)], body)
		read, err := Parse[everything](nil, r, Options{MaxBody: 1 << 16, Locale: "ko"})
		if err != nil {
			if s := status(err); s < 400 || s > 422 {
				t.Fatalf("status %d: %v", s, err)
			}
			return
		}
		v := read.Value
		if v.Secret != "" || v.Home.Note != "" || v.Work != nil && v.Work.Note != "" || v.Inherited != "" {
			t.Fatalf("an untagged field was filled: %+v", v)
		}
		for _, field := range read.state().plan.fields {
			html, err := HTML(read, field.name)
			if err != nil || strings.Contains(string(html), "<script") {
				t.Fatalf("%s: %v %s", field.name, err, html)
			}
		}
		if read.OK() {
			readAgain(t, read)
		}
	})
}

// readAgain submits what a form shows.
func readAgain(t *testing.T, first *Form[everything]) {
	t.Helper()
	if first.Value.At.Year() < 1 || first.Value.Day.Year() < 1 {
		return // before the first year, where ISO 8601 has no common notation
	}
	first.Value.Upload, first.Value.Pictures = nil, nil // files are never shown
	shown := New(first.Value, Options{})
	values := url.Values{}
	for _, f := range shown.state().plan.fields {
		values[f.name] = shown.state().texts(f)
	}
	again := parsed[everything](t, request("POST", "application/x-www-form-urlencoded", values.Encode()), Options{})
	if !again.OK() {
		t.Fatalf("%+v cannot be read again: %v", first.Value, again.Errors())
	}
	second := New(again.Value, Options{})
	for _, f := range shown.state().plan.fields {
		if diff := cmp.Diff(entries(shown.state().texts(f)), entries(second.state().texts(f))); diff != "" {
			t.Errorf("%s: %s", f.name, diff)
		}
	}
}

// FuzzRules: any validate tag is read without a panic, and what comes of it
// never breaks out of its attribute.
func FuzzRules(f *testing.F) {
	for _, seed := range []string{"required,min=3", "oneof='a b' c", "oneof='", "max=99999999999999999999", "min=-1,dive,max=1", "a|b,=,gt=9223372036854775807", "len=\"><b>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, tag string) {
		if !utf8.ValidString(tag) {
			return
		}
		for _, k := range []kind{text, integer, decimal} {
			field := &field{name: "a", id: "a", kind: k, rules: parseRules(tag)}
			out := Field{Name: "a", ID: "a", Type: field.defaultInput()}
			field.constrain(&out)
			for _, value := range field.choices() {
				out.Options = append(out.Options, Choice{Value: value, Label: value})
			}
			if html := string(out.HTML()); strings.Contains(html, "<b>") {
				t.Errorf("%q escapes: %s", tag, html)
			}
		}
	})
}
