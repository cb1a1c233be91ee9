package runner

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/dram-go/dram/runner/control"
	"github.com/dram-go/dram/runner/metrics"
)

// counted is what a worker says of its figures: those of its Go runtime, and the
// app's own.
type counted struct {
	app hasMetrics // nil: it has none
	log *slog.Logger

	mu      sync.Mutex // held while the app is asked
	failure string     // that was logged last
}

func newCounted(app http.Handler, log *slog.Logger) *counted {
	c := &counted{log: log}
	c.app, _ = app.(hasMetrics)
	return c
}

// say tells the master. While the app is still busy with an earlier question,
// the master goes by what it was told then.
func (c *counted) say(number int, tell func(control.Kind, any)) {
	if !c.mu.TryLock() {
		return
	}
	defer c.mu.Unlock()
	tell(control.KindFigures, control.Figures{Number: number, Text: c.text()})
}

// farewellLimit bounds the wait for an app that does not say its figures.
const farewellLimit = time.Second

// farewell tells the last figures: a worker may have served without ever being
// asked.
func (c *counted) farewell(tell func(control.Kind, any)) {
	said := make(chan struct{})
	go func() {
		defer close(said)
		c.mu.Lock()
		defer c.mu.Unlock()
		tell(control.KindFigures, control.Figures{Text: c.text()})
	}()
	timer := time.NewTimer(farewellLimit)
	defer timer.Stop()
	select {
	case <-said:
	case <-timer.C:
	}
}

// text is everything; of an app that says nonsense only what is not its own.
func (c *counted) text() string {
	w := &metrics.Writer{}
	metrics.WriteRuntime(w)
	text := string(w.Text())
	if c.app == nil {
		return text
	}
	own, err := c.askApp()
	if err == nil {
		_, err = metrics.Parse(text + own)
	}
	if err != nil {
		if c.failure != err.Error() {
			c.failure = err.Error()
			c.log.Error("the app's figures are left out", "err", err)
		}
		return text
	}
	return text + own
}

func (c *counted) askApp() (text string, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("method Metrics panicked: %v", fault)
		}
	}()
	b := &boundedText{left: metrics.MaxText}
	if err := c.app.Metrics(b); err != nil {
		return "", err
	}
	return b.text.String() + "\n", nil // whose last line may lack its end
}

// boundedText takes a text of limited length.
type boundedText struct {
	text bytes.Buffer
	left int
}

func (b *boundedText) Write(p []byte) (int, error) {
	if len(p) > b.left {
		return 0, fmt.Errorf("metrics: more than %d bytes: %w", metrics.MaxText, io.ErrShortWrite)
	}
	b.left -= len(p)
	return b.text.Write(p)
}
