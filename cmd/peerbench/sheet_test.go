package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// twoLines are ours at 10, 20 and 30 µs, and a peer at twice that, which
// answers half as many requests.
func twoLines() []*line {
	var all []*line
	for i, name := range []string{ours, nginx} {
		l := &line{Row: "page", Work: "dynamic page", Load: "64 connections", Stack: name, RSS: 3 << 20}
		for round := range 3 {
			l.Samples = append(l.Samples, sample{
				Requests: 1000, CPU: time.Duration(10*(round+1)*(i+1)) * time.Microsecond,
				Rate: float64(20_000 / (i + 1)), P99: time.Duration(i+1) * time.Millisecond,
			})
		}
		all = append(all, l)
	}
	for _, l := range all {
		l.conclude(all[0])
	}
	return all
}

func TestConclude(t *testing.T) {
	l := twoLines()[1]
	if l.CPU != 40*time.Microsecond || l.Spread != 20*time.Microsecond || l.Ratio != 0.5 || l.Throughput != 2 || l.P99 != 2*time.Millisecond {
		t.Errorf("%+v", l)
	}
}

func TestTableOfChains(t *testing.T) {
	s := &sheet{Go: "1.26", Processors: 2, Rounds: 3, Logs: true, Lines: twoLines(), Missing: []string{"Caddy (caddy is not installed)"}}
	s.Lines = append(s.Lines, &line{Row: "idle", Work: "idle connections", Stack: ours, Note: "5.8 KiB each"})
	want := `Processor time of all server processes for one request; median of 3 interleaved rounds, with access logs everywhere, Go 1.26, 2 processors shared with the client.

| work | load | stack | CPU, µs | Dram needs | requests/s | p99, ms | RSS, MiB |
|---|---|---|--:|--:|--:|--:|--:|
| dynamic page | 64 connections | Dram | 20.0 ± 10.0 |  | 20,000 | 1.00 | 3 |
|  |  | nginx | 40.0 ± 20.0 | 0.50 | 10,000 | 2.00 | 3 |

idle connections, Dram: 5.8 KiB each.

Not measured: Caddy (caddy is not installed).
`
	if got := s.markdown(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestFilesOfASheet(t *testing.T) {
	dir := t.TempDir()
	o := chainOptions{json: filepath.Join(dir, "a.json"), markdown: filepath.Join(dir, "a.md"), readme: filepath.Join(dir, "README.md")}
	write := func(text string) {
		if err := os.WriteFile(o.readme, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := &sheet{Lines: twoLines()}
	write("no marks")
	if err := s.write(o); err == nil || !strings.Contains(err.Error(), "README.md") {
		t.Errorf("a file without marks: %v", err)
	}
	write("before\n" + tableBegins + "old\n" + tableEnds + "\nafter\n")
	if err := s.write(o); err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile(o.markdown)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(o.readme); string(got) != "before\n"+tableBegins+string(table)+tableEnds+"\nafter\n" {
		t.Errorf("the file became\n%s", got)
	}
	text, _ := os.ReadFile(o.json)
	var back sheet
	if err := json.Unmarshal(text, &back); err != nil || len(back.Lines) != 2 || back.Lines[1].Ratio != 0.5 {
		t.Errorf("%v, %+v", err, back)
	}
}

func TestFigures(t *testing.T) {
	for x, want := range map[float64]string{0.123: "0.12", 9.876: "9.88", 12.34: "12.3", 123.4: "123", 1234567: "1,234,567", 999.7: "1,000"} {
		if got := figure(x); got != want {
			t.Errorf("%v is written %s, want %s", x, got, want)
		}
	}
	for x, want := range map[float64]string{0.65: "0.65", 0.025: "1/40", 0: "0.00", 1.5: "1.50"} {
		if got := ratio(x); got != want {
			t.Errorf("%v is written %s, want %s", x, got, want)
		}
	}
}
