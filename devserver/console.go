package devserver

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// tone is how a line of the terminal sounds.
type tone string

// The tones, as ANSI colours (ECMA-48 SGR).
const (
	toneGood tone = "32"
	toneBad  tone = "31"
	toneBusy tone = "33"
	toneDim  tone = "2"
)

// console writes the dev server's own lines, and those of the app, to the
// terminal. Lines never mix.
type console struct {
	mu     sync.Mutex
	out    io.Writer
	colour bool
	now    func() time.Time
}

// newConsole colours the lines when out is a terminal and nobody minds
// (https://no-color.org).
func newConsole(out io.Writer) *console {
	c := &console{out: out, now: time.Now}
	if f, ok := out.(*os.File); ok && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" {
		info, err := f.Stat()
		c.colour = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return c
}

// Write passes on lines of the app.
func (c *console) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out.Write(b)
}

// say writes one line: time, a word, a text.
func (c *console) say(t tone, word, text string) {
	word = fmt.Sprintf("%-8s", word)
	clock := c.now().Format("15:04:05")
	if c.colour {
		word = "\x1b[" + string(t) + "m" + word + "\x1b[0m"
		clock = "\x1b[2m" + clock + "\x1b[0m"
	}
	fmt.Fprintf(c, "%s  %s %s\n", clock, word, text)
}

// changed says which files changed: the first, and how many more.
func (c *console) changed(changes []change) {
	if len(changes) == 0 {
		return
	}
	text := changes[0].Path
	if more := len(changes) - 1; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	c.say(toneDim, "change", text)
}
