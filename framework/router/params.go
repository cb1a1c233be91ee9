package router

// MaxParams is the largest number of parameters in one pattern.
const MaxParams = 8

// Params holds the parameters of one match. The caller owns it, typically as
// a field of a pooled request context, so that a match allocates nothing. The
// zero value is ready; [Router.Match] overwrites what it held.
type Params struct {
	names  []string // of the matched pattern, shared, never written
	values [MaxParams]string
}

// Get returns the decoded text of a parameter and whether the matched pattern
// has one of this name.
func (p *Params) Get(name string) (string, bool) {
	for i, n := range p.names {
		if n == name {
			return p.values[i], true
		}
	}
	return "", false
}

// Len returns the number of parameters.
func (p *Params) Len() int { return len(p.names) }

// At returns name and value of parameter i, counted from 0 and from the left
// of the pattern. It panics when i is not below Len.
func (p *Params) At(i int) (name, value string) { return p.names[i], p.values[i] }

// Names returns the names of the parameters from left to right. The slice is
// shared by all requests and must not be changed.
func (p *Params) Names() []string { return p.names }

// Reset forgets the parameters, so that a pooled Params keeps no path alive.
func (p *Params) Reset() { *p = Params{} }
