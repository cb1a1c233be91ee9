package main

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/valyala/quicktemplate"

	"github.com/dram-go/dram/cmd/peerbench/listpage"
)

// writer is one way to write the page to the end of a buffer.
type writer struct {
	name  string
	write func(*bytes.Buffer) error
}

// writers returns every way to write the page. The first is what the others
// are compared with; the second is what can be had at best.
func writers(page *listpage.Page) ([]writer, error) {
	stock, err := listpage.Set(false)
	if err != nil {
		return nil, err
	}
	compiled, err := listpage.Set(true)
	if err != nil {
		return nil, err
	}
	var hand []byte
	return []writer{
		{"html/template, Go " + goVersion(), func(b *bytes.Buffer) error { return stock.Render(b, listpage.Name, page, nil) }},
		{"Go by hand", func(b *bytes.Buffer) error {
			hand = listpage.Append(hand[:0], page)
			_, err := b.Write(hand)
			return err
		}},
		{"Dram, compiled html/template", func(b *bytes.Buffer) error { return compiled.Render(b, listpage.Name, page, nil) }},
		{"quicktemplate " + version("github.com/valyala/quicktemplate"), func(b *bytes.Buffer) error {
			w := quicktemplate.AcquireWriter(b)
			listpage.StreamQuick(w, page)
			quicktemplate.ReleaseWriter(w)
			return nil
		}},
		{"templ " + version("github.com/a-h/templ"), func(b *bytes.Buffer) error { return listpage.Templ(page).Render(context.Background(), b) }},
	}, nil
}

// templateLaps returns a lap for each writer, with a buffer of its own.
func templateLaps(page *listpage.Page) ([]*lap, error) {
	all, err := writers(page)
	if err != nil {
		return nil, err
	}
	var laps []*lap
	for _, w := range all {
		var buf bytes.Buffer
		laps = append(laps, &lap{name: w.name, pass: func() {
			buf.Reset()
			if err := w.write(&buf); err != nil {
				panic(w.name + ": " + err.Error())
			}
		}})
	}
	return laps, nil
}

// markdown prints the figures as a table, each against the first lap and the
// second.
func markdown(w io.Writer, laps []*lap) error {
	text := "| ten rows | µs | ± | × html/template | × by hand | allocations |\n|---|--:|--:|--:|--:|--:|\n"
	for _, l := range laps {
		low, middle, high := quartiles(l.ns)
		text += fmt.Sprintf("| %s | %.2f | %.2f | %.3f | %.2f | %.0f |\n",
			l.name, middle/1e3, (high-low)/2e3, l.ratio(laps[0]), l.ratio(laps[1]), l.allocs)
	}
	_, err := io.WriteString(w, text)
	return err
}
