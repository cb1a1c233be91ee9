package config

import (
	"cmp"
	"fmt"
	"math"
	"slices"
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

// String returns the fault as one line, whatever a name or value contains.
func (f Fault) String() string {
	return strings.NewReplacer("\n", `\n`, "\r", `\r`).Replace(f.Where + ": " + f.Text)
}

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

// placed is a fault with its line in the file, afterFile for other places.
type placed struct {
	line int
	Fault
}

// afterFile sorts faults of the environment and of flags behind the file's.
const afterFile = math.MaxInt

// faultsError returns the faults in the order of the file, nil if there are none.
func faultsError(list []placed) error {
	if len(list) == 0 {
		return nil
	}
	slices.SortStableFunc(list, func(a, b placed) int { return cmp.Compare(a.line, b.line) })
	faults := make([]Fault, len(list))
	for i, p := range list {
		faults[i] = p.Fault
	}
	return &Faults{List: faults}
}

// unknown words a fault about a name nobody knows.
func unknown(kind, name string, candidates []string) string {
	text := fmt.Sprintf("unknown %s %s", kind, name)
	if near := nearestKey(name, candidates); near != "" {
		text += fmt.Sprintf(", did you mean %s?", near)
	}
	return text
}
