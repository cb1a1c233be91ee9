package dram

import "strings"

// Faults is the error of [App.Build]: everything that is wrong with the
// description of an app, found at once.
type Faults struct {
	List []error // in the order in which they were found
}

// Error returns one line per fault, each beginning with its file:line.
func (f *Faults) Error() string {
	lines := make([]string, len(f.List))
	for i, err := range f.List {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the faults one by one.
func (f *Faults) Unwrap() []error { return f.List }

// add takes an error apart if it is made of several.
func (f *Faults) add(err error) {
	if err == nil {
		return
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range many.Unwrap() {
			f.add(one)
		}
		return
	}
	f.List = append(f.List, err)
}

// Fault is one thing wrong in the Go code that describes an app.
type Fault struct {
	Where string // file:line of the call
	Text  string // what is wrong, and how to mend it
}

// Error returns "file:line: text".
func (f *Fault) Error() string { return f.Where + ": " + f.Text }
