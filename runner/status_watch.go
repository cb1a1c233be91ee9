package runner

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dram-go/dram/framework/config"
)

// watchInterval is how often a status is shown anew.
const watchInterval = time.Second

// watchStatus shows the status again and again, until it is interrupted. An
// app that is not running is shown as such: it may come back.
func watchStatus(ctx context.Context, conf *config.Config, streams bool, show func(status, io.Writer) error, s screen) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	resized := make(chan os.Signal, 1)
	signal.Notify(resized, syscall.SIGWINCH)
	defer signal.Stop(resized)
	s.begin()
	defer s.end()
	for {
		var text bytes.Buffer
		now, err := askStatus(ctx, conf, streams)
		if ctx.Err() != nil {
			return nil
		}
		if err == nil {
			err = show(now, &text)
		}
		if err != nil {
			fmt.Fprintln(&text, err)
		}
		if err := s.show(text.String()); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-resized:
		case <-ctx.Done():
			return nil
		}
	}
}

// screen shows one text in the place of the one before.
type screen interface {
	begin()
	show(text string) error
	end()
}

// scroll is a screen that is none: texts follow each other.
type scroll struct{ out io.Writer }

func (s scroll) begin() {}
func (s scroll) end()   {}

func (s scroll) show(text string) error {
	_, err := io.WriteString(s.out, text+"\n")
	return err
}

// Control sequences of terminals (ECMA-48; the private ones are xterm's).
const (
	otherScreen = "\x1b[?1049h\x1b[?25l" // the alternate one, without a cursor
	firstScreen = "\x1b[?25h\x1b[?1049l"
	home        = "\x1b[H"
	clearLine   = "\x1b[K" // to its end
	clearRest   = "\x1b[J"
)

// terminal is a screen that is one. It writes over the old text instead of
// clearing it first, which would flicker, and leaves what the terminal showed
// before as it was, with the last text behind it.
type terminal struct {
	out  io.Writer
	size func() (columns, rows int) // 0: unknown

	last string
}

func (t *terminal) begin() { io.WriteString(t.out, otherScreen) }
func (t *terminal) end()   { io.WriteString(t.out, firstScreen+t.last) }

func (t *terminal) show(text string) error {
	t.last = text
	columns, rows := t.size()
	_, err := io.WriteString(t.out, home+fit(text, columns, rows)+clearRest)
	return err
}

// fit cuts a text to what a terminal shows without wrapping and scrolling; each
// line clears what was behind its end.
func fit(text string, columns, rows int) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if rows > 0 && len(lines) > rows {
		more := len(lines) - rows + 1
		lines = append(lines[:rows-1], fmt.Sprintf("… %d more lines", more))
	}
	for i, line := range lines {
		line = strings.ReplaceAll(line, "\t", "    ")
		if letters := []rune(line); columns > 0 && len(letters) > columns {
			line = string(letters[:columns-1]) + "…"
		}
		lines[i] = line + clearLine
	}
	return strings.Join(lines, "\n")
}

// terminalOf is the terminal that a file is, nil when it is none (tcgetattr(3)).
func terminalOf(f *os.File) *terminal {
	if _, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS); err != nil {
		return nil
	}
	return &terminal{out: f, size: func() (columns, rows int) {
		size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
		if err != nil {
			return 0, 0
		}
		return int(size.Col), int(size.Row)
	}}
}
