package form

import (
	"strings"
	"testing"
)

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
