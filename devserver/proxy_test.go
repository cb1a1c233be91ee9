package devserver

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// before puts a proxy before an app that is only a handler.
func before(t *testing.T, h http.Handler) *httptest.Server {
	t.Helper()
	backend := httptest.NewServer(h)
	t.Cleanup(backend.Close)
	a := &app{transport: transportTo(backend.Listener.Addr().String())}
	front := httptest.NewServer(proxyTo(a))
	t.Cleanup(front.Close)
	return front
}

func proxyTo(a *app) *proxy {
	b := newBoard(view{state: state{Version: "run-1", Styles: 2, Phase: phaseOK}, app: a})
	return newProxy(&gate{board: b, look: func(context.Context) {}, limit: holdLimit})
}

// request answers a response and its body as they came, without decompression.
func request(t *testing.T, r *http.Request) (*http.Response, string) {
	t.Helper()
	client := &http.Client{
		Transport:     &http.Transport{DisableCompression: true, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func newRequest(t *testing.T, method, url, body string, header ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

// What the browser sends is what the app gets: target, host, body.
func TestRequestsPassUnchanged(t *testing.T) {
	front := before(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s\n%s\n%s\n%s\n", r.Method, r.RequestURI, r.Host, r.Header.Get("Content-Type"), r.Header.Get("X-Forwarded-Host"))
		io.Copy(w, r.Body)
	}))
	var form bytes.Buffer
	m := multipart.NewWriter(&form)
	part, _ := m.CreateFormFile("photo", "a b.png")
	part.Write([]byte("\x00\x01\xff binary \r\n--"))
	m.Close()
	tests := []struct{ method, target, kind, body string }{
		{"POST", "/api?x=1&x=2;3", "application/json", `{"a": 1,  "b": [ ]}`},
		{"POST", "/upload?q=%7e~%2F", m.FormDataContentType(), form.String()},
		{"POST", "/form?a=1", "application/x-www-form-urlencoded", "b=2&a=%20+&c"},
		{"PUT", "/a%2Fb/../c//d?", "text/plain", strings.Repeat("x", 1<<20)},
		{"DELETE", "/x", "", ""},
	}
	for _, test := range tests {
		r := newRequest(t, test.method, front.URL, test.body)
		r.URL.Opaque, r.URL.RawQuery, r.URL.ForceQuery = strings.Cut(test.target, "?") // as it stands
		r.Host = "qna.localhost:3000"
		if test.kind != "" {
			r.Header.Set("Content-Type", test.kind)
		}
		_, body := request(t, r)
		want := test.method + " " + test.target + "\nqna.localhost:3000\n" + test.kind + "\nqna.localhost:3000\n" + test.body
		if strings.TrimSuffix(body, "\n") != strings.TrimSuffix(want, "\n") {
			t.Errorf("the app got\n%.300q\nwant\n%.300q", body, want)
		}
	}
}

const fullPage = "<!doctype html>\n<html><head><title>x</title></head><body>é</body></html>\n"

// The tag is the only difference, and it is where nothing can precede it.
func TestInjection(t *testing.T) {
	front := before(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Etag", `"abc"`)
		w.Header().Set("Last-Modified", "Mon, 02 Jan 2006 15:04:05 GMT")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'nonce-n0'")
		if r.URL.Path == "/length" {
			w.Header().Set("Content-Length", strconv.Itoa(len(fullPage)))
		}
		io.WriteString(w, fullPage)
		if r.URL.Path == "/chunked" {
			w.(http.Flusher).Flush()
		}
	}))
	for _, path := range []string{"/length", "/chunked"} {
		resp, body := request(t, newRequest(t, "GET", front.URL+path, ""))
		const tag = `<script src="/__dev/client.js" data-version="run-1" data-styles="2" nonce="n0" defer></script>`
		if want := strings.Replace(fullPage, "<head>", "<head>"+tag, 1); body != want {
			t.Errorf("%s: %s", path, body)
		}
		if path == "/length" && resp.ContentLength != int64(len(body)) {
			t.Errorf("Content-Length %d of %d bytes", resp.ContentLength, len(body))
		}
		if e, l := resp.Header.Get("Etag"), resp.Header.Get("Last-Modified"); e != "" || l != "" {
			t.Errorf("%s keeps validators of another page: %q %q", path, e, l)
		}
	}
	if _, body := request(t, newRequest(t, "POST", front.URL+"/length", "a=1")); !strings.Contains(body, `data-method="post"`) {
		t.Errorf("the answer to a POST does not say so: %s", body)
	}
}

// Everything that is not a full HTML page for a browser passes byte for byte.
func TestNoInjection(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	io.WriteString(z, fullPage)
	z.Close()
	html := []string{"Content-Type", "text/html"}
	tests := []struct {
		name            string
		method          string
		request, answer []string
		status          int
		body            string
	}{
		{"htmx", "GET", []string{"HX-Request", "true"}, html, 200, fullPage},
		{"turbo frame", "GET", []string{"Turbo-Frame", "x"}, html, 200, fullPage},
		{"datastar", "GET", []string{"Datastar-Request", "true"}, html, 200, fullPage},
		{"fetch", "GET", []string{"Sec-Fetch-Dest", "empty"}, html, 200, fullPage},
		{"head", "HEAD", nil, html, 200, ""},
		{"download", "GET", nil, append([]string{"Content-Disposition", `attachment; filename="a.html"`}, html...), 200, fullPage},
		{"asked off", "GET", nil, append([]string{"X-Dev-Inject", "off"}, html...), 200, fullPage},
		{"zstd", "GET", nil, append([]string{"Content-Encoding", "zstd"}, html...), 200, "\x28\xb5\x2f\xfd not really"},
		{"gzip", "GET", nil, append([]string{"Content-Encoding", "gzip"}, html...), 200, packed.String()},
		{"fragment", "GET", nil, html, 200, "<li>one</li>\n<li>two</li>"},
		{"comment only", "GET", nil, html, 200, "<!-- <head> -->"},
		{"empty", "GET", nil, html, 200, ""},
		{"json", "GET", nil, []string{"Content-Type", "application/json"}, 200, `"` + fullPage + `"`},
		{"utf-16", "GET", nil, []string{"Content-Type", "text/html; charset=UTF-16LE"}, 200, fullPage},
		{"not modified", "GET", nil, html, 304, ""},
		{"no content", "GET", nil, html, 204, ""},
		{"part", "GET", nil, append([]string{"Content-Range", "bytes 0-9/100"}, html...), 206, fullPage},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			front := before(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Accept-Encoding") != "" {
					t.Errorf("asks the app for %s", r.Header.Get("Accept-Encoding"))
				}
				w.Header().Set("Etag", `"abc"`)
				w.Header().Set("Content-Security-Policy", "default-src 'none'")
				for i := 0; i < len(test.answer); i += 2 {
					w.Header().Set(test.answer[i], test.answer[i+1])
				}
				w.WriteHeader(test.status)
				io.WriteString(w, test.body)
			}))
			r := newRequest(t, test.method, front.URL, "", test.request...)
			r.Header.Set("Accept-Encoding", "gzip, zstd")
			resp, body := request(t, r)
			if resp.StatusCode != test.status || body != test.body {
				t.Errorf("%d %q, want %d %q", resp.StatusCode, body, test.status, test.body)
			}
			if e, p := resp.Header.Get("Etag"), resp.Header.Get("Content-Security-Policy"); e != `"abc"` || p != "default-src 'none'" {
				t.Errorf("headers were changed: %q %q", e, p)
			}
			if resp.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Error("sends a CORS header")
			}
		})
	}
}

// The first part of a page arrives while the app still works on the last.
func TestPageStreams(t *testing.T) {
	for _, length := range []string{"", "51"} { // chunked, and of known length
		t.Run(length, func(t *testing.T) { testPageStreams(t, length) })
	}
}

func testPageStreams(t *testing.T, length string) {
	more := make(chan struct{})
	front := before(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		if length != "" {
			w.Header().Set("Content-Length", length)
		}
		io.WriteString(w, "<!doctype html><html><head><title>first</title>")
		w.(http.Flusher).Flush()
		select {
		case <-more:
		case <-r.Context().Done(): // the test gave up
		}
		io.WriteString(w, "last")
	}))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, _ := http.NewRequestWithContext(ctx, "GET", front.URL, nil)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body := bufio.NewReader(resp.Body)
	first, err := body.ReadString('/') // within the tag, before the app goes on
	if err != nil || !strings.HasPrefix(first, "<!doctype html><html><head><script") {
		t.Fatalf("%q %v", first, err)
	}
	close(more)
	if rest, err := io.ReadAll(body); err != nil || !strings.HasSuffix(string(rest), "<title>first</title>last") {
		t.Errorf("%q %v", rest, err)
	}
}

// An upgraded connection is a pipe in both directions.
func TestWebSocket(t *testing.T) {
	front := before(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, buf, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: %s\r\nConnection: Upgrade\r\n\r\n", r.Header.Get("Upgrade"))
		io.Copy(conn, buf)
	}))
	conn, err := net.Dial("tcp", front.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
	in := bufio.NewReader(conn)
	resp, err := http.ReadResponse(in, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%v %v", resp, err)
	}
	for _, word := range []string{"one\n", "two\n"} {
		io.WriteString(conn, word)
		if echo, err := in.ReadString('\n'); err != nil || echo != word {
			t.Fatalf("echo %q %v", echo, err)
		}
	}
}

// Neither a stream nor a slow page meets a timeout. The clock is the bubble's,
// so that an hour takes no time.
func TestNoTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		backend := newPipeListener()
		slow := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(10 * time.Minute)
			w.Header().Set("Content-Type", "text/event-stream")
			for i := range 20 {
				fmt.Fprintf(w, "data: %d\n\n", i)
				w.(http.Flusher).Flush()
				time.Sleep(3 * time.Minute)
			}
		})}
		go slow.Serve(backend)
		transport := transportTo("the app")
		transport.DialContext = backend.dial
		front := newPipeListener()
		server := newServer(proxyTo(&app{transport: transport}))
		go server.Serve(front)
		client := &http.Client{Transport: &http.Transport{DialContext: front.dial}}
		resp, err := client.Get("http://localhost/")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if n := strings.Count(string(body), "data:"); err != nil || n != 20 {
			t.Errorf("%d of 20 events, %v", n, err)
		}
		client.CloseIdleConnections()
		transport.CloseIdleConnections()
		server.Close()
		slow.Close()
	})
}

// pipeListener is a network within the process.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *pipeListener) dial(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	l.conns <- far
	return near, nil
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error   { close(l.done); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }
