package form

import (
	"mime/multipart"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-playground/validator/v10"

	"github.com/dram-go/dram/framework/i18n"
)

// core is a form without its type parameter.
type core struct {
	plan      *plan
	target    reflect.Value // the struct that is filled
	check     *validator.Validate
	catalog   *i18n.Catalog
	locale    string
	zone      *time.Location
	blank     bool // all empty when it was made: zero numbers are not shown
	submitted bool
	json      bool // submitted as JSON
	keep      bool // what was not submitted keeps its value
	raw       map[string][]string
	errors    Errors
	options   map[string][]Choice
	prefix    string // of ids in the page
}

// registry holds the plans of all types. A plan depends on its type alone, so
// the cache changes how long something takes, never what it gives.
type registry struct {
	check *validator.Validate
	plans sync.Map // reflect.Type → result
}

// result is a plan or what is wrong with a type.
type result struct {
	plan *plan
	err  error
}

// shared is the one registry of the process.
var shared = sync.OnceValue(func() *registry {
	return &registry{check: validator.New(validator.WithRequiredStructEnabled())}
})

// plan returns the plan of a type, which is made on first use.
func (r *registry) plan(typ reflect.Type) (*plan, error) {
	if known, ok := r.plans.Load(typ); ok {
		return known.(result).plan, known.(result).err
	}
	p, err := newPlan(typ)
	if err == nil {
		err = checkRules(r.check, typ)
	}
	r.plans.Store(typ, result{p, err})
	return p, err
}

// newCore returns the core for a pointer to a struct.
func newCore(value any, opts Options) (*core, error) { return shared().core(value, opts) }

// core is newCore with the plans and rules of r.
func (r *registry) core(value any, opts Options) (*core, error) {
	target := reflect.ValueOf(value).Elem()
	p, err := r.plan(target.Type())
	if err != nil {
		return nil, err
	}
	c := &core{
		plan: p, target: target, check: r.check, blank: target.IsZero(),
		catalog: opts.Catalog, locale: opts.Locale, zone: opts.Location, errors: Errors{},
	}
	if c.zone == nil {
		c.zone = time.UTC
	}
	if c.locale == "" {
		c.locale = c.catalog.Default()
	}
	return c, nil
}

// mustCore is newCore for callers that cannot return an error.
func mustCore(value any, opts Options) *core {
	c, err := newCore(value, opts)
	if err != nil {
		panic(err)
	}
	return c
}

// input is a body that was read but not understood yet.
type input struct {
	values   map[string][]string
	files    map[string][]*multipart.FileHeader
	problems map[string]problem // found while reading, by field
	json     bool
}

// submit fills the struct from in and validates it. With keep, a field that is
// not in it keeps its value. The error is a rule that cannot be applied.
func (c *core) submit(in *input, keep bool) error {
	c.submitted, c.json, c.keep = true, in.json, keep
	c.raw = in.values
	failed := c.fill(in)
	if err := c.validate(failed); err != nil {
		return err
	}
	if v, ok := c.target.Addr().Interface().(Validator); ok {
		v.Validate(&Problems{c})
	}
	return nil
}

// fail adds a message to a field, or to the form for "" and unknown names.
func (c *core) fail(name, message string) {
	if c.plan.byName[name] == nil {
		name = ""
	}
	c.errors[name] = append(c.errors[name], message)
}

// claim fails the field that a unique index guards. A violation of several
// columns, "t.a,t.b", is claimed by a field with that tag, or with one of them.
func (c *core) claim(columns string) bool {
	for _, column := range append([]string{columns}, strings.Split(columns, ",")...) {
		column = strings.TrimSpace(column)
		for _, f := range c.plan.fields {
			if f.unique != "" && strings.EqualFold(f.unique, column) {
				c.fail(f.name, c.say(f, "unique", ""))
				return true
			}
		}
	}
	return false
}

// get returns what a single input shows.
func (c *core) get(name string) string {
	f := c.plan.byName[name]
	if f == nil {
		return ""
	}
	if texts := c.texts(f); len(texts) > 0 {
		return texts[0]
	}
	return ""
}

// texts returns what the inputs of a field show: the submitted texts as they
// came, or else those of the value. Passwords and files show nothing.
func (c *core) texts(f *field) []string {
	switch {
	case f.input == "password" || f.kind == file:
		return nil
	case c.submitted && (!c.keep || c.raw[f.name] != nil):
		return c.raw[f.name]
	}
	return c.format(f)
}

// setOptions gives a field its choices and checks what was submitted.
func (c *core) setOptions(name string, choices []Choice) {
	f := c.plan.byName[name]
	if f == nil {
		panic(c.plan.unknown(name))
	}
	if c.options == nil {
		c.options = map[string][]Choice{}
	}
	c.options[name] = slices.Clone(choices)
	if !c.submitted || len(c.errors[name]) > 0 || len(entries(c.raw[name])) == 0 {
		return
	}
	for _, value := range c.format(f) {
		known := slices.ContainsFunc(choices, func(choice Choice) bool { return choice.Value == value })
		if !known {
			c.fail(name, c.say(f, "oneof", ""))
			return
		}
	}
}
