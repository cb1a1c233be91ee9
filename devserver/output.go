package devserver

import (
	"bytes"
	"io"
	"strings"
	"sync"
)

// outputLimit is how much of a program's output is kept: its end, in bytes.
const outputLimit = 64 << 10

// tailWriter passes on what a process prints, by whole lines, and keeps the end
// of it. The line in which the app announces its inherited socket is dropped:
// nobody should open that address.
type tailWriter struct {
	mu    sync.Mutex
	to    io.Writer
	limit int
	part  []byte // a line that has no end yet
	kept  []byte
}

func newTailWriter(to io.Writer, limit int) *tailWriter {
	return &tailWriter{to: to, limit: limit}
}

// Write implements io.Writer. It never fails, so that a closed terminal does
// not end the app.
func (t *tailWriter) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.part = append(t.part, b...)
	for {
		i := bytes.IndexByte(t.part, '\n')
		if i < 0 {
			return len(b), nil
		}
		line := t.part[:i+1]
		t.part = t.part[i+1:]
		if bytes.HasPrefix(line, []byte("listening on http")) {
			continue
		}
		t.kept = append(t.kept, line...)
		if len(t.kept) > 2*t.limit {
			t.kept = t.kept[len(t.kept)-t.limit:]
		}
		_, _ = t.to.Write(line)
	}
}

// Tail returns the end of what was printed.
func (t *tailWriter) Tail() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return tail(string(t.kept)+string(t.part), t.limit)
}

// tail returns the last whole lines of a text that fit into limit bytes.
func tail(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	text = text[len(text)-limit:]
	if _, whole, ok := strings.Cut(text, "\n"); ok {
		text = whole
	}
	return text
}
