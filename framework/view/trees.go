package view

import (
	"maps"
	"text/template/parse"
)

// Trees returns the templates of a page as they were parsed, before anything
// is escaped: what may be called by name, and the name of the one that is
// executed, that of the outermost layout. It is for tools that read
// templates; the trees belong to the set and must not be changed. The error
// is that of a page that does not exist, whose files do not parse or whose
// layouts are wrong, as [Set.Check] reports it.
func (s *Set) Trees(name string) (root string, trees map[string]*parse.Tree, err error) {
	lib := s.library()
	p, ok := lib.pages[name]
	if !ok {
		return "", nil, lib.unknownPage(name)
	}
	root, trees, err = p.trees()
	return root, maps.Clone(trees), err
}
