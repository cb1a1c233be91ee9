package dram

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"time"

	"github.com/dram-go/dram/framework/config"
)

// slow is how long a request may take before a worker, whose ordinary requests
// are in the log of the front, mentions it. Streams and WebSockets are not slow,
// however long they last.
const slow = time.Second

// newLog writes to w as the configuration says; a level it does not know,
// which its loader would have refused, is info.
func newLog(w io.Writer, conf config.Log) *slog.Logger {
	level := slog.LevelInfo
	if err := level.UnmarshalText([]byte(conf.Level)); err != nil {
		level = slog.LevelInfo
	}
	opts := &slog.HandlerOptions{Level: level}
	if conf.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// access writes the one line about a request: what was asked, what was sent,
// and the error if there was one.
func (a *App) access(c *Context, w *responseWriter, err error) {
	took := time.Since(c.x.begin)
	status := w.status
	switch {
	case w.hijacked:
		status = http.StatusSwitchingProtocols
	case status == 0 && gone(c.Request.Context()):
		status = statusClientGone
	}
	level := levelOf(status, err)
	quiet := c.x.asset && a.conf.Env == config.Development // a page has many files
	if (c.x.outer || quiet) && level < slog.LevelWarn {
		level = slog.LevelDebug // the app around us has its line
	} else if a.worker && level < slog.LevelWarn {
		if took < slow || w.hijacked || c.x.lasting() {
			return
		}
		level = slog.LevelWarn
	}
	attrs := []any{
		"method", c.Request.Method,
		"path", c.x.path,
		"route", c.Pattern(),
		"status", status,
		"bytes", w.bytes,
		"ms", float64(took.Microseconds()) / 1000,
		"id", c.x.id,
	}
	if err != nil {
		attrs = append(attrs, errorAttrs(err)...)
	}
	a.Log.Log(c, level, "request", attrs...)
}

// levelOf says how much a response matters: what failed here is an error, what
// the client did wrong is not.
func levelOf(status int, err error) slog.Level {
	if errors.Is(err, http.ErrAbortHandler) || status == statusClientGone {
		return slog.LevelInfo
	}
	if status >= 500 || err != nil && statusOf(err) >= 500 {
		return slog.LevelError
	}
	return slog.LevelInfo
}

// errorAttrs describes an error, with the stack if it was a panic.
func errorAttrs(err error) []any {
	attrs := []any{"err", err}
	if stack := stackOf(err); stack != nil {
		attrs = append(attrs, "stack", stackText(stack))
	}
	return attrs
}

// stackText writes a stack in one line: the innermost call first, without the
// runtime and what lies below the handler.
func stackText(stack []uintptr) string {
	var calls []string
	frames := runtime.CallersFrames(stack)
	for {
		frame, more := frames.Next()
		if frame.Function == framework+".(*Context).run" {
			break
		}
		if !strings.HasPrefix(frame.Function, "runtime.") {
			calls = append(calls, fmt.Sprintf("%s (%s:%d)", frame.Function, shortPath(frame.File), frame.Line))
		}
		if !more {
			break
		}
	}
	return strings.Join(calls, " < ")
}
