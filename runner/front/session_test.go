package front

import (
	"context"
	"testing"
)

// TestNoNewsAfterTheEnd: a front that ends takes leave of its neighbours, and
// must not report that it lost them, however ready its listener is.
func TestNoNewsAfterTheEnd(t *testing.T) {
	ctx, end := context.WithCancel(t.Context())
	events := make(chan event, 64)
	if !report(ctx, events, event{}) {
		t.Error("nothing is reported before the end")
	}
	end()
	for range 32 {
		if report(ctx, events, event{}) {
			t.Fatal("an event is reported after the end")
		}
	}
}
