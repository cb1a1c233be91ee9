package h1

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the transcripts anew")

// TestTranscripts compares what goes over the wire, octet by octet, with the
// files of testdata/transcripts: lines of ">" are sent, lines of "<" must come
// back before the server ends the connection, or until we have ended it.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/transcripts/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			recorded, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			comment, sent := readTranscript(t, recorded)
			s := newSite(t, Options{}, handled(app))
			c := s.dial().say(sent)
			if err := c.CloseWrite(); err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(c.in)
			if err != nil {
				t.Error(err)
			}
			now := comment + quoted(">", sent) + quoted("<", undated(string(got)))
			if *update {
				if err := os.WriteFile(file, []byte(now), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if now != string(recorded) {
				t.Errorf("got\n%s\nwant\n%s", now, recorded)
			}
		})
	}
}

func readTranscript(t *testing.T, b []byte) (comment, sent string) {
	for line := range bytes.Lines(b) {
		text, ok := strings.CutPrefix(string(line), "> ")
		if !ok {
			if line[0] == '#' {
				comment += string(line)
			}
			continue
		}
		part, err := strconv.Unquote(strings.TrimSpace(text))
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		sent += part
	}
	return comment, sent
}

func quoted(mark, text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		fmt.Fprintf(&b, "%s %q\n", mark, line)
	}
	return b.String()
}
