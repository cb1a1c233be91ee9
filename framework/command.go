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
// name, a space and one line of help.
func (a *App) Commands() map[string]func(context.Context, []string) error {
	all := map[string]func(context.Context, []string) error{}
	for _, component := range a.components {
		if c, ok := component.(commander); ok {
			for key, run := range c.Commands() {
				all[key] = run
			}
		}
	}
	for _, c := range a.commands {
		all[c.name+" "+c.help] = c.run
	}
	return all
}
