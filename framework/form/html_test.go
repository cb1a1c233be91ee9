package form

import (
	"html/template"
	"mime/multipart"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"
)

// showcase has every kind of input.
type showcase struct {
	Name     string                  `form:"name" validate:"required,min=2,max=20" help:"as on your card" autocomplete:"name"`
	Age      int                     `form:"age" validate:"gte=18,lt=120"`
	Price    float64                 `form:"price" validate:"min=0.5"`
	Email    string                  `form:"email" validate:"omitempty,email"`
	Home     string                  `form:"home" validate:"omitempty,http_url"`
	Phone    string                  `form:"phone" validate:"omitempty,e164"`
	Pin      string                  `form:"pin" validate:"omitempty,numeric,len=4"`
	Content  string                  `form:"content" input:"textarea" validate:"max=100"`
	Agree    bool                    `form:"agree" validate:"required"`
	Color    string                  `form:"color" validate:"oneof=red 'dark blue'"`
	Size     string                  `form:"size" input:"radio" validate:"required,oneof=s m"`
	Days     []string                `form:"days" input:"checkbox" validate:"dive,oneof=x"`
	Tags     []string                `form:"tags"`
	Token    string                  `form:"token" input:"hidden"`
	At       time.Time               `form:"at"`
	Born     time.Time               `form:"born" input:"date"`
	Month    time.Time               `form:"month" input:"month"`
	Photo    *multipart.FileHeader   `form:"photo" accept:"image/*"`
	Photos   []*multipart.FileHeader `form:"photos"`
	Address  place                   `form:"address"`
	Either   string                  `form:"either" validate:"omitempty,email|url"`
	Username string                  `form:"username" input:"search"`
}

func TestHTML(t *testing.T) {
	at := time.Date(2026, 1, 2, 23, 4, 5, 0, time.UTC)
	f := New(showcase{
		Name: `<b>"Kim"</b>`, Content: "\n</textarea><script>", Agree: true, Color: "dark blue", Size: "m",
		Days: []string{"x"}, Token: "a&b", At: at, Born: at, Month: at, Age: 20, Price: 1.5,
	}, Options{Location: time.FixedZone("KST", 9*3600)})
	f.SetOptions("days", Choice{Value: "x", Label: "<X>"}, Choice{Value: "y"})
	f.SetOptions("tags", Choice{Value: "t"})
	tests := map[string]string{
		"name": `<div class="field">
<label for="name">Name</label>
<input type="text" id="name" name="name" required minlength="2" maxlength="20" autocomplete="name" aria-describedby="name-help" value="&lt;b&gt;&#34;Kim&#34;&lt;/b&gt;">
<p class="field-help" id="name-help">as on your card</p>
</div>
`,
		"age":    `<input type="number" id="age" name="age" min="18" max="119" value="20">`,
		"price":  `<input type="number" id="price" name="price" min="0.5" step="any" value="1.5">`,
		"email":  `<input type="email" id="email" name="email" value="">`,
		"home":   `<input type="url" id="home" name="home" value="">`,
		"phone":  `<input type="tel" id="phone" name="phone" value="">`,
		"pin":    `<input type="text" id="pin" name="pin" maxlength="4" inputmode="numeric" value="">`,
		"either": `<input type="text" id="either" name="either" value="">`,
		"content": `<textarea id="content" name="content" maxlength="100">

&lt;/textarea&gt;&lt;script&gt;</textarea>`,
		"agree": `<input type="checkbox" id="agree" name="agree" required value="true" checked>
<label for="agree">Agree</label>`,
		"color": `<select id="color" name="color">
<option value=""></option>
<option value="red">red</option>
<option value="dark blue" selected>dark blue</option>
</select>`,
		"size": `<fieldset id="size" role="radiogroup">
<legend>Size</legend>
<input type="radio" id="size-1" name="size" value="s" required> <label for="size-1">s</label>
<input type="radio" id="size-2" name="size" value="m" checked required> <label for="size-2">m</label>
</fieldset>`,
		"days": `<fieldset id="days">
<legend>Days</legend>
<input type="checkbox" id="days-1" name="days" value="x" checked> <label for="days-1">&lt;X&gt;</label>
<input type="checkbox" id="days-2" name="days" value="y"> <label for="days-2">y</label>
</fieldset>`,
		"tags":         "<select id=\"tags\" name=\"tags\" multiple>\n<option value=\"t\">t</option>\n</select>",
		"token":        "<input type=\"hidden\" name=\"token\" value=\"a&amp;b\">\n",
		"at":           `<input type="datetime-local" id="at" name="at" value="2026-01-03T08:04">`,
		"born":         `<input type="date" id="born" name="born" value="2026-01-03">`,
		"month":        `<input type="month" id="month" name="month" value="2026-01">`,
		"photo":        `<input type="file" id="photo" name="photo" accept="image/*">`,
		"photos":       `<input type="file" id="photos" name="photos" multiple>`,
		"address.city": `<input type="text" id="address-city" name="address.city" value="">`,
		"username":     `<input type="search" id="username" name="username" value="">`,
	}
	for name, want := range tests {
		html, err := HTML(f, name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !strings.Contains(string(html), want) {
			t.Errorf("%s:\n%s\nlacks\n%s", name, html, want)
		}
		if strings.Contains(string(html), "style=") || strings.Contains(string(html), "<script") {
			t.Errorf("%s has what a content security policy refuses: %s", name, html)
		}
	}
}

func TestHTMLOfErrors(t *testing.T) {
	f := parsed[showcase](t, post("age", "old", "name", "x", "size", "xl", "token", "\x00", "days", "q"), Options{})
	f.FailForm("<stale>")
	html := &strings.Builder{}
	for _, name := range []string{"age", "name", "agree", "size", "days", "token"} {
		part, err := HTML(f, name)
		if err != nil {
			t.Fatal(err)
		}
		html.WriteString(string(part))
	}
	page, err := goquery.NewDocumentFromReader(strings.NewReader(html.String() + string(ErrorsHTML(f))))
	if err != nil {
		t.Fatal(err)
	}
	see := func(selector, want string) {
		t.Helper()
		if got := strings.TrimSpace(page.Find(selector).Text()); got != want {
			t.Errorf("%s: %q, want %q", selector, got, want)
		}
	}
	see("#age-error", "Age must be a whole number.")
	see("#name-error", "Name must have at least 2 characters.")
	see("#agree-error", "Agree must be ticked.")
	see("#size-error", "Size must be one of the choices offered.")
	see("#days-error", "Days must be one of the choices offered.")
	see("#token-error", "Token contains characters that cannot be used.")
	see(".form-errors[role=alert]", "<stale>")
	for selector, value := range map[string]string{
		"#age[aria-invalid=true][aria-describedby=age-error]":                 "old",
		"#name[aria-invalid=true][aria-describedby='name-error name-help']":   "x",
		"fieldset#size[aria-invalid=true][aria-describedby=size-error]":       "",
		"fieldset#days[aria-describedby=days-error]:not([aria-invalid])":      "",
		".field-invalid #agree[aria-invalid=true]:not([checked])[value=true]": "true",
	} {
		found := page.Find(selector)
		if found.Length() != 1 || found.AttrOr("value", "") != value {
			t.Errorf("%s: %d elements, value %q", selector, found.Length(), found.AttrOr("value", ""))
		}
	}
}

// TestEveryAttributeIdsAreUnique: labels and messages find their input by id.
func TestIDsAreUnique(t *testing.T) {
	f := parsed[showcase](t, post("age", "old"), Options{})
	ids := map[string]bool{}
	for _, field := range f.state().plan.fields {
		html, err := HTML(f, field.name)
		if err != nil {
			t.Fatal(err)
		}
		page, err := goquery.NewDocumentFromReader(strings.NewReader(string(html)))
		if err != nil {
			t.Fatal(err)
		}
		page.Find("[id]").Each(func(_ int, s *goquery.Selection) {
			id := s.AttrOr("id", "")
			if ids[id] {
				t.Errorf("the id %q is there twice", id)
			}
			ids[id] = true
		})
	}
}

func TestUnknownFieldsAreNamed(t *testing.T) {
	_, err := HTML(New(question{}, Options{}), "sbject")
	if want := `form: form.question has no field "sbject"; its fields are subject, content`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	_, err = HTML(New(struct{ A int }{}, Options{}), "a")
	if err == nil || !strings.Contains(err.Error(), "none of its fields has a form tag") {
		t.Errorf("error %v", err)
	}
	if _, err := HTML(nil, "a"); err == nil {
		t.Error("no form, no error")
	}
	if ErrorsHTML(nil) != "" || ErrorsHTML(New(question{}, Options{})) != "" {
		t.Error("errors of nothing")
	}
}

// TestTemplates: a form works in html/template by its methods too.
func TestTemplates(t *testing.T) {
	page := template.Must(template.New("").Parse(
		`{{with .Field "subject"}}{{.Label}}={{.Value}}|{{range .Errors}}{{.}}{{end}}{{end}}|{{.Get "content"}}|{{.Error "content"}}|{{.Invalid}}`))
	var out strings.Builder
	f := parsed[question](t, post("subject", "<x>"), Options{Locale: "en"})
	if err := page.Execute(&out, f); err != nil {
		t.Fatal(err)
	}
	if want := "제목=&lt;x&gt;|||Content is required.|true"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
	out.Reset()
	if err := template.Must(template.New("").Parse(`{{.Field "sbject"}}`)).Execute(&out, f); err == nil {
		t.Error("a misspelt field is no error in a template")
	}
}

// TestZeroNumbers: an empty form shows empty inputs, an edit page shows 0.
func TestZeroNumbers(t *testing.T) {
	type stock struct {
		Name  string `form:"name"`
		Count int    `form:"count"`
	}
	for want, f := range map[string]*Form[stock]{
		"":  New(stock{}, Options{}),
		"0": New(stock{Name: "x"}, Options{}),
	} {
		if got := f.Get("count"); got != want {
			t.Errorf("%+v shows %q, want %q", f.Value, got, want)
		}
	}
}

// TestFormatIsTheReverseOfSet: what a form shows, it can read.
func TestFormatIsTheReverseOfSet(t *testing.T) {
	five := 5
	value := everything{
		Text: "x", Raw: " y ", Small: -3, Count: 7, Price: 0.1, Agree: true, At: time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC),
		Day: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), Wait: time.Hour, Maybe: &five, Tags: []string{"a", "b"}, Numbers: []*int{&five},
		Home: place{City: "Seoul"}, Work: &place{Zip: &five},
	}
	shown := New(value, Options{})
	var pairs []string
	for _, f := range shown.state().plan.fields {
		for _, text := range shown.state().texts(f) {
			pairs = append(pairs, f.name, text)
		}
	}
	f := parsed[everything](t, post(pairs...), Options{})
	if diff := cmp.Diff(value, f.Value, compareAll); diff != "" || !f.OK() {
		t.Error(diff, f.Errors())
	}
}
