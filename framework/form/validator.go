package form

// Validator is a form with rules that no tag can say: that one of two fields is
// filled in, that a period is not longer than a month. The pointer to T
// implements it:
//
//	func (b *Booking) Validate(p *form.Problems) {
//		if b.To.Sub(b.From) > 31*24*time.Hour {
//			p.Add("to", "too_long") // form.booking.to.too_long
//		}
//	}
//
// Validate is called for every submitted form, as HTML or JSON, after the rules
// of the tags, and must not change the value. A field that could not be read is
// zero. Rules that need a database belong into the handler, see [Form.Fail].
type Validator interface {
	Validate(p *Problems)
}

// Problems collects what a [Validator] finds.
type Problems struct{ core *core }

// Add says that a field breaks a rule, whose message is looked up as those of
// the tags are: form.<form>.<field>.<rule>, then form.<rule>. The field "", or
// one that the form does not have, means the form as a whole. A field that
// already breaks a rule of its tags keeps that message alone.
func (p *Problems) Add(field, rule string) {
	if field != "" && p.Has(field) {
		return
	}
	p.core.fail(field, p.core.say(p.core.plan.byName[field], rule, ""))
}

// Has reports whether something is wrong with a field already, "" asks for the
// form as a whole.
func (p *Problems) Has(field string) bool { return len(p.core.errors[field]) > 0 }
