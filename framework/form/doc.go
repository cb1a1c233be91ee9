// Package form reads what people fill in, checks it, and writes it back into
// the page with messages they understand.
//
// A form is a struct. Only fields with a form tag are ever filled, so nobody
// can set what the page did not offer:
//
//	type SignUp struct {
//		Name     string `form:"name" validate:"required,min=3,max=25" unique:"user.name"`
//		Email    string `form:"email" validate:"required,email"`
//		Password string `form:"password" input:"password" validate:"required,min=8"`
//		Repeat   string `form:"repeat" input:"password" validate:"eqfield=Password"`
//		Admin    bool   // no form tag: out of reach
//	}
//
// [Parse] answers GET with the empty form and POST with the submitted one;
// [Edit] starts from a value instead of an empty one. [Form.OK] says whether
// the value may be used. If not, the page is rendered again with the same
// form, which then carries what was typed and what is wrong with it.
//
// # Fields
//
// Fields may be strings, booleans, numbers, time.Time, time.Duration, anything
// with UnmarshalText, pointers and slices of those, *multipart.FileHeader and
// slices of it. A struct field with a form tag is a nested form: its fields
// are named address.city; nesting ends there. An embedded struct is part of
// the form with the tag form:",inline".
//
// Text is trimmed (not with trim:"no", and never passwords), line ends become
// \n, and text that is not UTF-8 or contains NUL is refused. An empty number or
// time is the zero value; use a pointer to tell nothing from zero, also
// because validate:"required" refuses a zero. Of empty entries in a slice
// nothing is kept.
//
// # Tags
//
//	form          the name; letters, digits, - and _
//	validate      rules of github.com/go-playground/validator/v10
//	label         what the field is called (if the catalogue says nothing)
//	help          a line below the input (likewise)
//	input         the kind of input: text, textarea, password, email, url, tel,
//	              search, number, range, color, checkbox, radio, select, hidden,
//	              file, date, time, month, datetime-local; by default what fits
//	              the type and the rules
//	autocomplete  the attribute of that name: new-password, email, name
//	accept        the attribute of that name, for files: image/*
//	maxsize       the largest size of a file: 512KiB, 2MiB
//	unique        the column whose unique index guards the field, see [Form.Claims]
//	trim          "no" keeps white space at both ends
//
// The length of a text (max, lte, lt, len) is looked at first, whatever the order
// of the tag; of a text that is too long the other rules see nothing. Rules that
// look for a pattern, such as email, see at most [MaxMatched] characters where
// nothing bounds the length: give such a field a max.
//
// [Check] reports what is wrong with such a declaration; a test should call it.
// What no tag can say, a form says itself by being a [Validator].
//
// # Messages and labels
//
// Messages are looked up in the app's catalogue (package i18n), first for the
// field, then in general, then among Dram's own in English and Korean:
//
//	form.<form>.<field>.<rule>     form.sign_up.name.required
//	form.<rule>                    form.required
//
// <form> is the name of the struct's type in small letters without a last
// Form: SignUp is sign_up, QuestionForm is question. A type that is called
// just Form goes by its package: question.Form is question. <rule> is the
// tag of the validator; the files in messages/ show all rules that have a text,
// and the variants that some have for numbers, texts and lists (min_text).
// Placeholders: {label}, {param}, {other} (the label of the other field in
// eqfield and its like), {n} (param as a number).
//
// What is wrong with the form as a whole is form.<form>.<rule>. Other texts of a
// field are
//
//	form.<form>.<field>.label
//	form.<form>.<field>.help
//	form.<form>.<field>.placeholder
//	form.<form>.<field>.options.<value>
//
// Without a label in catalogue or tag, the label is the name: created_at is
// "Created at".
//
// # Pages
//
// [HTML] writes a whole field: label, input with the HTML constraints that
// follow from the rules, help and error, tied together for screen readers.
// In Dram's templates it is {{field .Form "name"}}. Write markup of your own
// with [Form.Field], which has all the parts. Passwords and files are never
// written back. A form with files needs enctype="{{.Form.Enctype}}". Two forms
// in one page need ids that differ, see [Form.SetIDPrefix].
//
// # JSON
//
// A JSON body is read by the same names, rules and caps; unknown members are
// ignored as unknown form fields are. Types are strict: a number is not a
// text. Field errors are then returned by Parse as an error of type [Errors],
// whose status is 422, so that one handler serves browsers and programs.
package form
