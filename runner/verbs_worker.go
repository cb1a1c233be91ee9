package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/runner/control"
	"github.com/dram-go/dram/runner/wire"
)

func (p *program) workerCommand() *cobra.Command {
	c := &cobra.Command{Use: "worker", Short: "look into one worker, ask it, or replace it"}
	c.AddCommand(p.dumpCommand(), p.restartCommand(), p.curlCommand())
	return c
}

func (p *program) dumpCommand() *cobra.Command {
	asJSON := false
	c := &cobra.Command{
		Use: "dump ID", Short: "write what all goroutines of a worker are at to a file", Args: cobra.ExactArgs(1),
		Long:    "dump prints the name of the file, in .dram/run. The worker serves on. status shows the workers' IDs.",
		Example: "  less $(" + p.name() + " worker dump 3)",
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.tell(cmd.Context(), p.locate(), control.Request{Verb: "dump", Args: args}, statusSilence, asJSON, false)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (p *program) restartCommand() *cobra.Command {
	asJSON := false
	c := &cobra.Command{
		Use: "restart ID", Short: "replace a worker by a fresh one, losing no request", Args: cobra.ExactArgs(1),
		Example: "  " + p.name() + " worker restart 3",
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.tell(cmd.Context(), p.locate(), control.Request{Verb: "restart", Args: args}, statusSilence, asJSON, false)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (p *program) curlCommand() *cobra.Command {
	var headers []string
	var method, body string
	head := false
	c := &cobra.Command{
		Use: "curl ID PATH", Short: "send one request straight to a worker", Args: cobra.ExactArgs(2),
		Long: "curl sends one request to a worker as a front would, past the front, and prints the answer. The exit\n" +
			"code is 0 for any answer.",
		Example: "  " + p.name() + " worker curl 3 /question/list/\n  " + p.name() + " worker curl 3 /api/items -X POST -d '{}' -H 'Content-Type: application/json'",
		RunE: func(cmd *cobra.Command, args []string) error {
			r := &wire.Request{
				Method: method, Target: args[1], Host: "localhost", Major: 1, Minor: 1, Whole: true, Length: int64(len(body)),
				Facts: wire.Facts{Client: "127.0.0.1:0", Scheme: "http"}, Header: http.Header{"User-Agent": {"dram-curl"}},
			}
			if !strings.HasPrefix(r.Target, "/") {
				return fmt.Errorf("%s: expected a path like /question/list/", r.Target)
			}
			if len(body) > wire.MaxBody {
				return fmt.Errorf("a body of %d bytes: expected at most %d", len(body), wire.MaxBody)
			}
			for _, line := range headers {
				name, value, ok := strings.Cut(line, ":")
				if name, value = strings.TrimSpace(name), strings.TrimSpace(value); !ok || name == "" {
					return fmt.Errorf("header %q: expected NAME: VALUE", line)
				} else if strings.EqualFold(name, "Host") {
					r.Host = value
				} else {
					r.Header.Add(name, value)
				}
			}
			return curl(cmd.Context(), p.locate(), args[0], r, []byte(body), head, os.Stdout)
		},
	}
	c.Flags().StringArrayVarP(&headers, "header", "H", nil, "`NAME: VALUE` of a header field, several times")
	c.Flags().StringVarP(&method, "request", "X", http.MethodGet, "`method`")
	c.Flags().StringVarP(&body, "data", "d", "", "`body` of the request")
	c.Flags().BoolVarP(&head, "include", "i", false, "print status and header fields, too")
	return c
}

// curlLimit bounds the beginning of an answer.
const curlLimit = time.Minute

// curl sends r to a worker and prints the answer.
func curl(ctx context.Context, conf *config.Config, worker string, r *wire.Request, body []byte, head bool, out io.Writer) error {
	link, err := connectWorker(ctx, conf, worker)
	if err != nil {
		return err
	}
	defer link.Close()
	below, err := link.Dial(ctx)
	if err != nil {
		return exitf(exitTimeout, "worker %s: %w", worker, err)
	}
	conn := wire.NewConn(below, wire.Front, wire.NewBuffers(), curlLimit)
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	resp, err := exchange(conn, r, body)
	if err != nil {
		return exitf(exitTimeout, "worker %s gave no answer: %w", worker, err)
	}
	if head {
		fmt.Fprintf(out, "%d %s\n", resp.Status, http.StatusText(resp.Status))
		if err := resp.Header.Write(out); err != nil {
			return err
		}
		fmt.Fprintln(out)
	}
	if _, err = io.Copy(out, conn); err != nil {
		return exitf(exitTimeout, "worker %s cut its answer short: %w", worker, err)
	}
	return nil
}

// exchange sends a request and waits for the head of its final response.
func exchange(conn *wire.Conn, r *wire.Request, body []byte) (resp wire.Response, err error) {
	if err := conn.SetReadDeadline(time.Now().Add(curlLimit)); err != nil {
		return resp, err
	}
	if err := conn.Greet(); err != nil {
		return resp, err
	}
	if _, err := conn.WriteRequest(r, body, true); err != nil {
		return resp, err
	}
	for resp.Status < http.StatusOK {
		if err := conn.ReadResponse(&resp, r.Method); err != nil {
			return resp, err
		}
	}
	return resp, conn.SetReadDeadline(time.Time{})
}

// connectWorker asks the master for a link to a worker.
func connectWorker(ctx context.Context, conf *config.Config, worker string) (*wire.Link, error) {
	conn, _, err := dialMaster(ctx, filepath.Join(conf.RunDir(), control.SocketName))
	if errors.Is(err, control.ErrNotRunning) {
		return nil, exitf(exitNotRunning, "%s is not running", conf.Name)
	}
	if err != nil {
		return nil, &exitError{exitRefused, err}
	}
	defer conn.Close()
	if err := conn.Send(control.KindRequest, control.Request{Verb: "connect", Args: []string{worker}}); err != nil {
		return nil, &exitError{exitTimeout, err}
	}
	conn.Unix().SetReadDeadline(time.Now().Add(statusSilence))
	m, files, err := conn.Receive()
	if err != nil {
		return nil, exitf(exitTimeout, "the master did not answer: %w", err)
	}
	var result control.Result
	if err := m.Decode(&result); err != nil || result.ExitCode != exitOK || len(files) != 1 {
		closeFiles(files)
		return nil, exitf(max(result.ExitCode, exitUsage), "%s", result.Text)
	}
	return wire.NewLink(files[0])
}
