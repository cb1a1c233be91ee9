package dram

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
)

// framework is the path of this package: frames below it are not the app's.
var framework = reflect.TypeFor[App]().PkgPath()

// callerOf returns the file:line of the app's call that led here.
func callerOf() string {
	var pcs [16]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		frame, more := frames.Next()
		if !strings.HasPrefix(frame.Function, framework+".") {
			return fmt.Sprintf("%s:%d", shortPath(frame.File), frame.Line)
		}
		if !more {
			return "unknown place"
		}
	}
}

// shortPath makes a path relative to the working directory if it lies below.
func shortPath(file string) string {
	dir, err := os.Getwd()
	if err != nil {
		return file
	}
	if rel, err := filepath.Rel(dir, file); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return file
}

// funcName returns the name of a function as a reader would write it:
// question.(*Web).list.
func funcName(fn any) string {
	f := runtime.FuncForPC(reflect.ValueOf(fn).Pointer())
	if f == nil {
		return "unknown"
	}
	name := strings.TrimSuffix(f.Name(), "-fm")
	return name[strings.LastIndexByte(name, '/')+1:]
}
