package form

import (
	"errors"
	"html/template"
	"strconv"
	"strings"
)

// HTML writes a field of a form: label, input, help and messages.
//
//	<div class="field field-invalid">
//	<label for="subject">Subject</label>
//	<input type="text" id="subject" name="subject" value="" required maxlength="200"
//	 aria-invalid="true" aria-describedby="subject-error">
//	<p class="field-error" id="subject-error">Subject is required.</p>
//	</div>
//
// It has no styles and no scripts, so that any content security policy allows
// it. The error names the fields of the form if there is none of that name.
func HTML(v View, name string) (template.HTML, error) {
	if v == nil {
		return "", errors.New("form: there is no form, only nil, to show field " + strconv.Quote(name) + " of")
	}
	f, err := v.Field(name)
	if err != nil {
		return "", err
	}
	return f.HTML(), nil
}

// ErrorsHTML writes the messages that belong to the form as a whole, nothing
// if there are none.
func ErrorsHTML(v View) template.HTML {
	if v == nil || len(v.FormErrors()) == 0 {
		return ""
	}
	var m markup
	m.raw(`<div class="form-errors" role="alert">`)
	for _, message := range v.FormErrors() {
		m.element("p", message)
	}
	m.raw("</div>\n")
	return m.html()
}

// HTML writes the field as [HTML] does.
func (f Field) HTML() template.HTML {
	var m markup
	if f.Type == "hidden" {
		f.hidden(&m)
		return m.html()
	}
	m.raw(`<div class="field`)
	if len(f.Errors) > 0 {
		m.raw(" field-invalid")
	}
	m.raw("\">\n")
	switch {
	case f.Type == "radio", f.Type == "checkbox" && f.Multiple:
		f.group(&m)
	case f.Type == "checkbox":
		f.box(&m)
	default:
		f.label(&m)
		f.control(&m)
		f.notes(&m)
	}
	m.raw("</div>\n")
	return m.html()
}

// hidden writes a hidden input for each value. Nobody can mend what is wrong
// with one, yet the messages must be seen.
func (f Field) hidden(m *markup) {
	values := f.Values
	if !f.Multiple {
		values = []string{f.Value}
	}
	for _, value := range values {
		m.raw(`<input type="hidden"`)
		m.attr("name", f.Name)
		m.attr("value", value)
		m.raw(">\n")
	}
	f.errors(m)
}

func (f Field) label(m *markup) {
	m.raw("<label")
	m.attr("for", f.ID)
	m.raw(">")
	m.text(f.Label)
	m.raw("</label>\n")
}

// control writes the input, textarea or select of a field.
func (f Field) control(m *markup) {
	switch f.Type {
	case "textarea":
		m.raw("<textarea")
		f.attributes(m)
		m.raw(">\n") // HTML drops this line end, and not one that the text begins with
		m.text(f.Value)
		m.raw("</textarea>\n")
	case "select":
		f.selection(m)
	default:
		m.raw("<input")
		m.attr("type", f.Type)
		f.attributes(m)
		if f.Type != "password" && f.Type != "file" {
			m.attr("value", f.Value)
		}
		m.raw(">\n")
	}
}

func (f Field) selection(m *markup) {
	m.raw("<select")
	f.attributes(m)
	m.raw(">\n")
	if !f.Multiple {
		m.raw(`<option value=""></option>` + "\n")
	}
	for _, choice := range f.Options {
		m.raw("<option")
		m.attr("value", choice.Value)
		m.flag("selected", choice.Selected)
		m.raw(">")
		m.text(choice.Label)
		m.raw("</option>\n")
	}
	m.raw("</select>\n")
}

// box writes a single checkbox, its label behind it.
func (f Field) box(m *markup) {
	m.raw(`<input type="checkbox"`)
	f.attributes(m)
	m.attr("value", f.Value)
	m.flag("checked", f.Checked)
	m.raw(">\n")
	f.label(m)
	f.notes(m)
}

// group writes radio buttons or several checkboxes as a fieldset.
func (f Field) group(m *markup) {
	m.raw("<fieldset")
	m.attr("id", f.ID)
	if f.Type == "radio" {
		m.raw(` role="radiogroup"`) // on which aria-invalid is allowed
	}
	f.aria(m)
	m.raw(">\n")
	m.element("legend", f.Label)
	for i, choice := range f.Options {
		id := f.ID + "-" + strconv.Itoa(i+1)
		m.raw("<input")
		m.attr("type", f.Type)
		m.attr("id", id)
		m.attr("name", f.Name)
		m.attr("value", choice.Value)
		m.flag("checked", choice.Selected)
		m.flag("required", f.Required && f.Type == "radio")
		m.raw("> <label")
		m.attr("for", id)
		m.raw(">")
		m.text(choice.Label)
		m.raw("</label>\n")
	}
	f.notes(m)
	m.raw("</fieldset>\n")
}

// attributes writes what all controls have in common.
func (f Field) attributes(m *markup) {
	m.attr("id", f.ID)
	m.attr("name", f.Name)
	m.flag("required", f.Required)
	m.flag("multiple", f.Multiple)
	if f.takesText() {
		m.number("minlength", f.MinLength)
		m.number("maxlength", f.MaxLength)
		m.option("placeholder", f.Placeholder)
	}
	if f.takesBounds() {
		m.option("min", f.Min)
		m.option("max", f.Max)
		m.option("step", f.Step)
	}
	m.option("inputmode", f.InputMode)
	m.option("autocomplete", f.Autocomplete)
	if f.Type == "file" {
		m.option("accept", f.Accept)
	}
	f.aria(m)
}

// takesText reports controls for which HTML knows lengths and placeholders.
func (f Field) takesText() bool {
	switch f.Type {
	case "text", "textarea", "password", "email", "url", "tel", "search":
		return true
	}
	return false
}

// takesBounds reports controls for which HTML knows min, max and step.
func (f Field) takesBounds() bool { return f.Type == "number" || f.Type == "range" }

// aria ties messages and explanation to the control.
func (f Field) aria(m *markup) {
	var notes []string
	if len(f.Errors) > 0 {
		if f.Type != "checkbox" || !f.Multiple { // a group of boxes may not carry it
			m.attr("aria-invalid", "true")
		}
		notes = append(notes, f.ErrorID())
	}
	if f.Help != "" {
		notes = append(notes, f.HelpID())
	}
	m.option("aria-describedby", strings.Join(notes, " "))
}

// notes writes explanation and messages.
func (f Field) notes(m *markup) {
	if f.Help != "" {
		m.raw(`<p class="field-help"`)
		m.attr("id", f.HelpID())
		m.raw(">")
		m.text(f.Help)
		m.raw("</p>\n")
	}
	f.errors(m)
}

func (f Field) errors(m *markup) {
	if len(f.Errors) == 0 {
		return
	}
	m.raw(`<p class="field-error"`)
	m.attr("id", f.ErrorID())
	m.raw(">")
	m.text(strings.Join(f.Errors, " "))
	m.raw("</p>\n")
}

// markup builds HTML; everything but raw is escaped.
type markup struct{ b strings.Builder }

func (m *markup) html() template.HTML { return template.HTML(m.b.String()) }

func (m *markup) raw(s string) { m.b.WriteString(s) }

func (m *markup) text(s string) { m.b.WriteString(template.HTMLEscapeString(s)) }

// attr writes an attribute with its value in double quotes.
func (m *markup) attr(name, value string) {
	m.raw(" " + name + `="`)
	m.text(value)
	m.raw(`"`)
}

// option writes an attribute unless it is empty.
func (m *markup) option(name, value string) {
	if value != "" {
		m.attr(name, value)
	}
}

func (m *markup) number(name string, n int) {
	if n > 0 {
		m.attr(name, strconv.Itoa(n))
	}
}

// flag writes a boolean attribute.
func (m *markup) flag(name string, on bool) {
	if on {
		m.raw(" " + name)
	}
}

func (m *markup) element(name, content string) {
	m.raw("<" + name + ">")
	m.text(content)
	m.raw("</" + name + ">\n")
}
