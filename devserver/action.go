package devserver

import (
	"slices"
	"strings"
)

// action is what has to be done about changes. The zero action is: nothing.
type action struct {
	Build   bool     // build, then start the result; the page reloads after that
	Restart bool     // start the newest build again; the page reloads after that
	Reload  bool     // reload the page
	Styles  []string // stylesheets to swap in the page, relative to static/
}

// decide is the whole policy of what a change leads to.
func decide(changes []change) action {
	var a action
	for _, c := range changes {
		switch c.Kind {
		case kindGo, kindMigration:
			a.Build = true
		case kindConfig, kindLocale:
			a.Restart = true
		case kindTemplate, kindStatic:
			a.Reload = true
		case kindStyle:
			a.Styles = append(a.Styles, strings.TrimPrefix(c.Path, "static/"))
		}
	}
	return a
}

// and joins what two rounds of changes ask for.
func (a action) and(b action) action {
	return action{
		Build:   a.Build || b.Build,
		Restart: a.Restart || b.Restart,
		Reload:  a.Reload || b.Reload,
		Styles:  slices.Concat(a.Styles, b.Styles),
	}
}

// process tells whether a new process is needed.
func (a action) process() bool { return a.Build || a.Restart }
