package chaos

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dram-go/dram/runner/load"
)

// bigSize is more than the kernel and the front hold of a response.
const bigSize = 16 << 20

// bigPage writes a large page.
func bigPage(w http.ResponseWriter, _ *http.Request) {
	for range bigSize >> 10 {
		w.Write(bytes.Repeat([]byte("b"), 1<<10))
	}
}

// slow is a client in the middle of something.
type slow struct {
	what    string
	conn    net.Conn
	in      *bufio.Reader
	method  string
	rest    string // what it has not sent yet
	want    int    // status
	size    int    // of the answer's body
	goodbye bool   // because its front has ended
}

// begin opens a connection and sends the first part.
func (r *tree) slow(what, method, first, rest string, want, size int) *slow {
	conn := r.dial(first)
	return &slow{what: what, conn: conn, in: bufio.NewReader(conn), method: method, rest: rest, want: want, size: size}
}

// finish sends the rest and reads the answer.
func (c *slow) finish(t *testing.T) {
	t.Helper()
	if _, err := io.WriteString(c.conn, c.rest); err != nil {
		t.Errorf("%s: %v", c.what, err)
		return
	}
	resp, err := http.ReadResponse(c.in, &http.Request{Method: c.method})
	if err != nil {
		t.Errorf("%s: %v", c.what, err)
		return
	}
	n, err := io.Copy(io.Discard, resp.Body)
	if err != nil || resp.StatusCode != c.want || int(n) != c.size || resp.Close != c.goodbye {
		t.Errorf("%s: %s, %d bytes, goodbye %v, %v; want %d, %d bytes, goodbye %v", c.what, resp.Status, n, resp.Close, err, c.want, c.size, c.goodbye)
	}
	c.conn.Close()
}

// Slow clients, and those that say nothing, outlast deployments: whatever they
// are in the middle of comes to its end. Two upgrades within the time that the
// first front lingers are missing scenario (c).
func TestSlowClientsOverReloads(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	r := s.serve()
	beside := r.plan(4, 0)
	beside.SlowHead, beside.SlowBody, beside.SlowRead, beside.SlowPause = 8, 8, 8, 50*time.Millisecond
	b := r.begin(beside, r.plan(8, time.Millisecond), r.plan(16, 20*time.Millisecond))
	body := func(id string, n int) string { return "id=" + id + "&pad=" + strings.Repeat("x", n-len(id)-8) }
	post := func(id string, length int) string {
		return fmt.Sprintf("POST /count HTTP/1.1\r\nHost: h\r\n%s: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n", load.IDField, id, length)
	}
	const get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
	n := 0
	deployments := [][]string{{"reload"}, {"upgrade", "upgrade"}, {"reload", "reload"}, {"upgrade", "reload"}}
	for range times(1, 5) {
		for _, verbs := range deployments[:times(2, 4)] {
			b.flows(100)
			n++
			ids := []string{fmt.Sprintf("slow-%da", n), fmt.Sprintf("slow-%db", n)}
			small, large := body(ids[0], 1000), body(ids[1], 1<<20)
			clients := []*slow{
				r.slow("in the head", "GET", get[:20], get[20:], 200, pageSize),
				r.slow("in a small body", "POST", post(ids[0], len(small))+small[:500], small[500:], 204, 0),
				r.slow("in a large body", "POST", post(ids[1], len(large))+large[:500_000], large[500_000:], 204, 0),
				r.slow("in a large answer", "GET", "GET /big HTTP/1.1\r\nHost: h\r\n\r\n", "", 200, bigSize),
				r.slow("before a request", "GET", "", get, 200, pageSize),
			}
			idle := r.slow("between two requests", "GET", get, get, 200, pageSize)
			if resp, err := http.ReadResponse(idle.in, nil); err != nil {
				t.Fatal(err)
			} else if _, err := io.Copy(io.Discard, resp.Body); err != nil {
				t.Fatal(err)
			}
			clients = append(clients, idle)
			for _, verb := range verbs {
				s.install(fmt.Sprintf("version=%d%s", n, verb[:1]))
				r.must(verb)
			}
			for _, c := range clients {
				c.goodbye = slices.Contains(verbs, "upgrade") && c.what != "in a large answer" // whose head came before
				c.finish(t)
			}
			r.settled(2)
		}
	}
	b.flows(100)
	b.finish(budget{})
	if ids := strings.Fields(r.get("/count?run=slow")); len(ids) != 2*n || len(slices.Compact(slices.Sorted(slices.Values(ids)))) != 2*n {
		t.Errorf("the ledger has %v of %d slow POSTs", ids, 2*n)
	}
	r.stop()
}

// Scenario 14: crowds of clients that send a head or a body byte by byte, or
// take an answer so. They are ended at the limits, and who is beside them does
// not notice.
func TestCrowdOfSlowClients(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	s.configure("[server]\nheader_timeout = \"1s\"\n")
	r := s.serve()
	alone := r.begin(r.plan(8, 5*time.Millisecond))
	alone.flows(int64(times(100, 5000)))
	alone.finish(budget{})
	crowd := r.plan(8, 5*time.Millisecond)
	crowd.SlowHead, crowd.SlowBody, crowd.SlowRead, crowd.SlowPause = times(100, 1000), times(100, 1000), times(100, 1000), 200*time.Millisecond
	b := r.begin(crowd)
	b.flows(int64(times(1000, 20_000)))
	r.must("reload")
	b.flows(100)
	b.finish(budget{})
	before, _ := alone.loads[0].Wait()
	beside, _ := b.loads[0].Wait()
	if slow := beside.Slow; slow.Refused+slow.Cut == 0 {
		t.Errorf("nobody was ended: %+v", slow)
	}
	t.Logf("99 %% within %v, beside the crowd %v; %+v", before.Latency.P99, beside.Latency.P99, beside.Slow)
	r.stop()
}
