package pubsub

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
)

type deadLink struct{}

func (deadLink) Dial(context.Context) (Conn, error) { return nil, errors.New("nobody is there") }
func (deadLink) String() string                     { return "dead link" }

// A node that was added to an app writes to the app's log, unless its options
// name one.
func TestSetLog(t *testing.T) {
	for _, own := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var app, options strings.Builder
			o := Options{Link: deadLink{}}
			if own {
				o.Log = slog.New(slog.NewTextHandler(&options, nil))
			}
			n := New(o)
			n.SetLog(slog.New(slog.NewTextHandler(&app, nil)))
			if err := n.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if err := n.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			got, other := app.String(), options.String()
			if own {
				got, other = other, got
			}
			if !strings.Contains(got, "dead link") || other != "" {
				t.Errorf("own log %v: the app's got %q, that of the options %q", own, app.String(), options.String())
			}
		})
	}
}
