package mini_test

import (
	"testing"

	dram "github.com/dram-go/dram/framework"
)

func TestMini(t *testing.T) {
	app := dram.New(nil, nil)
	if _, err := app.URL("of.another.app"); err != nil {
		t.Log(err)
	}
}
