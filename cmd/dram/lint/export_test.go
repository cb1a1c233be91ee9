package lint

import "io/fs"

// CheckPagesIn checks the templates of file systems in the place of the app's.
func (p *Program) CheckPagesIn(dirs ...fs.FS) ([]Fault, error) {
	var sets []templateSet
	for _, dir := range dirs {
		set, err := newTemplateSet(p.dir, dir)
		if err != nil {
			return nil, err
		}
		sets = append(sets, set)
	}
	return p.checkPages(sets), nil
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
