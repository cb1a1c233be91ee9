package promlint

import (
	"bytes"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/dram-go/dram/runner/metrics"
)

// registry has one of everything, with what is hard to write.
func registry(t *testing.T) string {
	t.Helper()
	r := prometheus.NewRegistry()
	count := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "c_total", Help: "A \\ help\nof \"two\" lines."}, []string{"a", "b"})
	count.WithLabelValues("x\"\\\n", "").Add(2.5)
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{Name: "g", Help: "Odd."})
	gauge.Set(math.Inf(-1))
	times := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "h_seconds", Help: "Times.", Buckets: []float64{0.001, 2.5}})
	times.Observe(1e-9)
	times.Observe(3)
	parts := prometheus.NewSummary(prometheus.SummaryOpts{Name: "s_seconds", Help: "Parts.", Objectives: map[float64]float64{0.5: 0.05}})
	parts.Observe(1)
	r.MustRegister(count, gauge, times, parts)
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&b, f); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// TestTheirTextIsUnderstood: what the library writes comes out of a book as it
// reads it.
func TestTheirTextIsUnderstood(t *testing.T) {
	text := registry(t)
	var b metrics.Book
	b.Say("", text)
	merged, broken := b.Text()
	if len(broken) > 0 {
		t.Fatal(broken)
	}
	want, got := parsed(t, text), parsed(t, string(merged))
	if !slices.Equal(want, got) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// parsed is a text as the library reads it.
func parsed(t *testing.T, text string) (lines []string) {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	for _, f := range families {
		lines = append(lines, f.String())
	}
	slices.Sort(lines)
	return lines
}

// TestFiguresOfATree asks a running app as Prometheus does.
func TestFiguresOfATree(t *testing.T) {
	dir := t.TempDir()
	binary := filepath.Join(dir, "app")
	if out, err := exec.Command("go", "build", "-o", binary, "./app").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	if err := os.WriteFile(filepath.Join(dir, "dram.toml"), []byte("[metrics]\nlisten = \""+address+"\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	app := exec.Command(binary, "serve", "--listen", "127.0.0.1:0")
	app.Dir, app.Stderr = dir, io.Discard
	out, err := app.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(); err != nil {
		t.Fatal(err)
	}
	defer app.Wait()
	defer app.Process.Signal(os.Interrupt)
	first := make([]byte, 200)
	n, err := out.Read(first)
	site := regexp.MustCompile(`http://\S+`).FindString(string(first[:n]))
	if site == "" {
		t.Fatalf("%q, %v", first[:n], err)
	}
	client := &http.Client{Timeout: 30 * time.Second}
	for range 3 {
		resp, err := client.Get(site)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	resp, err := client.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s, %v\n%s", resp.Status, err, text)
	}
	parsed(t, string(text))
	problems, err := promlint.New(bytes.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	for _, line := range []string{"pages_total 3\n", "dram_requests_total{method=\"GET\",status=\"200\"} 3\n"} {
		if !strings.Contains(string(text), line) {
			t.Errorf("no %q in\n%s", line, text)
		}
	}
}
