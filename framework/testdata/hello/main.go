// Command hello is an app of ten lines, which tests build to see what it links.
package main

import (
	"log"
	"net/http"

	dram "github.com/dram-go/dram/framework"
)

func main() {
	app := dram.New(nil, nil)
	app.Get("/", func(c *dram.Context) error { return c.Text("hello") })
	log.Fatal(http.ListenAndServe("127.0.0.1:8000", app))
}
