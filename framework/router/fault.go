package router

import (
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing wrong with the routes.
type Fault struct {
	// Where is the file:line that was given to Add for the route at fault.
	Where string
	// Text says what is wrong, with the place of the other side of a conflict.
	Text string
}

// Error returns "file:line: text".
func (f *Fault) Error() string {
	if f.Where == "" {
		return f.Text
	}
	return f.Where + ": " + f.Text
}

// Faults is the error of [Router.Build]: all faults in order of registration.
type Faults []*Fault

// Error returns one line per fault.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the faults one by one, for errors.As and for callers that
// merge them with other errors.
func (f Faults) Unwrap() []error {
	list := make([]error, len(f))
	for i, fault := range f {
		list[i] = fault
	}
	return list
}

func (f *Faults) add(where, format string, args ...any) {
	*f = append(*f, &Fault{Where: where, Text: fmt.Sprintf(format, args...)})
}

// keys returns the sorted keys of m.
func keys[V any](m map[string]V) []string {
	list := make([]string, 0, len(m))
	for k := range m {
		list = append(list, k)
	}
	slices.Sort(list)
	return list
}
