package form

import (
	"errors"
	"mime/multipart"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/dram-go/dram/framework/i18n"
)

// booking has rules that no tag can say.
type booking struct {
	From  time.Time `form:"from" input:"date" validate:"required"`
	To    time.Time `form:"to" input:"date" validate:"required"`
	Phone string    `form:"phone"`
	Email string    `form:"email" validate:"omitempty,email"`
}

func (b *booking) Validate(p *Problems) {
	if b.To.Before(b.From) {
		p.Add("to", "backwards")
	}
	if b.Phone == "" && b.Email == "" && !p.Has("email") {
		p.Add("", "unreachable")
	}
	if strings.HasSuffix(b.Email, ".example") {
		p.Add("email", "nowhere")
	}
	if b.Phone == "0" {
		p.Add("nobody", "no_such_rule")
	}
}

func TestValidator(t *testing.T) {
	t.Parallel()
	texts, err := i18n.Load(fstest.MapFS{"en.toml": {Data: []byte("[form.booking]\nunreachable = \"How can we reach you?\"\n" +
		"to.backwards = \"{label} is before the begin.\"\nto.label = \"End\"\n[form]\nnowhere = \"{label} leads nowhere.\"")}}, "en")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, body string
		want       Errors
	}{
		{"good", "from=2024-01-01&to=2024-01-02&phone=1", Errors{}},
		{"a field", "from=2024-01-02&to=2024-01-01&phone=1", Errors{"to": {"End is before the begin."}}},
		{"the form", "from=2024-01-01&to=2024-01-02", Errors{"": {"How can we reach you?"}}},
		{"a general message", "from=2024-01-01&to=2024-01-02&email=a@b.example", Errors{"email": {"Email leads nowhere."}}},
		{"tags come first", "from=2024-01-02&phone=1", Errors{"to": {"End is required."}}},
		{"an unknown field is the form", "from=2024-01-01&to=2024-01-02&phone=0", Errors{"": {"This form is not valid."}}},
	} {
		f, err := Parse[booking](nil, request("POST", "application/x-www-form-urlencoded", c.body), Options{Catalog: texts, Locale: "en"})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if len(f.Errors()) != len(c.want) || f.OK() != (len(c.want) == 0) {
			t.Errorf("%s: errors %v, want %v", c.name, f.Errors(), c.want)
			continue
		}
		for field, messages := range c.want {
			if !slices.Equal(f.Errors()[field], messages) {
				t.Errorf("%s: errors %v, want %v", c.name, f.Errors(), c.want)
			}
		}
	}
}

func TestValidatorOfJSON(t *testing.T) {
	t.Parallel()
	_, err := Parse[booking](nil, request("POST", "application/json", `{"from":"2024-01-02","to":"2024-01-01","phone":"1"}`), Options{})
	if found, ok := errors.AsType[Errors](err); !ok || len(found["to"]) != 1 {
		t.Errorf("error %v, want one of the field to", err)
	}
}

func TestMaxSize(t *testing.T) {
	t.Parallel()
	type upload struct {
		One  *multipart.FileHeader   `form:"one" maxsize:"1KiB"`
		Many []*multipart.FileHeader `form:"many" maxsize:"10"`
		Any  *multipart.FileHeader   `form:"any"`
	}
	kib := strings.Repeat("x", 1024)
	for _, c := range []struct {
		name   string
		fields []string
		field  string
		want   string
	}{
		{"as large as may be", []string{"one", "@a:" + kib, "many", "@a:0123456789", "any", "@a:" + kib + kib}, "", ""},
		{"a byte more", []string{"one", "@a:" + kib + "x"}, "one", "One may have at most 1 KiB."},
		{"the second of two", []string{"many", "@a:x", "many", "@b:0123456789x"}, "many", "Many may have at most 10 B."},
	} {
		contentType, text := body(t, c.fields...)
		f, err := Parse[upload](nil, request("POST", contentType, text), Options{Locale: "en"})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if f.OK() != (c.want == "") || c.want != "" && f.Error(c.field) != c.want {
			t.Errorf("%s: errors %v, want %q", c.name, f.Errors(), c.want)
		}
		if c.field == "one" && f.Value.One != nil {
			t.Errorf("%s: a file that is too large was handed on", c.name)
		}
	}
	type wrong struct {
		Text  string                `form:"text" maxsize:"1KiB"`
		Size  *multipart.FileHeader `form:"size" maxsize:"1MB"`
		Empty *multipart.FileHeader `form:"empty" maxsize:""`
	}
	err := Check[wrong]()
	for _, want := range []string{"Text: maxsize is for files", `Size: maxsize:"1MB": expected a size`, `Empty: maxsize:""`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Check says %v, want %s", err, want)
		}
	}
}

func TestIDPrefix(t *testing.T) {
	t.Parallel()
	f := New(booking{}, Options{Locale: "en"})
	f.SetIDPrefix("second")
	field, err := f.Field("phone")
	if err != nil || field.ID != "second-phone" || field.Name != "phone" || field.ErrorID() != "second-phone-error" {
		t.Errorf("field %+v, %v", field, err)
	}
	html, err := HTML(f, "phone")
	if err != nil || !strings.Contains(string(html), `for="second-phone"`) || !strings.Contains(string(html), `name="phone"`) {
		t.Errorf("HTML %s, %v", html, err)
	}
}
