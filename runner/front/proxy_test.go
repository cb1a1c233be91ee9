package front

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dram-go/dram/runner/control"
)

func TestARequestReachesAWorkerAndComesBack(t *testing.T) {
	s := newSite(t, nil)
	s.add(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Add("Set-Cookie", "a=b")
		w.Header().Add("Set-Cookie", "c=d")
		w.WriteHeader(201)
		json.NewEncoder(w).Encode([]any{r.Method, r.RequestURI, r.Host, string(body), r.Header.Get("X-Forwarded-For"),
			r.Header.Get("X-Forwarded-Host"), r.Header.Get("User-Agent"), r.Header.Get("Accept-Encoding"), r.Header.Get("X-Request-Id") != "mine"})
	})
	r := s.request("POST", "/a%2Fb?c=d", strings.NewReader("content"))
	r.Host = "board.example"
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	r.Header.Set("X-Request-Id", "mine")
	r.Header.Set("User-Agent", "")
	r.Header.Set("Accept-Encoding", "identity")
	got := s.do(r)
	s.want(got, 201, `["POST","/a%2Fb?c=d","board.example","content","127.0.0.1","board.example","","identity",true]`+"\n")
	if c := got.Header["Set-Cookie"]; len(c) != 2 {
		t.Errorf("cookies %v", c)
	}
	if got.Header.Get("Server") != "" || len(got.Header["Date"]) != 1 {
		t.Errorf("Server %q, Date %q", got.Header["Server"], got.Header["Date"])
	}
	s.wantLog("/a%2Fb", map[string]any{"method": "POST", "status": 201, "bytes": len(got.body), "worker": 1, "tries": 1, "client": "127.0.0.1", "reason": nil})
}

func TestResponsesPassUnchanged(t *testing.T) {
	s := newSite(t, nil)
	s.add(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/untyped":
			w.Header()["Content-Type"] = nil
			io.WriteString(w, "<html>")
		case "/none":
			w.WriteHeader(204)
		case "/notmodified":
			w.Header().Set("ETag", `"x"`)
			w.WriteHeader(304)
		case "/moved":
			http.Redirect(w, r, "/list/", http.StatusSeeOther)
		case "/large":
			w.Header().Set("Content-Length", fmt.Sprint(3<<20))
			io.WriteString(w, strings.Repeat("x", 3<<20))
		case "/trailer":
			w.Header().Set("Trailer", "X-Sum")
			io.WriteString(w, "body")
			w.Header().Set("X-Sum", "42")
		}
	})
	if r := s.get("/untyped"); r.Header.Get("Content-Type") != "" {
		t.Errorf("the front guessed %s", r.Header.Get("Content-Type"))
	}
	s.want(s.get("/none"), 204, "")
	if r := s.get("/notmodified"); r.StatusCode != 304 || r.Header.Get("ETag") != `"x"` {
		t.Errorf("%d with ETag %s", r.StatusCode, r.Header.Get("ETag"))
	}
	if r := s.get("/moved"); r.StatusCode != 303 || r.Header.Get("Location") != "/list/" {
		t.Errorf("%d to %s", r.StatusCode, r.Header.Get("Location"))
	}
	if r := s.get("/large"); len(r.body) != 3<<20 || r.ContentLength != 3<<20 {
		t.Errorf("%d bytes of %d", len(r.body), r.ContentLength)
	}
	if r := s.get("/trailer"); r.body != "body" || r.Trailer.Get("X-Sum") != "42" {
		t.Errorf("%q with trailer %v", r.body, r.Trailer)
	}
	if r := s.do(s.request("HEAD", "/large", nil)); r.ContentLength != 3<<20 || r.body != "" {
		t.Errorf("HEAD: length %d, body %q", r.ContentLength, r.body)
	}
}

func TestInterimResponsesPass(t *testing.T) {
	s := newSite(t, nil)
	s.add(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</a.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Del("Link")
		io.WriteString(w, "page")
	})
	c := s.dial()
	fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
	all, _ := io.ReadAll(c)
	early, final, _ := strings.Cut(string(all), "\r\n\r\n")
	if !strings.HasPrefix(early, "HTTP/1.1 103") || !strings.Contains(early, "a.css") {
		t.Errorf("first came %q", early)
	}
	if !strings.HasPrefix(final, "HTTP/1.1 200") || strings.Contains(final, "a.css") || !strings.HasSuffix(final, "page") {
		t.Errorf("then came %q", final)
	}
}

func TestTheLeastBusyWorkerGetsTheRequest(t *testing.T) {
	s := newSite(t, nil)
	g := newGate(t)
	var counts [3]atomic.Int32
	for i := range counts {
		s.add(func(w http.ResponseWriter, r *http.Request) {
			counts[i].Add(1)
			if r.URL.Path == "/slow" {
				g.pass()
			}
		})
	}
	slow := make(chan reply, 2)
	for range 2 {
		go func() { slow <- s.get("/slow") }()
		await(t, "request at a worker", g.entered)
	}
	var busy int32
	for i := range counts {
		busy += counts[i].Load()
	}
	for range 10 {
		s.get("/")
	}
	var free int
	for i := range counts {
		switch n := counts[i].Load(); n {
		case 1:
		case 10:
			free++
		default:
			t.Errorf("worker %d got %d requests", i+1, n)
		}
	}
	if busy != 2 || free != 1 {
		t.Errorf("%d workers busy, %d got all the rest", busy, free)
	}
	g.release()
	<-slow
	<-slow
}

func TestAWorkerConnectionIsUsedAgain(t *testing.T) {
	s := newSite(t, nil)
	w := s.add(text("x"))
	for range 5 {
		s.get("/")
		s.do(s.request("POST", "/", strings.NewReader("x")))
	}
	if n := w.connections(); n != 1 {
		t.Errorf("%d connections for requests one after another", n)
	}
}

func TestNoWorkerHoldsTheRequestUntilOneComes(t *testing.T) {
	s := newSite(t, nil)
	got := make(chan reply, 1)
	go func() { got <- s.do(s.request("POST", "/early", strings.NewReader("x"))) }()
	until(t, "a request waits", func() bool { return s.front.table.waiting.Load() == 1 })
	s.add(text("at last"))
	s.want(await(t, "answer", got), 200, "at last")
}

func TestNoWorkerForTooLongIs503(t *testing.T) {
	s := newSite(t, func(l *limits) { l.hold = 10 * time.Millisecond })
	r := s.request("GET", "/", nil)
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Accept-Language", "ko-KR")
	got := s.do(r)
	if got.StatusCode != 503 || got.Header.Get("Retry-After") == "" || !strings.Contains(got.body, "잠시만") {
		t.Errorf("%d, Retry-After %q: %s", got.StatusCode, got.Header.Get("Retry-After"), got.body)
	}
	s.wantLog("/", map[string]any{"status": 503, "reason": "no worker ready", "worker": nil})
}

func TestAWorkerThatDoesNotAnswerIs504(t *testing.T) {
	s := newSite(t, func(l *limits) { l.answer = 20 * time.Millisecond })
	ended := make(chan struct{})
	s.add(func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		close(ended)
	})
	if r := s.get("/hung"); r.StatusCode != 504 {
		t.Errorf("status %d", r.StatusCode)
	}
	await(t, "end of the request's context", ended)
	s.wantLog("/hung", map[string]any{"status": 504, "reason": "worker timed out", "tries": 1})
}

func TestAClientThatLeavesCancelsItsRequest(t *testing.T) {
	s := newSite(t, nil)
	entered, cancelled := make(chan struct{}), make(chan struct{})
	s.add(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		close(entered)
		<-r.Context().Done()
		close(cancelled)
	})
	c := s.dial()
	fmt.Fprintf(c, "POST /left HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx")
	await(t, "request at the worker", entered)
	c.Close()
	await(t, "end of the request's context", cancelled)
	s.wantLog("/left", map[string]any{"status": 499, "reason": "client gone"})
}

func TestAClientThatLeavesWhileWaiting(t *testing.T) {
	s := newSite(t, nil)
	c := s.dial()
	fmt.Fprintf(c, "GET /left HTTP/1.1\r\nHost: h\r\n\r\n")
	until(t, "a request waits", func() bool { return s.front.table.waiting.Load() == 1 })
	c.Close()
	s.wantLog("/left", map[string]any{"status": 499, "reason": "client gone"})
}

func TestDrain(t *testing.T) {
	s := newSite(t, nil)
	g := newGate(t)
	old := s.add(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			g.pass()
		}
		io.WriteString(w, "old")
	})
	s.want(s.get("/"), 200, "old")
	slow := make(chan reply, 1)
	go func() { slow <- s.get("/slow") }()
	await(t, "request at the old worker", g.entered)

	fresh := s.newFake(text("new"))
	s.rows[0].State = control.WorkerDraining
	s.table(s.link(fresh))
	for range 5 {
		s.want(s.get("/"), 200, "new")
	}
	select {
	case m := <-s.said:
		t.Fatalf("the front says %s %s while a request is in flight", m.Kind, m.Body)
	case <-old.links.NoLinks():
		t.Fatal("the link is closed while a request is in flight")
	default:
	}
	g.release()
	s.want(await(t, "answer", slow), 200, "old")
	var idle control.Idle
	if s.hear(control.KindIdle, &idle); idle.Worker != old.id {
		t.Errorf("idle is %d", idle.Worker)
	}
	await(t, "end of the link", old.links.NoLinks())
}

func TestCONNECTIsRefused(t *testing.T) {
	s := newSite(t, nil)
	c := s.dial()
	fmt.Fprintf(c, "CONNECT other:443 HTTP/1.1\r\nHost: other:443\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || resp.StatusCode != 501 {
		t.Errorf("%v, %v", resp, err)
	}
}

func TestATargetThatIsNoPathIsRefused(t *testing.T) {
	s := newSite(t, nil)
	s.add(text("served"))
	c := s.dial()
	fmt.Fprintf(c, "GET foo:bar?secret=1 HTTP/1.1\r\nHost: h\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || resp.StatusCode != 400 {
		t.Errorf("%v, %v", resp, err)
	}
	for line := range s.logged { // it has no path
		if line["msg"] == "request" {
			if line["status"] != 400.0 || line["reason"] != "target is no path" || line["client"] != "127.0.0.1" {
				t.Errorf("%v", line)
			}
			return
		}
	}
}

// TestATrailerIsFilteredAsAHeaderIs: applications look for fields in both.
func TestATrailerIsFilteredAsAHeaderIs(t *testing.T) {
	s := newSite(t, nil)
	s.add(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		json.NewEncoder(w).Encode(r.Trailer)
	})
	r := s.request("POST", "/", struct{ io.Reader }{strings.NewReader("body")})
	r.Trailer = http.Header{
		"X-Sum": {"42"}, "X-Forwarded-For": {"203.0.113.1"}, "X-Real-Ip": {"203.0.113.1"},
		"Client_ip": {"203.0.113.1"}, "Some.thing": {"x"},
	}
	s.want(s.do(r), 200, `{"X-Sum":["42"]}`+"\n")

	c := s.dial() // fields that were not announced
	fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n1\r\nx\r\n0\r\nX-Sum: 1\r\nX-Forwarded-For: 203.0.113.1\r\nX-Other: 1\r\n\r\n")
	if all, _ := io.ReadAll(c); !strings.Contains(string(all), `{"X-Sum":["1"]}`) {
		t.Errorf("got %q", all)
	}
}

func TestAnHTTP10ClientGetsNoChunks(t *testing.T) {
	s := newSite(t, nil)
	s.add(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "one ")
		w.(http.Flusher).Flush()
		io.WriteString(w, "two")
	})
	c := s.dial()
	fmt.Fprintf(c, "GET / HTTP/1.0\r\n\r\n")
	all, _ := io.ReadAll(c)
	if !strings.HasSuffix(string(all), "\r\n\r\none two") || strings.Contains(string(all), "chunked") {
		t.Errorf("got %q", all)
	}
}
