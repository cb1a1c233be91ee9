package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/dram-go/dram/runner/load"
)

// pressure is a load on a stack.
type pressure struct {
	name        string
	title       string
	connections int
	rate        float64 // requests a second, open loop; 0: closed loop
	streams     int     // at once on a connection, HTTP/2; 0: HTTP/1.1
	script      string  // file by which wrk makes its requests, "" for one path
}

// with is the same on other connections.
func (p pressure) with(connections int) pressure {
	p.connections, p.title = connections, fmt.Sprintf("%d connections", connections)
	return p
}

// press loads a URL for about as long as turn. Every answer must be right.
func (p pressure) press(ctx context.Context, url string, turn time.Duration) (sample, error) {
	if p.streams > 0 {
		return p.http2(ctx, url, turn)
	}
	if p.rate > 0 {
		return p.open(ctx, url, 2*turn) // there is less to count
	}
	if wrk, err := exec.LookPath("wrk"); err == nil {
		return p.wrk(ctx, wrk, url, turn)
	}
	return p.load(ctx, load.Plan{URL: url, Connections: p.connections, Duration: turn})
}

// open is the open loop: its client counts from when a request was due.
func (p pressure) open(ctx context.Context, url string, turn time.Duration) (sample, error) {
	return p.load(ctx, load.Plan{URL: url, Connections: p.connections, Rate: p.rate, Duration: turn})
}

func (p pressure) load(ctx context.Context, plan load.Plan) (sample, error) {
	l, err := load.Start(ctx, plan)
	if err != nil {
		return sample{}, err
	}
	report, err := l.Wait()
	if err != nil {
		return sample{}, err
	}
	if ok := report.Statuses[200]; !report.OK() || report.Answered == 0 || ok != report.Answered {
		return sample{}, fmt.Errorf("%d of %d requests answered by 200: %v %v", ok, report.Sent, report.Statuses, report.Reasons)
	}
	return sample{Requests: report.Answered, Rate: report.Rate, P99: report.Latency.P99}, nil
}

// http2 is the closed loop of h2load, or of package load where it is missing.
func (p pressure) http2(ctx context.Context, url string, turn time.Duration) (sample, error) {
	program, err := exec.LookPath("h2load")
	if err != nil {
		return p.load(ctx, load.Plan{URL: url, HTTP2: true, Connections: p.connections, Streams: p.streams, Duration: turn, AllowAnyCertificate: true})
	}
	seconds := max(1, int((turn+time.Second-1)/time.Second)) // it knows whole ones
	ctx, cancel := context.WithTimeout(ctx, time.Duration(seconds+20)*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, program, "-t1", "-c"+strconv.Itoa(p.connections), "-m"+strconv.Itoa(p.streams), "-D"+strconv.Itoa(seconds), url).CombinedOutput()
	if err != nil {
		return sample{}, fmt.Errorf("h2load: %w: %s", err, out)
	}
	return parseH2load(string(out))
}

var (
	h2Total = regexp.MustCompile(`requests: \d+ total, \d+ started, (\d+) done, (\d+) succeeded, 0 failed, 0 errored`)
	h2Rate  = regexp.MustCompile(`finished in [\d.]+m?s, ([\d.]+) req/s`)
	h2Codes = regexp.MustCompile(`status codes: (\d+) 2xx, 0 3xx, 0 4xx, 0 5xx`)
)

// parseH2load reads what h2load prints, which has no quantiles.
func parseH2load(out string) (s sample, err error) {
	total, rate, codes := h2Total.FindStringSubmatch(out), h2Rate.FindStringSubmatch(out), h2Codes.FindStringSubmatch(out)
	if total == nil || rate == nil || codes == nil || total[1] == "0" || total[1] != total[2] {
		return s, fmt.Errorf("not every request was answered by 200:\n%s", out)
	}
	s.Requests, _ = strconv.ParseInt(total[1], 10, 64) // digits
	s.Rate, err = strconv.ParseFloat(rate[1], 64)
	return s, err
}

// wrk is the closed loop by a client that needs little itself.
func (p pressure) wrk(ctx context.Context, program, url string, turn time.Duration) (sample, error) {
	seconds := max(1, int((turn+time.Second-1)/time.Second)) // it knows whole ones
	ctx, cancel := context.WithTimeout(ctx, time.Duration(seconds+20)*time.Second)
	defer cancel()
	args := []string{"-t1", "-c" + strconv.Itoa(p.connections), "-d" + strconv.Itoa(seconds) + "s", "--timeout", "10s", "--latency"}
	if p.script != "" {
		args = append(args, "-s", p.script)
	}
	out, err := exec.CommandContext(ctx, program, append(args, url)...).CombinedOutput()
	if err != nil {
		return sample{}, fmt.Errorf("wrk: %w: %s", err, out)
	}
	return parseWrk(string(out))
}

var (
	wrkTotal = regexp.MustCompile(`(\d+) requests in`)
	wrkRate  = regexp.MustCompile(`Requests/sec:\s+([\d.]+)`)
	wrkP99   = regexp.MustCompile(`99%\s+([\d.]+)(us|ms|s|m)\b`)
)

// parseWrk reads what wrk prints.
func parseWrk(out string) (s sample, err error) {
	if strings.Contains(out, "Non-2xx") || strings.Contains(out, "Socket errors") {
		return s, fmt.Errorf("not every request was answered by 200:\n%s", out)
	}
	total, rate, p99 := wrkTotal.FindStringSubmatch(out), wrkRate.FindStringSubmatch(out), wrkP99.FindStringSubmatch(out)
	if total == nil || rate == nil || p99 == nil {
		return s, fmt.Errorf("wrk prints something unknown:\n%s", out)
	}
	s.Requests, _ = strconv.ParseInt(total[1], 10, 64) // digits
	s.Rate, _ = strconv.ParseFloat(rate[1], 64)
	if s.P99, err = time.ParseDuration(p99[1] + p99[2]); err != nil || s.Requests == 0 {
		return s, fmt.Errorf("wrk prints something unknown:\n%s", out)
	}
	return s, nil
}
