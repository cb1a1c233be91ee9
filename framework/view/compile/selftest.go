package compile

import "github.com/dram-go/dram/framework/view/escape"

// SelfTest compares escapers and compiler with html/template on a template
// that goes through every context, within a millisecond. An error means that
// this release of Go does something else than the one that this package was
// written for: nothing should be compiled then.
func SelfTest() error { return escape.SelfTest() }
