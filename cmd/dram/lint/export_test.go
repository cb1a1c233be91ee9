package lint

import "io/fs"

// CheckPagesIn checks the templates of a file system in the place of the app's.
func (p *Program) CheckPagesIn(dir fs.FS) ([]Fault, error) {
	set, err := newTemplateSet(p.dir, dir)
	return p.checkPages([]templateSet{set}), err
}

// FuncSignature returns what is known of a function of templates, "" when
// nothing is.
func (p *Program) FuncSignature(name string) string {
	sig := p.templateFuncs()[name]
	if sig == nil {
		return ""
	}
	return typeName(sig)
}
