package db

import (
	"context"
	"errors"
	"testing"
)

func TestGateWaitsOnWhileProlonged(t *testing.T) {
	t.Parallel()
	g := newGate(1)
	here := capture(0)
	if err := g.enter(t.Context(), &here, 1, func() bool { return false }); err != nil {
		t.Fatal(err)
	}
	asked := 0
	err := g.enter(t.Context(), &here, 1, func() bool {
		if asked++; asked == 3 {
			g.leave(&here)
		}
		return true
	})
	if err != nil || asked < 3 {
		t.Errorf("entered with %v after asking %d times", err, asked)
	}
}

func TestGateGivesUpWhenTheContextEnds(t *testing.T) {
	t.Parallel()
	g := newGate(1)
	here := capture(0)
	if !g.try() {
		t.Fatal("a new gate is closed")
	}
	ctx, cancel := context.WithCancel(t.Context())
	asked := 0
	err := g.enter(ctx, &here, 1, func() bool { // called while waiting
		cancel()
		if asked++; asked == 1000 {
			g.leave(nil)
		}
		return true
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("entered with %v", err)
	}
}

func TestGateNamesTheHolder(t *testing.T) {
	t.Parallel()
	g := newGate(1)
	if !g.try() {
		t.Fatal("a new gate is closed")
	}
	here := capture(0)
	err := g.enter(t.Context(), &here, 1, func() bool { return false })
	var busy *BusyError
	if !errors.As(err, &busy) || busy.Holder != "another transaction of this process" {
		t.Errorf("without a known holder the error is %v", err)
	}
}

func TestSnakeCase(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"ID": "id", "AuthorID": "author_id", "HTMLBody": "html_body", "Subject": "subject", "X2Count": "x2_count",
		"created_at": "created_at", "IsURL": "is_url", "A": "a", "": "",
	} {
		if got := snakeCase(name); got != want {
			t.Errorf("%s is %s, expected %s", name, got, want)
		}
	}
}
