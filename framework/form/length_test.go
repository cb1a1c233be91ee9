package form

import (
	"net/url"
	"strings"
	"testing"

	"github.com/go-playground/validator/v10"
)

// lengthy has rules that need their time. slow is counted.
type lengthy struct {
	Late   string   `form:"late" validate:"slow,max=5"`
	Exact  *string  `form:"exact" validate:"omitempty,slow,len=3"`
	Less   string   `form:"less" validate:"slow|email,lt=4"`
	Any    string   `form:"any" validate:"slow"`
	List   []string `form:"list" validate:"max=9,dive,slow,max=5"`
	Sum    []string `form:"sum" validate:"dive,slow"`
	Plain  string   `form:"plain" validate:"required_with=Any,contains=가"`
	Repeat string   `form:"repeat" validate:"eqfield=Late"`
	In     struct {
		Side string `form:"side" validate:"slow,lte=5"`
	} `form:"in"`
}

// submitLengthy validates by a validator whose rule slow counts what it sees.
func submitLengthy(t *testing.T, values url.Values) (errs Errors, seen int) {
	t.Helper()
	check := validator.New(validator.WithRequiredStructEnabled())
	if err := check.RegisterValidation("slow", func(fl validator.FieldLevel) bool {
		seen += len(fl.Field().String())
		return true
	}); err != nil {
		t.Fatal(err)
	}
	value := lengthy{}
	c, err := (&registry{check: check}).core(&value, Options{Locale: "en"})
	if err != nil {
		t.Fatal(err)
	}
	seen = 0 // making the plan runs the rules
	if err := c.submit(&input{values: values}, false); err != nil {
		t.Fatal(err)
	}
	return c.errors, seen
}

func TestLengthComesFirst(t *testing.T) {
	t.Parallel()
	huge := strings.Repeat("가", MaxMatched+1)
	half := huge[:len(huge)/6*3]
	for _, c := range []struct {
		field string
		texts []string
		want  string
	}{
		{"late", []string{huge}, "Late must have at most 5 characters."},
		{"exact", []string{huge}, "Exact must have exactly 3 characters."},
		{"less", []string{huge}, "Less must have fewer than 4 characters."},
		{"any", []string{huge}, "Any must have at most 65536 characters."},
		{"list", []string{"a", huge, huge}, "List must have at most 5 characters."},
		{"sum", []string{half, half, half}, "Sum must have at most 65536 characters altogether."},
		{"in.side", []string{huge}, "Side must have at most 5 characters."},
	} {
		errs, seen := submitLengthy(t, url.Values{c.field: c.texts, "plain": {"가"}})
		if len(errs[c.field]) != 1 || errs[c.field][0] != c.want {
			t.Errorf("%s: %.200q, want %q", c.field, errs[c.field], c.want)
		}
		if seen != 0 {
			t.Errorf("%s: a rule has seen %d bytes of a text that is too long", c.field, seen)
		}
	}
	errs, seen := submitLengthy(t, url.Values{"late": {"가가가가가"}, "any": {huge[:3*MaxMatched]}, "list": {"a", "b"}, "plain": {huge}, "repeat": {"가가가가가"}})
	if len(errs) != 0 || seen != 15+3*MaxMatched+2 {
		t.Errorf("texts as long as may be: %.200q, %d bytes seen", errs, seen)
	}
}
