package main

import (
	"testing"
	"time"
)

func TestNoteOfIdleConnections(t *testing.T) {
	calm, beside := &line{Row: "idle", CPU: 20 * time.Microsecond}, &line{CPU: 25 * time.Microsecond}
	for stack, want := range map[string]string{
		ours:  "Dram: 5.5 KiB each; a request costs 1.25 times what it does beside 1 (budget 8 KiB)",
		nginx: "nginx: 5.5 KiB each; a request costs 1.25 times what it does beside 1",
	} {
		if got := idleNote(stack, 5632, calm, beside).String(); got != want {
			t.Errorf("%q, expected %q", got, want)
		}
	}
}
