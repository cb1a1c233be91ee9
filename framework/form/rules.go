package form

import (
	"strconv"
	"strings"
)

// rule is one rule of a validate tag, as far as pages can use it.
type rule struct{ tag, param string }

// parseRules reads the rules for the field itself, up to a dive into its
// elements. Alternatives (a|b) are left out: they constrain nothing alone.
func parseRules(tag string) []rule {
	var rules []rule
	for part := range strings.SplitSeq(tag, ",") {
		if part == "dive" || part == "keys" {
			break
		}
		if part == "" || strings.Contains(part, "|") {
			continue
		}
		name, param, _ := strings.Cut(part, "=")
		param = strings.NewReplacer("0x2C", ",", "0x7C", "|").Replace(param) // the validator's escapes
		rules = append(rules, rule{strings.TrimSpace(name), param})
	}
	return rules
}

func (f *field) has(tag string) bool {
	for _, r := range f.rules {
		if r.tag == tag {
			return true
		}
	}
	return false
}

// choices returns the values that a oneof rule allows.
func (f *field) choices() []string {
	for _, r := range f.rules {
		if r.tag == "oneof" || r.tag == "oneofci" {
			return splitChoices(r.param)
		}
	}
	return nil
}

// splitChoices splits the parameter of oneof: words, or texts in 'quotes'.
func splitChoices(param string) []string {
	var words []string
	for param = strings.TrimSpace(param); param != ""; param = strings.TrimSpace(param) {
		end := " "
		if param[0] == '\'' {
			end, param = "'", param[1:]
		}
		word, rest, _ := strings.Cut(param, end)
		words, param = append(words, word), rest
	}
	return words
}

// constrain writes what the rules mean in HTML into a field.
func (f *field) constrain(out *Field) {
	out.Required = f.has("required") && f.input != "hidden"
	if f.slice {
		return
	}
	for _, r := range f.rules {
		switch f.kind {
		case text:
			out.constrainText(r)
		case integer, unsigned:
			out.constrainInteger(r)
		case decimal:
			out.constrainDecimal(r)
		}
	}
	switch {
	case f.kind == decimal:
		out.Step = "any"
	case f.input == "text" && (f.has("numeric") || f.has("number")):
		out.InputMode = "numeric"
	}
}

// constrainText bounds the length. Browsers count UTF-16 units, the validator
// code points, so a browser may stop a text of rare characters early, never late.
func (out *Field) constrainText(r rule) {
	n, err := strconv.Atoi(r.param)
	if err != nil || n < 0 {
		return
	}
	switch r.tag {
	case "min", "gte":
		out.MinLength = n
	case "max", "lte":
		out.MaxLength = n
	case "len":
		out.MaxLength = n // as minlength it would refuse n rare characters
	case "gt":
		out.MinLength = n + 1
	case "lt":
		out.MaxLength = n - 1
	}
}

func (out *Field) constrainInteger(r rule) {
	n, err := strconv.ParseInt(r.param, 10, 64)
	if err != nil {
		return
	}
	switch r.tag {
	case "min", "gte":
		out.Min = r.param
	case "max", "lte":
		out.Max = r.param
	case "gt":
		out.Min = strconv.FormatInt(n+1, 10)
	case "lt":
		out.Max = strconv.FormatInt(n-1, 10)
	}
}

func (out *Field) constrainDecimal(r rule) {
	if _, err := strconv.ParseFloat(r.param, 64); err != nil {
		return
	}
	switch r.tag {
	case "min", "gte", "gt":
		out.Min = r.param
	case "max", "lte", "lt":
		out.Max = r.param
	}
}
