// Command peerbench measures Dram side by side with others that do the same
// work, on one machine and in one run: what counts are the ratios. It is a
// module of its own, so that what is compared never enters an app.
//
//	go run . chain               what a request costs from client to app and back, against nginx, Caddy, …
//	go run . chain --rows page   one row of that, see --list
//	go run . router              how fast routes are found
//	go run . template            how fast a page is written, as a table in Markdown
//	go run . router --rounds 99  with less noise
//
// Contenders take turns in every round, in an order that changes, so that a
// machine which becomes slower becomes so for all, and what is counted is
// processor time: for chains that of all processes of a stack, not of the
// client. Each figure is the median of the rounds; ± is half the
// distance between the quartiles.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/dram-go/dram/cmd/peerbench/apps"
	"github.com/dram-go/dram/cmd/peerbench/listpage"
)

func main() {
	apps.Main() // in the processes of a stack
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "peerbench:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) > 0 && args[0] == "chain" {
		return chains(args[1:])
	}
	kinds := map[string]func(rounds int, turn time.Duration) error{"router": routers, "template": templates}
	if len(args) == 0 || kinds[args[0]] == nil {
		return errors.New("expected what to measure: chain, router or template")
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	rounds := flags.Int("rounds", 25, "how often each contender has its turn")
	turn := flags.Duration("turn", 30*time.Millisecond, "how long a turn is")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	return kinds[args[0]](*rounds, *turn)
}

func routers(rounds int, turn time.Duration) error {
	for _, t := range []table{board(), thousand()} {
		for _, kind := range []string{"match", "serve"} {
			if err := compare(os.Stdout, t, kind, rounds, turn); err != nil {
				return err
			}
		}
	}
	return nil
}

func templates(rounds int, turn time.Duration) error {
	laps, err := templateLaps(listpage.Data())
	if err != nil {
		return err
	}
	race(laps, 1, rounds, turn)
	return markdown(os.Stdout, laps)
}
