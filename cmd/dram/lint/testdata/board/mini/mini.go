// Package mini has tests with an app of their own.
package mini

import dram "github.com/dram-go/dram/framework"

// Home is at home in other apps, too.
func Home(c *dram.Context) error { return c.Redirect("mini.home") } // want `no route named "mini.home"`
