package main

import (
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
