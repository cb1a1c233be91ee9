package config

import (
	"os"
	"slices"
	"strings"
)

// environment is the variables that mean something to us, by name.
type environment map[string]string

// newEnvironment reads NAME=value entries; of equal names the last counts, as
// in os/exec.
func newEnvironment(environ []string) environment {
	if environ == nil {
		environ = os.Environ()
	}
	env := environment{}
	for _, entry := range environ {
		name, text, ok := strings.Cut(entry, "=")
		if ok && name != "" {
			env[name] = text
		}
	}
	return env
}

// get returns the text of a variable. An empty one counts as not set, because
// compose and unit files write NAME= for that.
func (e environment) get(name string) string { return e[name] }

// variable returns the name of the environment variable of a key.
func variable(key string) string {
	return "DRAM_" + strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, key)
}

// appPrefix begins the variables of the app's own settings.
const appPrefix = "DRAM_APP_"

// fileSuffix ends the name of a variable that names a file with the value.
const fileSuffix = "_FILE"

// variables lists the variables that set a key: our own name first, then the
// name every hosting service uses.
func variables(key string) []string {
	switch key {
	case "secret":
		return []string{variable(key), "SECRET_KEY"}
	case "database.url":
		return []string{variable(key), "DATABASE_URL"}
	}
	return []string{variable(key)}
}

// reserved lists the variables that processes of one tree use among
// themselves; they are no settings.
func reserved() []string {
	return []string{
		"DRAM_CONFIG",
		"DRAM_LISTEN_FD", "DRAM_LIFELINE_FD", "DRAM_READY_FD",
		"DRAM_ROLE", "DRAM_CONTROL_FD", "DRAM_GENERATION", "DRAM_WORKER",
		"DRAM_HUB",
	}
}

// found is a value that a variable gives.
type found struct {
	variable string // the name, with _FILE if it came from a file
	text     string
}

// lookup collects what the environment says about one setting under all its
// names. Files are read only for secrets.
func (e environment) lookup(names []string, tag tags, root string) (values []found, faults []placed) {
	for _, name := range names {
		if text := e.get(name); text != "" {
			values = append(values, found{name, text})
		}
		if !tag.hidden() || e.get(name+fileSuffix) == "" {
			continue
		}
		text, err := readSecret(e.get(name+fileSuffix), root)
		if err != nil {
			faults = append(faults, placed{afterFile, Fault{Where: name + fileSuffix, Text: err.Error()}})
			continue
		}
		values = append(values, found{name + fileSuffix, text})
	}
	return values, faults
}

// resolve picks the one value of a setting. Two names with different values
// are a fault: whichever we took, somebody would wonder.
func (e environment) resolve(names []string, tag tags, root string) (value found, ok bool, faults []placed) {
	values, faults := e.lookup(names, tag, root)
	if len(values) == 0 {
		return found{}, false, faults
	}
	for _, other := range values[1:] {
		if other.text != values[0].text {
			faults = append(faults, placed{afterFile, Fault{
				Where: other.variable,
				Text:  "has another value than " + values[0].variable + ", which sets the same: unset one of them",
			}})
		}
	}
	return values[0], len(faults) == 0, faults
}

// unknown faults every DRAM_ variable that sets nothing. Those of the app's
// own settings are left for Decode, which knows the app's struct.
func (e environment) unknown(list []field) []placed {
	known := reserved()
	for _, f := range list {
		for _, name := range variables(f.key) {
			known = append(known, name)
			if f.tags.hidden() {
				known = append(known, name+fileSuffix)
			}
		}
	}
	var faults []placed
	for _, name := range sortedKeys(e) {
		if !strings.HasPrefix(name, "DRAM_") || strings.HasPrefix(name, appPrefix) || slices.Contains(known, name) {
			continue
		}
		text := unknown("variable", name, known)
		if strings.HasPrefix(name, "DRAM_MOUNTS_") {
			text += "; variables change the mounts that the file has, so begin it there: [mounts.NAME]"
		}
		faults = append(faults, placed{afterFile, Fault{Where: name, Text: text}})
	}
	return faults
}
