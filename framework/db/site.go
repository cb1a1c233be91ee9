package db

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
)

// own is the prefix of the functions of this package, found at run time so
// that a copy under another module path still works.
var own = ownPrefix()

func ownPrefix() string {
	pc, _, _, _ := runtime.Caller(0)
	name := runtime.FuncForPC(pc).Name()
	slash := strings.LastIndexByte(name, '/')
	return name[:slash+1+strings.IndexByte(name[slash+1:], '.')+1]
}

// stack is where a call into this package came from: program counters, the
// innermost first. Taking one costs about a microsecond; names are looked up
// only for messages.
type stack struct {
	pcs [48]uintptr
	n   int
}

// capture takes the stack above the function that called its caller's caller:
// with skip 0, an exported function that calls capture gets its own caller.
func capture(skip int) stack {
	var s stack
	s.n = runtime.Callers(skip+3, s.pcs[:])
	return s
}

// callers is the stack of the running goroutine, the innermost call first.
func callers() []uintptr {
	pcs := make([]uintptr, 512)
	return pcs[:runtime.Callers(2, pcs)]
}

// within reports whether the running function, whose callers are mine, was
// called, however deeply, by the closure of the transaction that was begun by
// the call captured in s. A goroutine is in there if its stack ends in the same
// return addresses and a closure is running above them; without the latter it
// merely comes from the same line, as others do that wait.
func (s *stack) within(mine []uintptr) bool {
	if s.n == 0 {
		return false
	}
	for i, pc := range mine {
		if pc == s.pcs[0] && samePath(mine[i:], s.pcs[:s.n]) && runsClosure(mine[:i]) {
			return true
		}
	}
	return false
}

// runsClosure reports whether these frames include the one that calls the
// closure of a transaction.
func runsClosure(pcs []uintptr) bool {
	frames := runtime.CallersFrames(pcs)
	for {
		frame, more := frames.Next()
		if frame.Function == own+"(*scope).run" {
			return true
		}
		if !more {
			return false
		}
	}
}

// samePath compares as far as both go: a very deep stack was cut when captured.
func samePath(mine, other []uintptr) bool {
	if len(other) < len(stack{}.pcs) && len(mine) != len(other) {
		return false
	}
	for i := range min(len(mine), len(other)) {
		if mine[i] != other[i] {
			return false
		}
	}
	return true
}

// String is the app's line that called into this package: "question/store.go:40".
func (s *stack) String() string {
	frames := runtime.CallersFrames(s.pcs[:s.n])
	for {
		frame, more := frames.Next()
		if frame.File != "" && !strings.HasPrefix(frame.Function, own) {
			return shortFile(frame.File, frame.Line)
		}
		if !more {
			return "unknown place"
		}
	}
}

// caller is the app's line that called into this package.
func caller() string {
	s := capture(0)
	return s.String()
}

// shortFile keeps the directory and the base name, which are enough to find
// the line and do not tell where the app was built.
func shortFile(file string, line int) string {
	return fmt.Sprintf("%s/%s:%d", filepath.Base(filepath.Dir(file)), filepath.Base(file), line)
}
