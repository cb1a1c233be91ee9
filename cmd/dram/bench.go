package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dram-go/dram/runner/load"
)

func benchCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "bench",
		Short:   "Measure a server, and whether it loses anything",
		GroupID: "inspect",
		Example: `  dram bench load http://127.0.0.1:8000/`,
	}
	c.AddCommand(benchLoadCommand())
	return c
}

func benchLoadCommand() *cobra.Command {
	var b benchLoad
	c := &cobra.Command{
		Use:   "load URL",
		Short: "Send requests and judge what became of each one",
		Long: `Load sends requests to a server and says what became of each one: how many were
lost, duplicated or wrong, how long they took, what the server spent on them.

In the closed model (the default) each of --connections sends its next request
when the last one was answered, after --think. With --rate the clock says when
a request is due, and its latency counts from then, however long it waited for
a free connection: that is what visitors would have seen.

A request is lost when no whole answer came; none is ever repeated. With --post
and --ledger the app counts the POSTs: each has a unique id in the header
Dram-Load-Id and in the form field "id", and GET of the ledger with ?run=RUN
answers with one counted id a line. An id that was confirmed and not counted is
lost, one that was counted twice is duplicated. Package runner/load has a
handler for both, load.Ledger.

Load goes to this machine only, unless --allow-remote says that the server is
yours. Ctrl-C ends it and prints what was measured.

Exit code 1: a request was lost, duplicated or wrong.`,
		Example: `  dram bench load http://127.0.0.1:8000/
  dram bench load http://127.0.0.1:8000/ --rate 2000 --duration 30s --pid 4711
  dram bench load http://127.0.0.1:8000/ --post /count --ledger /count --think 20ms
  dram bench load https://localhost:8443/ --http2 --streams 10 --allow-any-certificate
  dram bench load http://127.0.0.1:8000/ --slow-head 500 --slow-read 500 --json`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError(c, fmt.Errorf("load takes one URL, got %q", args))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			// A plan takes 0 for "the default"; who types it means it.
			for _, name := range []string{"connections", "pipeline", "streams", "timeout", "slow-pause"} {
				if f := c.Flags().Lookup(name); f.Value.String() == "0" || f.Value.String() == "0s" {
					return usageError(c, fmt.Errorf("--%s must not be 0", name))
				}
			}
			b.plan.URL = args[0]
			return b.run(c.Context(), c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	f, p := c.Flags(), &b.plan
	f.IntVarP(&p.Connections, "connections", "c", 64, "clients at once, each with one connection")
	f.Int64VarP(&p.Requests, "requests", "n", 0, "end after so many requests")
	f.DurationVarP(&p.Duration, "duration", "d", 0, "end after this time (default 10s without --requests)")
	f.Float64VarP(&p.Rate, "rate", "r", 0, "requests a second in all: open model")
	f.DurationVar(&p.Think, "think", 0, "pause of a client before its next request")
	f.BoolVar(&p.New, "new-connections", false, "open a connection for each request")
	f.IntVar(&p.Pipeline, "pipeline", 1, "HTTP/1.1: requests sent before the first answer is read")
	f.BoolVar(&p.HTTP2, "http2", false, "HTTP/2; without TLS with prior knowledge")
	f.IntVar(&p.Streams, "streams", 1, "HTTP/2: requests at once on each connection")
	f.StringVar(&p.Post, "post", "", "path that POSTs go to; the GETs go to URL")
	f.IntVar(&p.PostShare, "post-share", 0, "percent of the requests that are POSTs (default 50 with --post)")
	f.IntVar(&p.PostSize, "post-size", 0, "bytes of a POST's body, at least")
	f.StringVar(&p.Ledger, "ledger", "", "path where the app says which POSTs it counted")
	f.StringVar(&p.Contains, "contains", "", "text that every page must contain")
	f.StringArrayVarP(&b.header, "header", "H", nil, `further field of each request, "Name: value"`)
	f.DurationVar(&p.Timeout, "timeout", 30*time.Second, "time for one request")
	f.IntVar(&p.SlowHead, "slow-head", 0, "clients beside that send a head byte by byte")
	f.IntVar(&p.SlowBody, "slow-body", 0, "clients beside that send a body byte by byte")
	f.IntVar(&p.SlowRead, "slow-read", 0, "clients beside that read the answer byte by byte")
	f.DurationVar(&p.SlowPause, "slow-pause", 100*time.Millisecond, "their pause after each byte")
	f.IntSliceVar(&p.PIDs, "pid", nil, "process to measure, with its children: CPU, memory, descriptors")
	f.BoolVar(&p.AllowRemote, "allow-remote", false, "load on another machine")
	f.BoolVar(&p.AllowAnyCertificate, "allow-any-certificate", false, "accept a TLS certificate that nobody vouches for")
	f.BoolVar(&b.json, "json", false, "print JSON; durations are nanoseconds")
	f.BoolVar(&b.progress, "progress", false, "show progress although standard error is no terminal")
	return c
}

// benchLoad is one call of dram bench load.
type benchLoad struct {
	plan     load.Plan
	header   []string
	json     bool
	progress bool
}

func (b *benchLoad) run(ctx context.Context, stdout, stderr io.Writer) error {
	b.plan.Header = http.Header{}
	for _, line := range b.header {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return fmt.Errorf(`--header %q: write "Name: value"`, line)
		}
		b.plan.Header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	l, err := load.Start(ctx, b.plan)
	if err != nil {
		return err
	}
	if b.progress || isTerminal(stderr) {
		showProgress(l, stderr)
	}
	report, ledgerErr := l.Wait()
	if err := b.print(report, stdout); err != nil {
		return err
	}
	if ledgerErr != nil {
		return ledgerErr
	}
	if !report.OK() {
		return &exitError{code: exitFault} // the report has said why
	}
	return nil
}

func (b *benchLoad) print(r *load.Report, stdout io.Writer) error {
	if !b.json {
		return r.Write(stdout)
	}
	out := json.NewEncoder(stdout)
	out.SetIndent("", "  ")
	return out.Encode(r)
}

// showProgress prints a line each second until the load has ended.
func showProgress(l *load.Load, w io.Writer) {
	clock := time.NewTicker(time.Second)
	defer clock.Stop()
	last := l.Progress()
	for {
		select {
		case <-l.Done():
			return
		case <-clock.C:
		}
		now := l.Progress()
		rate := float64(now.Answered-last.Answered) / (now.Elapsed - last.Elapsed).Seconds()
		fmt.Fprintf(w, "%4.0fs  %9d answered  %7.0f/s  %d failed\n", now.Elapsed.Seconds(), now.Answered, rate, now.Failed)
		last = now
	}
}

// isTerminal reports whether somebody looks at what is written there.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
