package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestManyFiles(t *testing.T) {
	b := &bench{dir: t.TempDir()}
	if err := writeMany(b.manyFiles(), 123); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"00/0.bin", "22/122.bin"} {
		if info, err := os.Stat(filepath.Join(b.manyFiles(), name)); err != nil || info.Size() != 1<<10 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	name, err := b.randomScript(123)
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"math.random(0, 122)", `"GET /static/%02d/%d.bin HTTP/1.1\r\nHost: a\r\n\r\n", i % 100, i)`} {
		if !strings.Contains(string(script), want) {
			t.Errorf("no %s in %s", want, script)
		}
	}
}

func TestGrowth(t *testing.T) {
	r := row{name: "files", title: "file"}
	few := []*line{{Row: "files", Work: "one of 10", Load: "64 connections", Stack: ours, CPU: 4 * time.Microsecond, Samples: make([]sample, 1)}}
	many := []*line{{Row: "files", Work: "one of 100,000", Load: "64 connections", Stack: ours, CPU: 5 * time.Microsecond, Samples: make([]sample, 1)}}
	notes := growth(r, few, many)
	text := (&sheet{Lines: append(append(few, many...), notes...)}).markdown()
	for _, want := range []string{"| one of 10 | 64 connections |", "| one of 100,000 | 64 connections |", "one of 100,000 files beside one of 10, Dram: 1.25 times the processor time."} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}
