// Command sample-app is Pybo, a question and answer board: the application
// with which "Jump to Flask" and "Jump to Django" teach web development,
// built on Dram. It shows how an app is put together; start with app.go.
package main

import (
	_ "github.com/dram-go/dram/framework/db/sqlite"
	"github.com/dram-go/dram/runner"
)

func main() { runner.Main(New) }
