// Command peerbench measures Dram side by side with others that do the same
// work, on one machine and in one run: what counts are the ratios. It is a
// module of its own, so that what is compared never enters an app.
//
//	go run . router              how fast routes are found
//	go run . router --rounds 99  with less noise
//
// Contenders take turns in every round, in an order that changes, so that a
// machine which becomes slower becomes so for all, and what is counted is
// processor time. Each figure is the median of the rounds; ± is half the
// distance between the quartiles.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "peerbench:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 || args[0] != "router" {
		return errors.New("expected what to measure: router")
	}
	flags := flag.NewFlagSet("router", flag.ContinueOnError)
	rounds := flags.Int("rounds", 25, "how often each contender has its turn")
	turn := flags.Duration("turn", 30*time.Millisecond, "how long a turn is")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	for _, t := range []table{board(), thousand()} {
		for _, kind := range []string{"match", "serve"} {
			if err := compare(os.Stdout, t, kind, *rounds, *turn); err != nil {
				return err
			}
		}
	}
	return nil
}
