package webtest_test

import (
	"context"
	"io"
	"slices"
	"testing"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/webtest"
)

func TestCommand(t *testing.T) {
	t.Parallel()
	var got []string
	site := webtest.New(t, func(conf *dram.Config) (*dram.App, error) {
		app := dram.New(conf, nil)
		app.Command("seed", "make some products", func(ctx context.Context, args []string) error {
			got = args
			return ctx.Err()
		})
		app.Command("fail", "", func(context.Context, []string) error { return io.ErrNoProgress })
		return app, app.Build()
	})
	if err := site.Command("seed", "12", "--fast"); err != nil || !slices.Equal(got, []string{"12", "--fast"}) {
		t.Errorf("got %v, %v", got, err)
	}
	if err := site.Command("fail"); err != io.ErrNoProgress {
		t.Errorf("got %v", err)
	}
}
