package devserver

import (
	"cmp"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// problem is what is wrong with the app, as the overlay and the error page
// show it.
type problem struct {
	Kind      string     `json:"kind"`    // build, start or crash
	Message   string     `json:"message"` // one sentence, mostly the compiler's
	Hint      string     `json:"hint,omitempty"`
	Locations []location `json:"locations,omitempty"`
	Command   string     `json:"command,omitempty"` // what was run
	Output    string     `json:"output,omitempty"`  // what it said, its end if it is long
}

// The kinds of problems.
const (
	problemBuild = "build" // go build failed
	problemStart = "start" // the new process did not become ready
	problemCrash = "crash" // the serving process ended by itself
)

// location is a place in a source file that the problem names.
type location struct {
	File    string `json:"file"` // relative to the app where it lies below it
	Line    int    `json:"line"`
	Col     int    `json:"col,omitempty"`
	Message string `json:"message,omitempty"`
	Frame   *frame `json:"frame,omitempty"`
}

// frame is the source around a location.
type frame struct {
	First int      `json:"first"` // number of the first line
	Lines []string `json:"lines"`
}

const (
	frameMargin    = 5       // lines shown before and after the one meant
	sourceLimit    = 1 << 20 // bytes of a source file that are read for a frame
	locationsLimit = 10      // locations shown of one problem
)

// String is the problem in one line: for the terminal.
func (p *problem) String() string {
	text := p.Message
	if len(p.Locations) > 0 {
		text = p.Locations[0].String() + ": " + cmp.Or(p.Locations[0].Message, p.Message)
	}
	first, _, _ := strings.Cut(text, "\n")
	return first
}

func (l location) String() string {
	where := l.File + ":" + strconv.Itoa(l.Line)
	if l.Col > 0 {
		where += ":" + strconv.Itoa(l.Col)
	}
	return where
}

var (
	// main.go:12:5: undefined: x — perhaps with names before it, as in
	// app: dram.toml:3: unknown key; but not from the middle of a log line.
	sourceLine = regexp.MustCompile(`^(?:[^\s:]+: )*([^\s:"(]+\.(?:go|html|toml|sql|css|c|h|mod)):(\d+)(?::(\d+))?:? ?(.*)$`)
	// a frame of a Go stack: a tab, the file, the line, the offset.
	stackLine = regexp.MustCompile(`^\t(.+\.go):(\d+)(?: \+0x[0-9a-f]+)?$`)
	panicLine = regexp.MustCompile(`^(?:panic: |fatal error: )(.*)$`)
)

// parseBuild makes a problem of the text that go build printed.
func parseBuild(output, command string) *problem {
	p := &problem{Kind: problemBuild, Command: command, Output: output}
	var rest []string
	open := -1 // the location that indented lines continue
	for line := range strings.Lines(output) {
		line = strings.TrimRight(line, "\r\n")
		switch match := sourceLine.FindStringSubmatch(line); {
		case line == "" || strings.HasPrefix(line, "# "):
			open = -1
		case match != nil && !strings.HasPrefix(line, "\t"):
			p.Locations = append(p.Locations, newLocation(match))
			open = len(p.Locations) - 1
		case strings.HasPrefix(line, "\t") && open >= 0:
			p.Locations[open].Message += "\n" + line
		default:
			rest = append(rest, line)
		}
	}
	p.Message = strings.Join(rest, "\n")
	if len(p.Locations) > 0 {
		p.Message = p.Locations[0].Message
	}
	p.Message = cmp.Or(p.Message, "go build failed and did not say why")
	p.Hint = buildHint(output)
	p.Locations = p.Locations[:min(len(p.Locations), locationsLimit)]
	return p
}

// buildHint says how to mend what the go command's own words leave open.
func buildHint(output string) string {
	switch {
	case strings.Contains(output, "updates to go.mod needed"), strings.Contains(output, "missing go.sum entry"):
		return "go.mod and go.sum do not fit the imports: run `go mod tidy`."
	case strings.Contains(output, `C compiler "`), strings.Contains(output, "cgo: C compiler"):
		return "SQLite needs a C compiler: install gcc or clang (Debian: apt install gcc, macOS: xcode-select --install)."
	}
	return ""
}

// parseCrash makes a problem of the last output of a process that ended.
// message says how it ended and is used where the output names no panic.
func parseCrash(kind, message, output, command string) *problem {
	p := &problem{Kind: kind, Message: message, Command: command, Output: output}
	inStack := false
	for line := range strings.Lines(output) {
		line = strings.TrimRight(line, "\r\n")
		if match := panicLine.FindStringSubmatch(line); match != nil {
			p.Message, p.Locations, inStack = match[1], nil, true
			continue
		}
		if match := stackLine.FindStringSubmatch(line); match != nil && inStack {
			p.Locations = append(p.Locations, newLocation([]string{"", match[1], match[2], "", ""}))
			continue
		}
		if match := sourceLine.FindStringSubmatch(line); match != nil && !inStack {
			p.Locations = append(p.Locations, newLocation(match))
		}
	}
	if !inStack && len(p.Locations) > 0 {
		p.Message = cmp.Or(p.Locations[0].Message, p.Message)
	}
	return p
}

func newLocation(match []string) location {
	line, _ := strconv.Atoi(match[2])
	col, _ := strconv.Atoi(match[3])
	return location{File: strings.TrimPrefix(match[1], "./"), Line: line, Col: col, Message: match[4]}
}

// sources are the directories whose files may be shown: the app, its module,
// the standard library, the module cache.
type sources struct {
	dir   string // the app; relative names count from here
	roots []string
}

// explain adds code frames, makes names short and, in a stack, puts the app's
// own frames in front and drops the ones of others.
func (s sources) explain(p *problem) *problem {
	var own, others []location
	for _, l := range p.Locations {
		full := l.File
		if !filepath.IsAbs(full) {
			full = filepath.Join(s.dir, full)
		}
		if short, err := filepath.Rel(s.dir, full); err == nil && filepath.IsLocal(short) {
			l.File = filepath.ToSlash(short)
			l.Frame = s.frame(full, l.Line)
			own = append(own, l)
			continue
		}
		l.Frame = s.frame(full, l.Line)
		others = append(others, l)
	}
	p.Locations = own
	if len(own) == 0 {
		p.Locations = others
	}
	p.Locations = p.Locations[:min(len(p.Locations), locationsLimit)]
	return p
}

// frame reads the lines around line, or nil: a name that does not lie below a
// root is not read, whatever the output of a program says.
func (s sources) frame(name string, line int) *frame {
	if !s.allowed(name) {
		return nil
	}
	content, err := readHead(name, sourceLimit)
	if err != nil {
		return nil
	}
	lines := strings.Split(string(content), "\n")
	if line < 1 || line > len(lines) {
		return nil
	}
	first, last := max(1, line-frameMargin), min(len(lines), line+frameMargin)
	return &frame{First: first, Lines: lines[first-1 : last]}
}

// allowed follows links: what counts is where the file really lies.
func (s sources) allowed(name string) bool {
	real, err := filepath.EvalSymlinks(name)
	if err != nil {
		return false
	}
	for _, root := range append([]string{s.dir}, s.roots...) {
		if root, err = filepath.EvalSymlinks(root); err != nil {
			continue
		}
		if rel, err := filepath.Rel(root, real); err == nil && filepath.IsLocal(rel) {
			return true
		}
	}
	return false
}
