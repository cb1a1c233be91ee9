package gateway

import (
	"path"
	"runtime"
	"strings"
)

// logCaller says who misused the response, as net/http's server does.
func (w *response) logCaller(what string) {
	frame := caller()
	w.x.conn.server.log.Warn(what, "from", frame.Function, "file", path.Base(frame.File), "line", frame.Line)
}

// caller is the nearest frame outside of this package.
func caller() runtime.Frame {
	pc := make([]uintptr, 16)
	frames := runtime.CallersFrames(pc[:runtime.Callers(1, pc)])
	for {
		frame, more := frames.Next()
		if !strings.Contains(frame.Function, "runner/gateway.(*") && !strings.Contains(frame.Function, "runner/gateway.caller") || !more {
			return frame
		}
	}
}
