package trace

import (
	"fmt"
	"runtime"
	"strings"
	"time"
)

// Event is one line. Either Request or Panic is set.
type Event struct {
	// Dropped is how many events were lost right before this one.
	Dropped int      `json:"dropped,omitempty"`
	Request *Request `json:"request,omitempty"`
	// Panic is one outside a request, in work in the background.
	Panic *Panic `json:"panic,omitempty"`
}

// Request is an answered request. Durations are in nanoseconds.
type Request struct {
	ID       string        `json:"id"`
	Method   string        `json:"method"`
	Path     string        `json:"path"`            // with the query
	Route    string        `json:"route,omitempty"` // name or pattern
	Status   int           `json:"status"`          // as it was sent
	Start    time.Time     `json:"start"`
	Duration time.Duration `json:"duration"`
	Bytes    int64         `json:"bytes"` // of the body
	User     string        `json:"user,omitempty"`
	Error    string        `json:"error,omitempty"`
	Queries  []Query       `json:"queries,omitempty"`
	Renders  []Render      `json:"renders,omitempty"`
	// Omitted is how many queries and renders there were beyond those listed.
	Omitted int    `json:"omitted,omitempty"`
	Panic   *Panic `json:"panic,omitempty"`
}

// Query is one statement.
type Query struct {
	SQL      string        `json:"sql"`
	Args     []string      `json:"args,omitempty"` // as they may be shown
	Duration time.Duration `json:"duration"`
	Rows     int64         `json:"rows"`             // read or changed; -1 if unknown
	Caller   string        `json:"caller,omitempty"` // file:line in the app
	Error    string        `json:"error,omitempty"`
}

// Render is one rendered page.
type Render struct {
	Page     string        `json:"page"`
	Duration time.Duration `json:"duration"`
}

// Panic is a panic with its stack, the innermost frame first.
type Panic struct {
	Value  string  `json:"value"`
	Frames []Frame `json:"frames"`
}

// Frame is one call of a stack.
type Frame struct {
	Func string `json:"func"`
	File string `json:"file"`
	Line int    `json:"line"`
}

// maxFrames bounds a stack; a recursion without end has no more to say.
const maxFrames = 64

// NewPanic describes a panic. It must be called by the deferred function that
// has recovered value, while the stack of the panic is still there; frames
// before the panic itself are left out.
func NewPanic(value any) *Panic {
	p := &Panic{Value: shorten(fmt.Sprint(value), maxText)}
	pc := make([]uintptr, 2*maxFrames)
	frames := runtime.CallersFrames(pc[:runtime.Callers(2, pc)])
	for {
		f, more := frames.Next()
		ofRuntime := strings.HasPrefix(f.Function, "runtime.")
		switch {
		case f.Function == "runtime.gopanic":
			p.Frames = p.Frames[:0] // the deferred calls above it
		case f.PC != 0 && !(ofRuntime && len(p.Frames) == 0): // panicIndex and the like
			p.Frames = append(p.Frames, Frame{Func: f.Function, File: f.File, Line: f.Line})
		}
		if !more {
			p.Frames = p.Frames[:min(len(p.Frames), maxFrames)]
			return p
		}
	}
}
