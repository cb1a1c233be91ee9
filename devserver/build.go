package devserver

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// builder runs go build in an app.
type builder struct {
	dir   string // the app
	out   string // where binaries go
	guard *guard
	src   sources
	// slow is told once when SQLite has to be compiled, which takes up to a
	// minute and looks like a hang.
	slow func(text string)
}

// built is how a build ended: with a binary or a problem; with neither when it
// was cancelled.
type built struct {
	Binary  string
	Problem *problem
	Took    time.Duration
}

// build makes binary number seq. A cancelled build ends at once, with all
// processes that it started.
func (b *builder) build(ctx context.Context, seq int) built {
	began := time.Now()
	// The file has the name that the app has elsewhere, for its messages begin
	// with it.
	binary := filepath.Join(b.out, fmt.Sprintf("app-%d", seq), filepath.Base(b.dir))
	args := []string{"build", "-json", "-ldflags=-w", "-buildvcs=false", "-o", binary, "."}
	var out bytes.Buffer
	cmd := exec.Command("go", args...)
	cmd.Dir = b.dir
	cmd.Stdout, cmd.Stderr = &out, &out
	if seq == 1 {
		done := make(chan struct{})
		defer close(done)
		go b.announceSQLite(ctx, done)
	}
	err := runGroup(ctx, cmd, b.guard)
	result := built{Took: time.Since(began)}
	switch {
	case ctx.Err() != nil:
		os.RemoveAll(filepath.Dir(binary))
	case err != nil:
		text := buildText(out.Bytes())
		if text == "" {
			text = err.Error() // the go command could not even start
		}
		result.Problem = b.src.explain(parseBuild(text, "go build ."))
	default:
		result.Binary = binary
	}
	return result
}

// announceSQLite asks the go command whether SQLite is part of the app and not
// in the build cache, which it knows long before the compiler is done.
func (b *builder) announceSQLite(ctx context.Context, done <-chan struct{}) {
	var out bytes.Buffer
	cmd := exec.Command("go", "list", "-e", "-deps", "-f", "{{if .Stale}}{{.ImportPath}}{{end}}", ".")
	cmd.Dir, cmd.Stdout = b.dir, &out
	if runGroup(ctx, cmd, b.guard) != nil || !strings.Contains(out.String(), "mattn/go-sqlite3") {
		return
	}
	select {
	case <-done:
	default:
		b.slow("compiling SQLite (first build only, up to a minute)")
	}
}

// clean removes all binaries but keep.
func (b *builder) clean(keep string) {
	old, _ := filepath.Glob(filepath.Join(b.out, "app-*"))
	for _, name := range old {
		if name != filepath.Dir(keep) {
			os.RemoveAll(name)
		}
	}
}

// buildText puts together what `go build -json` printed: events on the
// standard output, and plain lines where it failed before it began.
func buildText(raw []byte) string {
	var text strings.Builder
	for line := range bytes.Lines(raw) {
		var event struct{ Action, Output string }
		switch err := json.Unmarshal(line, &event); {
		case err != nil:
			text.Write(line)
		case event.Action == "build-output":
			text.WriteString(event.Output)
		}
	}
	return tail(text.String(), outputLimit)
}
