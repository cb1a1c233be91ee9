package form

import (
	"slices"
	"strings"
)

// Field is one field of a form as a page shows it.
type Field struct {
	Name  string // of the input: address.city
	ID    string // of the input: address-city, behind the prefix of SetIDPrefix; -error and -help follow it
	Label string
	Type  string // of the input, or textarea, select, radio, checkbox, hidden
	Help  string // a line of explanation, or ""

	// Value is the text of an input with one value. It is "" for passwords
	// and files. Values are those of a field with several.
	Value   string
	Values  []string
	Checked bool     // of a single checkbox
	Errors  []string // messages, none if nothing is wrong
	Options []Choice // of select, radio and several checkboxes

	// Constraints of HTML that follow from the rules; "" and 0 mean none.
	Required             bool
	Multiple             bool
	MinLength, MaxLength int
	Min, Max, Step       string

	Placeholder, Autocomplete, Accept, InputMode string
}

// Choice is one of the values that a field may have.
type Choice struct {
	Value    string
	Label    string // what the user sees; Value if empty
	Selected bool   // filled in by Form.Field
}

// ErrorID is the id of the element with the messages of the field.
func (f Field) ErrorID() string { return f.ID + "-error" }

// HelpID is the id of the element with the explanation of the field.
func (f Field) HelpID() string { return f.ID + "-help" }

// field puts together what a page needs to know about a field.
func (c *core) field(name string) (Field, error) {
	f := c.plan.byName[name]
	if f == nil {
		return Field{}, c.plan.unknown(name)
	}
	out := Field{
		Name: f.name, ID: c.prefix + f.id, Label: c.label(f), Type: f.input, Help: f.help,
		Errors: slices.Clone(c.errors[f.name]), Multiple: f.slice,
		Autocomplete: f.autocomplete, Accept: f.accept,
	}
	if help, ok := c.own(f, "help"); ok {
		out.Help = help
	}
	out.Placeholder, _ = c.own(f, "placeholder")
	f.constrain(&out)
	if c.options[name] != nil && !f.offers() {
		out.Type = "select"
	}
	c.show(f, &out)
	return out, nil
}

// offers reports inputs that can show choices, or should show none.
func (f *field) offers() bool {
	switch f.input {
	case "select", "radio", "checkbox", "hidden":
		return true
	}
	return false
}

// show adds values and choices.
func (c *core) show(f *field, out *Field) {
	texts := c.texts(f)
	if f.kind == boolean && f.input == "checkbox" && !f.slice {
		out.Checked = len(texts) > 0 && isTicked(texts[len(texts)-1])
		out.Value = "true"
		return
	}
	if f.slice {
		out.Values = texts
	} else if len(texts) > 0 {
		out.Value = texts[0]
	}
	out.Options = c.choices(f)
	for i := range out.Options {
		out.Options[i].Selected = slices.Contains(trimmed(texts), out.Options[i].Value)
	}
}

// isTicked reports whether the text of a box means that it is ticked.
func isTicked(t string) bool {
	switch strings.ToLower(strings.TrimSpace(t)) {
	case "", "off", "false", "0", "no":
		return false
	}
	return true
}

func trimmed(texts []string) []string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = strings.TrimSpace(t)
	}
	return out
}

// choices returns a fresh list of what a field offers.
func (c *core) choices(f *field) []Choice {
	if own, ok := c.options[f.name]; ok {
		return labelled(own)
	}
	values := f.choices()
	if values == nil && f.kind == boolean && f.input != "checkbox" {
		values = []string{"true", "false"}
	}
	var choices []Choice
	for _, value := range values {
		choices = append(choices, Choice{Value: value, Label: c.choiceLabel(f, value)})
	}
	return choices
}

func labelled(choices []Choice) []Choice {
	choices = slices.Clone(choices)
	for i := range choices {
		if choices[i].Label == "" {
			choices[i].Label = choices[i].Value
		}
	}
	return choices
}

// choiceLabel returns what the user sees for a value of a oneof rule.
func (c *core) choiceLabel(f *field, value string) string {
	if label, ok := c.own(f, "options."+value); ok {
		return label
	}
	return value
}
