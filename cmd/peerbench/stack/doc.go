// Package stack starts stacks of servers that do the same work: Dram, and what
// people put together instead (nginx or Caddy before an app on net/http, Gin
// or Flask). It says what their processes cost.
//
// A peer that is not installed is no error: Start returns a *Missing, which
// names it, so that it can be left out by name.
package stack
