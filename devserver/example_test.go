package devserver_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/dram-go/dram/devserver"
)

// A command line that serves the app of the working directory until Ctrl-C,
// and that air can poke by starting it again as `mytool poke SOCKET`.
func ExampleRun() {
	if len(os.Args) == 3 && os.Args[1] == "poke" {
		if err := devserver.Poke(os.Args[2]); err != nil {
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := devserver.Run(ctx, devserver.Options{PokeCommand: []string{os.Args[0], "poke"}})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
