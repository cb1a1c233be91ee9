package gateway

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestPanicOfTheHandler(t *testing.T) {
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		status  int // 0: the connection ends without a response
		cut     bool
		logged  bool
	}{
		{"before anything is sent", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "3")
			w.Header().Set("Set-Cookie", "a=b")
			w.WriteHeader(http.StatusEarlyHints)
			panic("broken")
		}, 500, false, true},
		{"in the response", func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "half")
			w.(http.Flusher).Flush()
			panic("broken")
		}, 200, true, true},
		{"abort", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 0, false, false},
		{"none", func(w http.ResponseWriter, _ *http.Request) {
			_, hijacks := w.(http.Hijacker)
			if _, copies := w.(io.ReaderFrom); !hijacks || !copies || http.NewResponseController(w).EnableFullDuplex() != nil {
				t.Error("the writer cannot do what the one of net/http can")
			}
		}, 200, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log bytes.Buffer
			s := httptest.NewUnstartedServer(recovered(c.handler, slog.New(slog.NewTextHandler(&log, nil))))
			s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
			s.Start()
			resp, err := s.Client().Get(s.URL + "/path")
			if (err != nil) != (c.status == 0) {
				t.Fatalf("response %v, %v", resp, err)
			}
			if err == nil {
				defer resp.Body.Close()
				if _, err := io.ReadAll(resp.Body); resp.StatusCode != c.status || (err != nil) != c.cut || resp.Header.Get("Set-Cookie") != "" {
					t.Errorf("%s, %v, %v", resp.Status, resp.Header, err)
				}
			}
			s.Close() // the handler has ended
			if got := log.String(); strings.Contains(got, "panic=broken") != c.logged || strings.Contains(got, "panic_test.go") != c.logged {
				t.Errorf("log:\n%s", got)
			}
		})
	}
}
