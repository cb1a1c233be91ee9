package dram

import (
	"context"
	"fmt"
	"strings"
)

// command is a verb that the app adds to its binary.
type command struct {
	name, help, where string
	run               func(ctx context.Context, args []string) error
}

// Command adds a verb to the app's binary: `qna seed`. It runs with the
// components started and without a listener; args are what stands behind the
// verb. help is one line.
//
// The binary is in production unless told otherwise, for verbs as for serve: on
// the machine where it is written run DRAM_ENV=development ./qna seed. A test
// runs a verb by the Command of webtest's Site.
func (a *App) Command(name, help string, run func(ctx context.Context, args []string) error) {
	a.describing("Command")
	c := command{name: name, help: help, where: callerOf(), run: run}
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
