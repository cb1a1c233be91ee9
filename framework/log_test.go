package dram_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/config"
)

// A worker leaves ordinary requests to the log of the front and mentions slow
// ones, but a stream that lasts is not slow.
func TestWorkerMentionsSlowRequests(t *testing.T) {
	t.Setenv("DRAM_ROLE", "worker")
	app, log := newApp(t, config.Test, nil)
	last := func() { time.Sleep(time.Minute) }
	app.Get("/quick", func(c *dram.Context) error { return c.NoContent() })
	app.Get("/slow", func(c *dram.Context) error {
		last()
		return c.NoContent()
	})
	app.Get("/stream", func(c *dram.Context) error {
		return c.Stream("text/csv", func(w io.Writer) error {
			last()
			_, err := io.WriteString(w, "a,b\n")
			return err
		})
	})
	app.Get("/events", func(c *dram.Context) error {
		return c.Events(func(e *dram.Events) error {
			last()
			return e.Send(dram.Event{Data: "x"})
		})
	})
	synctest.Test(t, func(t *testing.T) {
		for path, status := range map[string]int{"/quick": 204, "/slow": 204, "/stream": http.StatusOK, "/events": http.StatusOK} {
			if w := get(app, path); w.Code != status {
				t.Errorf("%s: %d", path, w.Code)
			}
		}
	})
	if line := log.last(t, "request"); line["path"] != "/slow" || line["level"] != "WARN" || line["ms"] != 60000. {
		t.Errorf("the log says %v", line)
	}
	if n := strings.Count(log.String(), `"msg":"request"`); n != 1 {
		t.Errorf("%d lines:\n%s", n, log)
	}
}
