package runner

import (
	"bytes"
	"io"
	"strings"
	"sync"
)

// tail keeps the last of what a process writes while it boots.
type tail struct {
	mu   sync.Mutex
	text []byte
	to   io.Writer // where everything goes after flush
}

const (
	tailSize  = 64 << 10
	tailLines = 12
)

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.to != nil {
		return t.to.Write(b)
	}
	t.text = append(t.text, b...)
	if cut := len(t.text) - tailSize; cut > 0 {
		t.text = bytes.Clone(t.text[cut:])
	}
	return len(b), nil
}

// flush writes what is kept to w, and from then on everything.
func (t *tail) flush(w io.Writer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	w.Write(t.text) // a log that cannot be written has nobody to tell
	t.text, t.to = nil, w
}

// last returns the lines that say why a process ended.
func (t *tail) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return lastWords(string(t.text))
}

// lastWords cuts the output of a process down to what a person needs: from
// the panic or fatal error on, if there is one, because Go prints every
// goroutine below it; else the last lines.
func lastWords(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
			return strings.Join(lines[i:min(i+tailLines, len(lines))], "\n")
		}
	}
	return strings.Join(lines[max(0, len(lines)-tailLines):], "\n")
}
