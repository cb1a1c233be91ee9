package load

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestStartRefuses(t *testing.T) {
	const here = "http://127.0.0.1:1/"
	for want, p := range map[string]Plan{
		"write http://HOST:PORT/PATH":       {URL: "127.0.0.1:8000"},
		"is no URL of a server":             {URL: "ftp://127.0.0.1/"},
		"has a user name":                   {URL: "http://a:b@127.0.0.1/"},
		"which is not this machine":         {URL: "http://192.0.2.1/"},
		"connections is -1":                 {URL: here, Connections: -1},
		"connections is 20001":              {URL: here, Connections: MaxConnections + 1},
		"duration is 25h":                   {URL: here, Duration: 25 * time.Hour},
		"think is -1s":                      {URL: here, Think: -time.Second},
		"rate is -1":                        {URL: here, Rate: -1},
		"rate and think exclude":            {URL: here, Rate: 1, Think: 1},
		"rate and pipeline exclude":         {URL: here, Rate: 1, Pipeline: 2},
		"pipeline is for HTTP/1.1":          {URL: here, HTTP2: true, Pipeline: 2},
		"streams are for HTTP/2":            {URL: here, Streams: 2},
		"a connection that is new":          {URL: here, New: true, Pipeline: 2},
		"a ledger counts POSTs":             {URL: here, Ledger: "/ledger"},
		"of no use without post":            {URL: here, PostShare: 10},
		"post-share is 101":                 {URL: here, Post: "/", PostShare: 101},
		`ledger: "http://127.0.0.1:2/l" is`: {URL: here, Post: "/", Ledger: "http://127.0.0.1:2/l"},
		"not a field name":                  {URL: here, Header: http.Header{"A b": {"c"}}},
		"is no field value":                 {URL: here, Header: http.Header{"A": {"b\r\nC: d"}}},
		"is set by the load itself":         {URL: here, Header: http.Header{"Host": {"b"}}},
		"no process 4194305 runs":           {URL: here, PIDs: []int{4194305}},
	} {
		l, err := Start(t.Context(), p)
		if err == nil {
			l.Stop()
			l.Wait()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", p, err, want)
		}
	}
}

func TestPlanAlwaysEnds(t *testing.T) {
	if p := (Plan{}).withDefaults(); p.Duration <= 0 || p.Requests != 0 {
		t.Errorf("%v, %d requests", p.Duration, p.Requests)
	}
	if p := (Plan{Requests: 5}).withDefaults(); p.Duration != 0 {
		t.Errorf("5 requests and %v", p.Duration)
	}
}

func TestForm(t *testing.T) {
	if got := form("a-1", 0); got != "id=a-1" {
		t.Errorf("%q", got)
	}
	if got := form("a-1", 100); len(got) != 100 || !strings.HasPrefix(got, "id=a-1&padding=xxx") {
		t.Errorf("%q is %d bytes", got, len(got))
	}
}
