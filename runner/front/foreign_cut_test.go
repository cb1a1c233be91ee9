package front

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/config"
)

// Chaos scenario 19: the connection to an upstream ends after each byte of its
// response, with an end and with a reset, and in pieces with pauses. A client
// gets the response or another one, or sees that it is cut: never a part that
// looks whole.
func TestAnUpstreamThatEndsAtEachByte(t *testing.T) {
	body := strings.Repeat("0123456789", 10)
	large := strings.Repeat("0123456789", 40_000) // more than is read before the head goes out
	responses := map[string]struct{ text, body string }{
		"length":  {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + body, body},
		"chunks":  {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n32\r\n" + body[:50] + "\r\n32\r\n" + body[50:] + "\r\n0\r\n\r\n", body},
		"trailer": {"HTTP/1.1 200 OK\r\nTrailer: X-A\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n" + body + "\r\n0\r\nX-A: b\r\n\r\n", body},
		"large":   {"HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n" + large, large},
	}
	url := newScript(t, func(conn net.Conn, r *http.Request) {
		way := strings.Split(strings.Trim(r.URL.Path, "/"), "/") // KIND/AT/END
		text := responses[way[0]].text
		at, _ := strconv.Atoi(way[1])
		io.WriteString(conn, text[:at/2])
		io.WriteString(conn, text[at/2:at])
		if tcp, ok := conn.(*net.TCPConn); ok && way[2] == "reset" {
			tcp.SetLinger(0)
		}
	})
	conf := other(mountedAt(t, "/cut", url), func(m *config.Mount) { m.MaxFails = 1 << 20 })
	s := newSiteOf(t, conf, func(l *limits) { l.ending = time.Microsecond })
	counts := map[string]int{}
	for kind, want := range responses {
		for at := range len(want.text) + 1 {
			if at > 300 && len(want.text)-at > 2 && at%50_000 > 1 {
				continue
			}
			for _, end := range []string{"end", "reset"} {
				name := fmt.Sprintf("/cut/%s/%d/%s", kind, at, end)
				got := s.get(name)
				switch {
				case got.err == nil && got.StatusCode == 200 && got.body == want.body:
					if at < len(want.text) && !strings.HasPrefix(want.text[at:], "\r\n") {
						t.Errorf("%s: the response is said to be whole", name)
					}
					counts["whole"]++
				case got.err == nil && got.StatusCode == 502 && strings.Contains(got.body, got.Header.Get("X-Request-Id")):
					counts["answered by the front"]++
				case got.StatusCode == 200 && errors.Is(got.err, io.ErrUnexpectedEOF) && strings.HasPrefix(want.body, got.body):
					counts["cut"]++
				default:
					t.Errorf("%s: status %d, %d bytes, %v", name, got.StatusCode, len(got.body), got.err)
				}
			}
		}
	}
	t.Log(counts)
	if counts["whole"] < 4 || counts["cut"] < 100 || counts["answered by the front"] < 100 {
		t.Error("that proves little")
	}
}
