package front

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// witness notes which requests reach it.
type witness struct {
	mu   sync.Mutex
	seen []string
}

func (w *witness) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, fmt.Sprintf("%s %s %q", r.Method, r.URL.Path, body))
	rw.Header().Set("X-Witness", "yes")
}

func (w *witness) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := w.seen
	w.seen = nil
	return seen
}

// smuggling are streams of octets in which a server could see other requests
// than a proxy before it does: each hides one where some reader stops too early
// or too late.
func smuggling() map[string]string {
	const hidden = "GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n"
	const next = "GET /next HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
	all := map[string]string{}
	post := func(name, fields, body string) {
		all[name] = "POST / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n" + body + next
	}
	length := fmt.Sprintf("Content-Length: %d\r\n", len(hidden))
	ended := "0\r\n\r\n" + hidden
	both := fmt.Sprintf("Content-Length: %d\r\n", len(ended))
	for _, coding := range []string{
		"Transfer-Encoding: chunked", "transfer-encoding: CHUNKED", "Transfer-Encoding:chunked", "Transfer-Encoding: \tchunked \t",
		"Transfer-Encoding : chunked", " Transfer-Encoding: chunked", "Transfer-Encoding:\x0bchunked", "Transfer-Encoding: chunked\x0c",
		"Transfer-Encoding: xchunked", "Transfer-Encoding: chunked, identity", "Transfer-Encoding: identity, chunked", "Transfer-Encoding: chunked, chunked",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: x", "Transfer-Encoding: x\r\nTransfer-Encoding: chunked", "Transfer-Encoding:\r\n chunked", "Transfer-Encoding: \"chunked\"",
		"Transfer-Encoding: chunked;a=b", "Transfer_Encoding: chunked", "Transfer.Encoding: chunked", "X: y\nTransfer-Encoding: chunked", "X: y\rTransfer-Encoding: chunked",
		"X: y\x00\r\nTransfer-Encoding: chunked", "Transfer-Encoding\x00: chunked", "Transfer-Encoding: chunked\x00", "Transfer-Encoding: \xefchunked",
		"Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked", "Connection: Content-Length",
	} {
		post("CL and "+coding, both+coding+"\r\n", ended)
		post(coding+" and CL", coding+"\r\n"+both, ended)
		post(coding, coding+"\r\n", ended)
	}
	for _, field := range []string{
		"Content-Length: 0\r\n" + length, length + "Content-Length: 0\r\n", length + length, "Content-Length: 0, 0\r\n", "Content-Length: +0\r\n", "Content-Length: -1\r\n",
		"Content-Length: 0x0\r\n", "Content-Length: 00\r\n", "Content-Length: 0 \r\n", "Content-Length: 0;\r\n", "Content-Length: 0\x0b\r\n", "Content-Length : 0\r\n",
		"Content-Length:\r\n 0\r\n", "Content_Length: 0\r\n", "Content.Length: 0\r\n", "Content-Length: 1e1\r\n", "Content-Length: 18446744073709551616\r\n", "Content-Length: \xb3\r\n",
		"X: y\nContent-Length: 0\r\n", "X: y\rContent-Length: 0\r\n", "\x00Content-Length: 0\r\n", length, "Content-Length: 1\r\n", "Expect: 100-continue\r\n" + length, "Expect: x\r\n" + length,
		"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n" + length, "Upgrade: websocket\r\nConnection: Upgrade\r\n" + length,
	} {
		post(field, field, hidden)
	}
	for _, chunks := range []string{
		"0\r\n\r\n", "00\r\n\r\n", "0;a=b\r\n\r\n", "0 \r\n\r\n", "0\n\r\n", "0\r\n\n", "0\r\r\n\r\n", "0x0\r\n\r\n", "+0\r\n\r\n", "-0\r\n\r\n", " 0\r\n\r\n", "0\x00\r\n\r\n",
		"0\r\nX: y\r\n\r\n", "0\r\nContent-Length: 5\r\n\r\n", "0\r\nTransfer-Encoding: chunked\r\n\r\n", "0\r\n X: y\r\n\r\n", "0\r\nX\r\n\r\n", "0\r\nX : y\r\n\r\n", "0\r\nX: y\n\r\n",
		"1\r\na\r\n0\r\n\r\n", "1\r\nab\r\n0\r\n\r\n", "1\r\na0\r\n\r\n", "1\na\r\n0\r\n\r\n", "1\r\na\n0\r\n\r\n", "2\r\n\r\n\r\n0\r\n\r\n", "1;a=\"\r\n\"\r\na\r\n0\r\n\r\n", "1;\n\r\na\r\n0\r\n\r\n",
		"10000000000000000\r\na\r\n0\r\n\r\n", "ffffffffffffffff\r\na\r\n0\r\n\r\n", "g\r\n\r\n", "\r\n\r\n", "",
	} {
		post("chunks "+chunks, "Transfer-Encoding: chunked\r\n", chunks+hidden)
	}
	for _, line := range []string{
		"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n", "GET / HTTP/1.1\nHost: h\n\n", "GET /\r\n\r\n", "GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		"GET / HTTP/1.2\r\nHost: h\r\n\r\n", "GET / HTTP/1.1 \r\nHost: h\r\n\r\n", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", "GET / /x HTTP/1.1\r\nHost: h\r\n\r\n", "GET\t/\tHTTP/1.1\r\nHost: h\r\n\r\n",
		"GET http://i/ HTTP/1.1\r\nHost: h\r\n\r\n", "GET //i/ HTTP/1.1\r\nHost: h\r\n\r\n", "GET /%00 HTTP/1.1\r\nHost: h\r\n\r\n", "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
		"get / HTTP/1.1\r\nHost: h\r\n\r\n", "CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n", "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\n" + length + "\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\nConnection: close, Host\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	} {
		all["line "+line] = line + hidden + next
	}
	return all
}

// Chaos scenario 20: what a worker gets to see, of whatever octets, is what the
// front has answered from it, and no more and nothing else than net/http's
// server sees in the same octets.
func TestNothingIsSmuggled(t *testing.T) {
	reference := new(witness)
	theirs := httptest.NewUnstartedServer(reference)
	theirs.Config.ErrorLog = log.New(io.Discard, "", 0)
	theirs.Start()
	defer theirs.Close()
	s := newSite(t, func(l *limits) { l.headTime, l.bodyPause = time.Second/2, time.Second/2 }) // for what has no end
	worker := new(witness)
	s.add(worker.ServeHTTP)
	served, refused := 0, 0
	for name, octets := range smuggling() {
		answers := exchangeAll(t, s.addr, octets, false)
		seen := worker.take()
		exchangeAll(t, theirs.Listener.Addr().String(), octets, true)
		allowed := reference.take()
		if answers != len(seen) {
			t.Errorf("%q: the worker saw %d requests, %v, and the client got %d answers from it", name, len(seen), seen, answers)
		}
		if len(seen) > len(allowed) || !slices.Equal(seen, allowed[:len(seen)]) {
			t.Errorf("%q: the worker saw\n%v\nnet/http sees\n%v", name, seen, allowed)
		}
		if len(seen) == 0 {
			refused++
		} else {
			served++
		}
	}
	t.Logf("%d streams with requests, %d without", served, refused)
	if served < 10 || refused < 50 {
		t.Error("that proves little")
	}
}

// exchangeAll sends octets, and the end after them if half, and counts the
// answers of a witness. To the front such an end is that of the client.
func exchangeAll(t *testing.T, addr, octets string, half bool) (answers int) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	go func() {
		io.WriteString(conn, octets) // it may be refused before its end
		if half {
			conn.(*net.TCPConn).CloseWrite()
		}
	}()
	method, _, _ := strings.Cut(strings.TrimLeft(octets, "\r\n"), " ")
	for in := bufio.NewReader(conn); ; method = http.MethodGet {
		resp, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			return answers
		}
		io.Copy(io.Discard, resp.Body)
		if resp.Header.Get("X-Witness") != "" {
			answers++
		}
	}
}
