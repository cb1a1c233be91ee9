package main

import (
	_ "github.com/dram-go/dram/framework/db/sqlite"
	"github.com/dram-go/dram/runner"
)

func main() { runner.Main(New) }
