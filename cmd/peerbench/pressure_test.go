package main

import (
	"strings"
	"testing"
	"time"
)

const wrkSays = `Running 1s test @ http://127.0.0.1:9601/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.52ms    1.00ms  21.06ms   92.38%
    Req/Sec    45.10k     3.02k   49.98k    70.00%
  Latency Distribution
     50%    1.35ms
     75%    1.80ms
     90%    2.38ms
     99%    5.61ms
  44871 requests in 1.00s, 228.63MB read
Requests/sec:  44836.50
Transfer/sec:    228.45MB
`

func TestParseWrk(t *testing.T) {
	s, err := parseWrk(wrkSays)
	if want := (sample{Requests: 44871, Rate: 44836.5, P99: 5610 * time.Microsecond}); err != nil || s != want {
		t.Errorf("%+v, %v", s, err)
	}
	for name, out := range map[string]string{
		"nothing":      "",
		"errors":       wrkSays + "  Non-2xx or 3xx responses: 3\n",
		"cut off":      wrkSays + "  Socket errors: connect 0, read 1, write 0, timeout 0\n",
		"no latencies": "44871 requests in 1.00s\nRequests/sec:  44836.50\n",
		"no request":   "  99%  0.00us\n0 requests in 1.00s\nRequests/sec:  0.00\n",
	} {
		if s, err := parseWrk(out); err == nil {
			t.Errorf("%s: read as %+v", name, s)
		}
	}
}

const h2loadSays = `starting benchmark...
finished in 1.00s, 24310.00 req/s, 121.50MB/s
requests: 24310 total, 24630 started, 24310 done, 24310 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 24310 2xx, 0 3xx, 0 4xx, 0 5xx
`

func TestParseH2load(t *testing.T) {
	s, err := parseH2load(h2loadSays)
	if want := (sample{Requests: 24310, Rate: 24310}); err != nil || s != want {
		t.Errorf("%+v, %v", s, err)
	}
	for _, out := range []string{
		"", strings.Replace(h2loadSays, "0 failed", "3 failed", 1), strings.Replace(h2loadSays, "0 5xx", "7 5xx", 1),
		strings.Replace(h2loadSays, "24310 succeeded", "24309 succeeded", 1),
	} {
		if s, err := parseH2load(out); err == nil {
			t.Errorf("read as %+v:\n%s", s, out)
		}
	}
}
