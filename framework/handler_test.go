package dram_test

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/config"
)

// gzipped is a compressing middleware as there are many for net/http: it
// finishes the stream when the handler returns.
func gzipped(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		z := gzip.NewWriter(w)
		defer z.Close()
		next.ServeHTTP(&gzipWriter{w, z}, r)
	})
}

type gzipWriter struct {
	http.ResponseWriter
	z *gzip.Writer
}

func (w *gzipWriter) WriteHeader(status int) {
	w.Header().Del("Content-Length")
	w.Header().Set("Content-Encoding", "gzip")
	w.ResponseWriter.WriteHeader(status)
}

func (w *gzipWriter) Write(p []byte) (int, error) { return w.z.Write(p) }

func TestErrorsInsideOfNetHTTPMiddleware(t *testing.T) {
	app, log := newApp(t, config.Test, nil)
	app.Use(func(next dram.Handler) dram.Handler { // outside of gzip
		return func(c *dram.Context) error {
			err := next(c)
			var status *dram.HTTPError
			if c.Request.URL.Path == "/missing" && !errors.As(err, &status) {
				t.Errorf("outside, the error is %v", err)
			}
			return err
		}
	})
	app.UseHTTP(gzipped)
	app.Get("/missing", func(c *dram.Context) error { return dram.NotFound("no such question") })
	app.Get("/panic", func(c *dram.Context) error { panic("boom") })
	app.Get("/status", func(c *dram.Context) error { c.Status(202); return nil })
	server := httptest.NewServer(app)
	defer server.Close()

	for path, want := range map[string]struct {
		status int
		text   string
	}{
		"/missing": {404, "no such question"},
		"/panic":   {500, "panic: boom"},
		"/status":  {202, ""},
		"/nowhere": {404, "no route takes GET /nowhere"},
	} {
		response, err := server.Client().Get(server.URL + path) // unpacks gzip
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != want.status || !response.Uncompressed || !strings.Contains(string(body), want.text) {
			t.Errorf("%s: %d, gzip %v, %v, body %q", path, response.StatusCode, response.Uncompressed, err, body)
		}
	}
	if !strings.Contains(log.String(), `"status":404`) || !strings.Contains(log.String(), "no such question") {
		t.Errorf("the log misses the error:\n%s", log)
	}
}

func TestTimeoutHandlerAroundASlowHandler(t *testing.T) {
	app, log := newApp(t, config.Test, nil)
	release, ended := make(chan struct{}), make(chan struct{})
	key := dram.NewKey[int]("n")
	app.Use(func(next dram.Handler) dram.Handler {
		return func(c *dram.Context) error {
			err := next(c)
			key.Set(c, 1)
			c.Status(418) // must not meet the handler that is still running
			return err
		}
	})
	app.UseHTTP(func(next http.Handler) http.Handler { return http.TimeoutHandler(next, time.Millisecond, "too slow") })
	app.Get("/slow", func(c *dram.Context) error {
		defer close(ended)
		<-c.Done()
		<-release
		key.Set(c, 2)
		c.Status(200)
		c.Flash("info", "too late")
		return errors.New("too late")
	})
	app.Get("/quick", func(c *dram.Context) error { return dram.Conflict("quick") })
	w := get(app, "/slow")
	close(release)
	<-ended
	wantBody(t, w, 503, "too slow")
	if line := log.last(t, "request"); line["status"] != float64(503) {
		t.Errorf("log %v", line)
	}
}

func TestTimeoutHandlerAroundAnError(t *testing.T) {
	app, _ := newApp(t, config.Test, nil)
	app.UseHTTP(func(next http.Handler) http.Handler { return http.TimeoutHandler(next, time.Hour, "too slow") })
	app.Get("/quick", func(c *dram.Context) error {
		c.Flash("info", "kept")
		return dram.Conflict("quick")
	})
	w := get(app, "/quick")
	wantBody(t, w, 409, "quick")
	if !strings.HasPrefix(w.Header().Get("Set-Cookie"), "qna=") {
		t.Errorf("the session is lost: %v", w.Header())
	}
}

func TestNetHTTPHandlersSeeContextAndParameters(t *testing.T) {
	app, _ := newApp(t, config.Test, nil)
	app.Get("/files/{id:int}/{rest...}", app.HTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, ok := dram.From(r.Context())
		if !ok {
			t.Error("no Context")
			return
		}
		_, _ = io.WriteString(w, c.Param("id")+" "+r.PathValue("id")+" "+r.PathValue("rest")+" "+r.Pattern)
	})))
	wantBody(t, get(app, "/files/7/a/b"), 200, "7 7 a/b /files/{id:int}/{rest...}")
}

func TestMiddlewareMayAnswerInstead(t *testing.T) {
	app, log := newApp(t, config.Test, nil)
	app.UseHTTP(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/closed" {
				http.Error(w, "closed", http.StatusTeapot)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	app.Get("/closed", func(c *dram.Context) error { return c.Text("open") })
	wantBody(t, get(app, "/closed"), 418, "closed")
	if line := log.last(t, "request"); line["status"] != float64(418) || line["err"] != nil {
		t.Errorf("log %v", line)
	}
}

func TestErrorPagesKeepTheFieldsOfMiddleware(t *testing.T) {
	app, _ := newApp(t, config.Test, nil)
	app.UseHTTP(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "x-own")
			w.Header().Set("Cache-Control", "no-store")
			next.ServeHTTP(w, r)
		})
	})
	app.Get("/", func(c *dram.Context) error {
		c.Public(time.Hour)
		c.Writer.Header().Set("ETag", `"x"`)
		return dram.NotFound("")
	})
	header := get(app, "/").Header()
	if header.Get("Content-Encoding") != "x-own" || header.Get("Cache-Control") != "no-store" || header.Get("ETag") != "" {
		t.Errorf("%v", header)
	}
}

func TestAllXMLHasAPolicy(t *testing.T) {
	app, _ := newApp(t, config.Test, nil)
	app.Get("/", func(c *dram.Context) error {
		c.Writer.Header().Set("Content-Type", c.Query("type"))
		return c.Text("x")
	})
	for media, want := range map[string]bool{
		"text/xml": true, "application/xml; charset=utf-8": true, "text/xsl": true, "application/atom%2bXML": true, "text/plain": false,
	} {
		if got := get(app, "/?type="+strings.ReplaceAll(strings.ReplaceAll(media, " ", "%20"), ";", "%3b")).Header().Get("Content-Security-Policy") != ""; got != want {
			t.Errorf("%s: a policy: %v", media, got)
		}
	}
}
