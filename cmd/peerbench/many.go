package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/dram-go/dram/cmd/peerbench/stack"
)

// manyFiles is how many files there are at most, and fewFiles how few of them
// are asked for to compare with.
const (
	manyFiles = 100_000
	fewFiles  = 10
)

// many measures what it costs that the file that is asked for is one of many.
func many(b *bench, r row) ([]*line, error) {
	if _, err := exec.LookPath("wrk"); err != nil { // which alone can ask for one at random
		b.missing["row "+r.name+" (wrk is not installed)"] = true
		return nil, nil
	}
	if err := writeMany(b.manyFiles(), manyFiles); err != nil {
		return nil, err
	}
	defer os.RemoveAll(b.manyFiles())
	stacks, err := b.startAll(r.contestants)
	if err != nil {
		return nil, err
	}
	defer stopAll(stacks)
	var all []*line
	for _, n := range []int{fewFiles, manyFiles} {
		l, among := r.loads[0], r
		among.title = fmt.Sprintf("%s, one of %s at random", r.title, thousands(float64(n)))
		if l.script, err = b.randomScript(n); err != nil {
			return nil, err
		}
		for _, s := range stacks { // each file once, or nearly
			if _, err := l.press(context.Background(), s.URL+r.path, time.Duration(n)*time.Second/20_000); err != nil {
				return nil, fmt.Errorf("%s: %w", s.Name, err)
			}
		}
		lines, err := b.race(among, l, stacks)
		if err != nil {
			return nil, err
		}
		all = append(all, lines...)
	}
	return append(all, growth(r, all[:len(stacks)], all[len(stacks):])...), nil
}

// growth says how much more each stack needs for one of many files.
func growth(r row, few, many []*line) (notes []*line) {
	for i, l := range many {
		times := float64(l.CPU) / float64(few[i].CPU)
		note := &line{Row: r.name, Work: fmt.Sprintf("one of %s files beside one of %d", thousands(manyFiles), fewFiles), Stack: l.Stack, Note: fmt.Sprintf("%.2f times the processor time", times)}
		fmt.Fprintln(os.Stderr, "  "+note.String())
		notes = append(notes, note)
	}
	return notes
}

func (b *bench) manyFiles() string { return filepath.Join(b.dir, "many") }

// manyName is the path of a file below their directory, which has a hundred
// directories.
const manyName = "%02d/%d.bin"

// writeMany makes n files of 1 KiB.
func writeMany(dir string, n int) error {
	source := rand.NewChaCha8([32]byte{1})
	content := make([]byte, 1<<10)
	for i := range 100 {
		if err := os.MkdirAll(filepath.Join(dir, fmt.Sprintf("%02d", i)), 0o755); err != nil {
			return err
		}
	}
	for i := range n {
		_, _ = source.Read(content) // it never fails
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf(manyName, i%100, i)), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// randomScript has wrk ask for one of n files at random.
func (b *bench) randomScript(n int) (string, error) {
	script := `math.randomseed(1)
request = function()
	local i = math.random(0, ` + strconv.Itoa(n-1) + `)
	return string.format("GET /static/` + manyName + ` HTTP/1.1\r\nHost: a\r\n\r\n", i % 100, i)
end
`
	name := filepath.Join(b.dir, "random-"+strconv.Itoa(n)+".lua")
	return name, os.WriteFile(name, []byte(script), 0o644)
}

// dramMany serves a directory. As nginx is told how many files to keep open,
// Dram is told how much memory files may take.
func dramMany(b *bench, name string) (*stack.Stack, error) {
	d, err := stack.Page("")
	if err != nil {
		return nil, err
	}
	d.Log = b.log
	d.Config = fmt.Sprintf("[static]\nmemory = \"512MiB\"\n[static.directories.many]\nprefix = \"/static/\"\npath = %q\n", b.manyFiles())
	return stack.StartDram(b.dir, name, d)
}

func nginxMany(b *bench, name string) (*stack.Stack, error) {
	return stack.StartNginx(b.dir, name, stack.Proxy{Files: b.manyFiles(), Log: b.log, Ready: manyReady})
}

func caddyMany(b *bench, name string) (*stack.Stack, error) {
	return stack.StartCaddy(b.dir, name, stack.Proxy{Files: b.manyFiles(), Log: b.log, Ready: manyReady})
}

const manyReady = "/static/00/0.bin"
