package dram

import (
	"context"
	"fmt"
	"reflect"
	"strings"
)

// command is a verb that the app adds to its binary.
type command struct {
	name, help, where string
	run               func(ctx context.Context, args []string) error
	needs             []any // components; none means all of them
}

// Command adds a verb to the app's binary: `qna seed`. It runs without a
// listener; args are what stands behind the verb. help is one line.
//
// needs are components of [App.Add] that the verb uses. These are started for
// it, and those added before them, which they may rely on; no others are, so
// that a mail server without an address does not keep anybody from filling a
// database. A verb that names none has all of them.
//
// The binary is in production unless told otherwise, for verbs as for serve: on
// the machine where it is written run DRAM_ENV=development ./qna seed. A test
// runs a verb by the Command of webtest's Site.
func (a *App) Command(name, help string, run func(ctx context.Context, args []string) error, needs ...any) {
	a.describing("Command")
	c := command{name: name, help: help, where: callerOf(), run: run, needs: needs}
	if text := a.refuseCommand(c); text != "" {
		a.faults = append(a.faults, &Fault{Where: c.where, Text: text})
		return
	}
	a.commands = append(a.commands, c)
}

func (a *App) refuseCommand(c command) string {
	if c.name == "" || c.name[0] == '-' || strings.ContainsAny(c.name, " \t\n") {
		return fmt.Sprintf("command %q: expected one word, such as \"seed\"", c.name)
	}
	if c.run == nil {
		return fmt.Sprintf("command %q has no function", c.name)
	}
	for _, other := range a.commands {
		if other.name == c.name {
			return fmt.Sprintf("command %q is already added at %s", c.name, other.where)
		}
	}
	return ""
}

// Commands returns the verbs of the app and of its components. A key is the
// name, a space and one line of help. A name belongs to one of them: to the app
// before its components, and to a component before those added after it.
func (a *App) Commands() map[string]func(context.Context, []string) error {
	all := map[string]func(context.Context, []string) error{}
	taken := map[string]bool{}
	add := func(name, help string, run func(context.Context, []string) error) {
		if !taken[name] {
			taken[name] = true
			all[name+" "+help] = run
		}
	}
	for _, c := range a.commands {
		add(c.name, c.help, c.run)
	}
	for _, component := range a.components {
		c, ok := component.(commander)
		if !ok {
			continue
		}
		for key, run := range c.Commands() {
			name, help, _ := strings.Cut(key, " ")
			add(name, help, run)
		}
	}
	return all
}

// CommandNeeds returns the components that a verb has started for it, in the
// order in which that happens, and true; false for a verb that takes the whole
// app. A verb that a component brings needs that component, and those added
// before it. The runner asks for this.
func (a *App) CommandNeeds(name string) ([]any, bool) {
	for _, c := range a.commands {
		if c.name == name {
			return a.upToLast(c.needs), len(c.needs) > 0
		}
	}
	for i, component := range a.components {
		c, ok := component.(commander)
		if !ok {
			continue
		}
		for key := range c.Commands() {
			if verb, _, _ := strings.Cut(key, " "); verb == name {
				return a.components[:i+1], true
			}
		}
	}
	return nil, false
}

// upToLast returns the components up to the last of those needed.
func (a *App) upToLast(needs []any) []any {
	end := 0
	for _, n := range needs {
		end = max(end, a.position(n)+1)
	}
	return a.components[:end]
}

// position finds a component, -1 if it was not added.
func (a *App) position(component any) int {
	if component == nil || !reflect.TypeOf(component).Comparable() {
		return -1
	}
	for i, c := range a.components {
		if c != nil && reflect.TypeOf(c).Comparable() && c == component {
			return i
		}
	}
	return -1
}

// checkCommands reports verbs that need what was never added.
func (a *App) checkCommands(faults *Faults) {
	for _, c := range a.commands {
		for _, n := range c.needs {
			if a.position(n) < 0 {
				faults.add(&Fault{Where: c.where, Text: fmt.Sprintf("command %q needs a %T that was not added: pass it to App.Add, too", c.name, n)})
			}
		}
	}
}
