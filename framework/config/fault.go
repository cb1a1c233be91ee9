package config

import (
	"fmt"
	"strings"
)

// Fault is one thing that is wrong with the settings of an app.
type Fault struct {
	// Where is the place to mend: "dram.toml:12", the name of an environment
	// variable, "flag server.listen", or the path of a secret's file.
	Where string
	// Text says what is wrong and what was expected. It never holds a secret.
	Text string
}

// String returns the fault as one line.
func (f Fault) String() string { return f.Where + ": " + f.Text }

// Faults is every [Fault] of one [Load], [Config.Decode] or [Config.With]: a
// person mends them in one go instead of one start at a time.
type Faults struct {
	List []Fault // in the order file (by line), environment, flags; never empty
}

// Error returns one line for each fault.
func (f *Faults) Error() string {
	lines := make([]string, len(f.List))
	for i, fault := range f.List {
		lines[i] = fault.String()
	}
	return strings.Join(lines, "\n")
}

// faultsError returns list as an error, nil when nothing is wrong.
func faultsError(list []Fault) error {
	if len(list) == 0 {
		return nil
	}
	return &Faults{List: list}
}

// unknown words a fault about a name nobody knows.
func unknown(kind, name string, candidates []string) string {
	text := fmt.Sprintf("unknown %s %s", kind, name)
	if near := nearest(name, candidates); near != "" {
		text += fmt.Sprintf(", did you mean %s?", near)
	}
	return text
}
