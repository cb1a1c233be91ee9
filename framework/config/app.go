package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Decode fills the struct that dst points to with the settings of the app:
// section is "app", or "app.mail" for a part that a package of its own reads.
// What the struct already holds is the default. Fields need a key tag and may
// have help and secret tags:
//
//	var s struct {
//		PageSize int           `key:"page_size" help:"questions on a page"`
//		Cooldown time.Duration `key:"cooldown"`
//		APIKey   string        `key:"api_key" secret:"true"`
//	}
//	s.PageSize = 10
//	err := conf.Decode("app", &s)
//
// The variable DRAM_APP_PAGE_SIZE goes over the file, a flag or [Config.With]
// over both; a secret may also come from the file that DRAM_APP_API_KEY_FILE
// names. Fields may be strings, booleans, numbers, [time.Duration], [Size],
// [time.Time], [encoding.TextUnmarshaler], pointers to and slices of these,
// nested structs, slices of structs and maps with string keys. In the
// environment a slice is written with commas.
//
// Settings that the struct does not have and values that do not fit are
// [*Faults]; any other error is a slip in the struct. On an error dst is
// unchanged. Decode is not safe for concurrent use of one Config.
func (c *Config) Decode(section string, dst any) error {
	target := reflect.ValueOf(dst)
	if target.Kind() != reflect.Pointer || target.IsNil() || target.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("config: Decode fills a struct, give it a pointer to one, not %T", dst)
	}
	if section != appSection && !strings.HasPrefix(section, appSection+".") {
		return fmt.Errorf(`config: Decode reads "app" and sections below it, not %q`, section)
	}
	target = target.Elem()
	if err := checkApp(target.Type(), section); err != nil {
		return err
	}
	fresh := reflect.New(target.Type()).Elem()
	fresh.Set(target)
	a := appDecoder{conf: c, section: section, dst: fresh, fields: fields(fresh.Type(), section), origins: map[string]string{}}
	a.fromFile()
	a.fromEnvironment()
	a.fromFlags()
	if err := faultsError(a.faults); err != nil {
		return err
	}
	target.Set(fresh)
	c.decoded = a.settings()
	return nil
}

// checkApp looks for slips in the app's struct.
func checkApp(t reflect.Type, section string) error {
	if err := checkType(t, t.String(), nil); err != nil {
		return fmt.Errorf("config: %w", err)
	}
	keys := map[string]string{}
	for _, f := range fields(t, section) {
		name := variable(f.key)
		if other, twice := keys[name]; twice {
			return fmt.Errorf("config: keys %s and %s have the same variable %s: rename one", other, f.key, name)
		}
		keys[name] = f.key
	}
	return nil
}

// appDecoder is one run of Decode.
type appDecoder struct {
	conf    *Config
	section string
	dst     reflect.Value
	fields  []field
	origins map[string]string // by dotted key
	faults  []placed
}

// fault records a fault outside the file.
func (a *appDecoder) fault(where, text string) {
	a.faults = append(a.faults, placed{afterFile, Fault{Where: where, Text: text}})
}

func (a *appDecoder) fromFile() {
	f := a.conf.file
	if f == nil {
		return
	}
	value, ok := f.find(a.section)
	if !ok {
		return
	}
	table, ok := value.(map[string]any)
	if !ok {
		a.faults = append(a.faults, f.noSection(a.section))
		return
	}
	d := decoder{file: f, set: func(key string) { a.origins[key] = f.where(key) }}
	d.table(a.section, a.dst, table)
	a.faults = append(a.faults, d.faults...)
}

// find returns the value of a dotted key.
func (f *file) find(key string) (any, bool) {
	var value any = f.tree
	for part := range strings.SplitSeq(key, ".") {
		table, ok := value.(map[string]any)
		if !ok {
			return nil, false
		}
		if value, ok = table[part]; !ok {
			return nil, false
		}
	}
	return value, true
}

func (a *appDecoder) fromEnvironment() {
	var known []string
	for _, f := range a.fields {
		name := variable(f.key)
		known = append(known, name)
		if f.tags.hidden() {
			known = append(known, name+fileSuffix)
		}
		value, ok, faults := a.conf.vars.resolve([]string{name}, f.tags, a.conf.Root)
		a.faults = append(a.faults, faults...)
		if ok {
			a.setText(f, value.text, value.variable)
		}
	}
	for _, name := range sortedKeys(a.conf.vars) {
		if strings.HasPrefix(name, variable(a.section)+"_") && !slices.Contains(known, name) {
			a.fault(name, unknown("variable", name, known))
		}
	}
}

func (a *appDecoder) fromFlags() {
	for _, key := range sortedKeys(a.conf.flags) {
		if !strings.HasPrefix(key, a.section+".") {
			continue
		}
		i := slices.IndexFunc(a.fields, func(f field) bool { return f.key == key })
		if i < 0 {
			a.fault(flagOrigin(key), unknown("key", key, keysOf(a.fields)))
			continue
		}
		a.setText(a.fields[i], a.conf.flags[key], flagOrigin(key))
	}
}

func (a *appDecoder) setText(f field, text, from string) {
	dst := a.dst.FieldByIndex(f.index)
	fresh := reflect.New(dst.Type()).Elem()
	if err := setText(fresh, text); err != nil {
		a.fault(from, mismatch(f.key, expectedText(dst.Type()), text, f.tags, err))
		return
	}
	dst.Set(fresh)
	a.origins[f.key] = from
}

// settings returns what Settings shall show of the app from now on.
func (a *appDecoder) settings() map[string]Setting {
	list := maps.Clone(a.conf.decoded)
	if list == nil {
		list = map[string]Setting{}
	}
	for _, f := range a.fields {
		from, ok := a.origins[f.key]
		if !ok {
			from = "default"
		}
		list[f.key] = Setting{
			Key:    f.key,
			Value:  mask(f.key, textOf(a.dst.FieldByIndex(f.index)), f.tags),
			Origin: from,
			Help:   f.tags.help,
		}
	}
	return list
}
