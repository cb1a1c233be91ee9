package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Options says where [Load] looks. The zero Options suits a program's main.
type Options struct {
	// Dir is the directory of the app, "" for the working directory. Relative
	// names of files count from it.
	Dir string
	// File is the settings file. "" means the variable DRAM_CONFIG, then
	// dram.toml in Dir; only that last one may be missing.
	File string
	// Environ holds NAME=value entries as os.Environ returns them; nil means
	// os.Environ(), an empty slice no environment.
	Environ []string
	// Flags are the settings of the command line by dotted key:
	// "server.listen", "app.mail_from".
	Flags map[string]string
}

// origin is where the value of a setting came from.
type origin struct {
	from string // as in Setting.Origin
	text string // the value then, to see that the program changed it later
}

// appSection is the section that belongs to the app.
const appSection = "app"

// Load reads the settings of an app: defaults, then the file, then the
// environment, then flags, the later over the earlier. Anything that is not
// known or not valid is an error, and all of them are in one [*Faults], also
// those of a layer that another one overrides.
//
// Settings of the app itself are only collected here; [Config.Decode] checks
// them against the app's struct.
func Load(o Options) (*Config, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("config: working directory: %w", err)
	}
	l := &loader{dir: dir, env: newEnvironment(o.Environ), flags: o.Flags}
	l.open(o.File)
	l.fromFile()
	l.fromEnvironment()
	l.fromFlags()
	l.fromPort()
	l.fromGenerated()
	l.check()
	if err := faultsError(l.faults); err != nil {
		return nil, err
	}
	l.conf.zone = l.conf.Location()
	return l.conf, nil
}

// loader is one run of Load, or of With.
type loader struct {
	dir    string
	env    environment
	flags  map[string]string
	conf   *Config
	fields []field
	faults []placed
}

// fault records a fault outside the file.
func (l *loader) fault(where, text string) {
	l.faults = append(l.faults, placed{afterFile, Fault{Where: where, Text: text}})
}

// open finds and parses the file and begins the configuration.
func (l *loader) open(name string) {
	path, from := name, ""
	if path == "" {
		path, from = l.env.get("DRAM_CONFIG"), "DRAM_CONFIG"
	}
	named := path != ""
	if !named {
		path = fileName
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(l.dir, path)
	}
	text, err := readBounded(path)
	if missing := errors.Is(err, fs.ErrNotExist); missing && !named {
		l.begin(l.dir)
		return
	}
	l.begin(filepath.Dir(path))
	label := shown(path, l.dir)
	if err != nil {
		if from == "" || !named {
			from = label
		}
		l.fault(from, "cannot read the settings: "+err.Error())
		return
	}
	parsed, fault := parseFile(label, text)
	if fault != nil {
		l.faults = append(l.faults, *fault)
		return
	}
	l.conf.file = parsed
}

// begin starts from the defaults of an app in root.
func (l *loader) begin(root string) {
	l.conf = Default(root)
	l.conf.vars = environment{}
	for name, text := range l.env {
		if strings.HasPrefix(name, appPrefix) {
			l.conf.vars[name] = text
		}
	}
	l.conf.flags = map[string]string{}
	l.conf.origins = map[string]origin{}
	l.fields = l.conf.settings()
}

// fromFile takes over the file, without the section of the app.
func (l *loader) fromFile() {
	f := l.conf.file
	if f == nil {
		return
	}
	tree := maps.Clone(f.tree)
	if app, has := tree[appSection]; has {
		if _, ok := app.(map[string]any); !ok {
			l.faults = append(l.faults, f.noSection(appSection))
		}
		delete(tree, appSection)
	}
	var set []string
	d := decoder{file: f, set: func(key string) { set = append(set, key) }}
	d.table("", reflect.ValueOf(l.conf).Elem(), tree)
	l.faults = append(l.faults, d.faults...)
	l.fields = l.conf.settings()
	for _, key := range set {
		l.note(key, f.where(key))
	}
}

// note records where the present value of a key came from. What lies within a
// list or a table of the app's choosing is no setting of its own.
func (l *loader) note(key, from string) {
	if i := l.index(key); i >= 0 {
		l.conf.origins[key] = origin{from: from, text: l.conf.text(l.fields[i])}
	}
}

// index finds the field of a key, -1 if there is none.
func (l *loader) index(key string) int {
	return slices.IndexFunc(l.fields, func(f field) bool { return f.key == key })
}

// text returns the value of a field as it would be written.
func (c *Config) text(f field) string {
	return textOf(f.get(reflect.ValueOf(c).Elem()))
}

// fromEnvironment takes over variables.
func (l *loader) fromEnvironment() {
	for _, f := range l.fields {
		value, ok, faults := l.env.resolve(variables(f.key), f.tags, l.conf.Root)
		l.faults = append(l.faults, faults...)
		if ok {
			l.setText(f, value.text, value.variable)
		}
	}
	l.faults = append(l.faults, l.env.unknown(l.fields)...)
}

// fromFlags takes over the command line.
func (l *loader) fromFlags() {
	for _, key := range sortedKeys(l.flags) {
		l.fromText(key, l.flags[key], flagOrigin(key))
	}
}

func (l *loader) fromText(key, text, from string) {
	if strings.HasPrefix(key, appSection+".") {
		l.conf.flags[key] = text
		return
	}
	i := l.index(key)
	if i < 0 {
		l.fault(from, unknown("key", key, keysOf(l.fields)))
		return
	}
	l.setText(l.fields[i], text, from)
}

func flagOrigin(key string) string { return "flag " + key }

// setText sets one of Dram's own settings from text.
func (l *loader) setText(f field, text, from string) {
	conf := reflect.ValueOf(l.conf).Elem()
	fresh := reflect.New(f.get(conf).Type()).Elem()
	if err := setText(fresh, text); err != nil {
		l.fault(from, mismatch(f.key, expectedText(fresh.Type()), text, f.tags, err))
		return
	}
	f.put(conf, fresh)
	l.note(f.key, from)
}

// fromPort takes over PORT, which hosting services set. They connect from
// another machine, so in production the loopback default and a host in the
// file give way to all interfaces; a development server stays where it is.
func (l *loader) fromPort() {
	port := l.env.get("PORT")
	if _, flag := l.flags["server.listen"]; flag || port == "" {
		return
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		l.fault("PORT", mismatch("server.listen", "a port from 0 to 65535", port, tags{}, err))
		return
	}
	if own := l.env.get("DRAM_SERVER_LISTEN"); own != "" {
		if _, p, err := net.SplitHostPort(own); err == nil && p != port {
			l.fault("PORT", "has another value than DRAM_SERVER_LISTEN, which sets the port too: unset one of them")
		}
		return
	}
	host := ""
	if l.conf.Env != Production {
		first, _, _ := strings.Cut(l.conf.Server.Listen, ",")
		host, _, _ = net.SplitHostPort(first)
	}
	l.conf.Server.Listen = net.JoinHostPort(host, port)
	l.note("server.listen", "PORT")
}

// fromGenerated takes the secret that GenerateSecret wrote if nothing else
// set one.
func (l *loader) fromGenerated() {
	if _, set := l.conf.origins["secret"]; set {
		return
	}
	secret, fault := generatedSecret(l.conf.Root)
	if fault != nil {
		l.fault(shown(fault.Where, l.dir), fault.Text)
		return
	}
	if secret != "" {
		l.conf.Secret = secret
		l.note("secret", shown(secretPath(l.conf.Root), l.dir))
	}
}

// check validates what the layers made.
func (l *loader) check() {
	for _, f := range l.fields {
		l.checkField(f)
	}
	l.checkMounts()
	l.checkDirectories()
}

func (l *loader) checkField(f field) {
	want := l.conf.invalid(f.key)
	if want == "" {
		return
	}
	l.faultAt(f.key, mismatch(f.key, want, l.conf.text(f), f.tags, nil))
}

// faultAt records a fault where the value of a key, or a section, comes from.
func (l *loader) faultAt(key, text string) {
	from, line := l.conf.origins[key].from, afterFile
	file := l.conf.file
	if from == "" && file != nil && file.lines[key] > 0 {
		from = file.where(key)
	}
	if from == "" {
		from = "default"
	}
	if file != nil && from == file.where(key) {
		line = file.lines[key]
	}
	l.faults = append(l.faults, placed{line, Fault{Where: from, Text: text}})
}
