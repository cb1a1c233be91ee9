package chaos

import (
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/dram-go/dram/runner"
	"github.com/dram-go/dram/runner/load"
)

var (
	long  = flag.Bool("chaos.long", false, "the long forms: more of everything, and the same against nginx and gunicorn")
	seed  = flag.Uint64("chaos.seed", 0, "what chance decides; 0: another one each time")
	table = flag.Bool("chaos.table", false, "print a table of all scenarios in Markdown")
)

// appVariable makes this test binary the app: a copy of it, with a line of
// settings behind its end, is the app's binary of one version.
const appVariable = "CHAOS_APP"

// results are the rows of the table, from all tests of this process.
var results struct {
	sync.Mutex
	rows []row
}

// row is one line of the table: a scenario, or another server's.
type row struct {
	scenario                           string
	requests, lost, duplicated, errors int64
	refused                            int64 // while nobody listened; not among the lost
	cut                                int64 // connections closed while idle, without a goodbye
	max                                time.Duration
}

func TestMain(m *testing.M) {
	if os.Getenv(appVariable) != "" {
		playRole()
		runner.Main(newApp)
	}
	if os.Getenv(peerVariable) != "" {
		if err := serveAsPeer(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	flag.Parse()
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
		// Scenarios wait more than they compute.
		if err := parallel.Value.Set(strconv.Itoa(2 * runtime.GOMAXPROCS(0))); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	os.Exit(runAll(m))
}

// playRole is the process of a worker that acts from a transcript, where the
// settings say so.
func playRole() {
	settings, err := readSettings()
	if err != nil || settings["transcript"] == "" || len(os.Args) < 2 || os.Args[1] != "__worker" {
		return
	}
	if err := playWorker(settings["transcript"]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func runAll(m *testing.M) int {
	dir, err := os.MkdirTemp("", "chaos")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if appBinary, err = buildApp(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if *table {
		printTable()
	}
	return code
}

// appBinary is what sites copy.
var appBinary string

// buildApp finds the test binary to serve as the app. One with the race
// detector takes twenty times as long for a reload, so then another one is
// built; the tests of package runner look for races in trees.
func buildApp(dir string) (string, error) {
	if !raced {
		return os.Executable()
	}
	path := filepath.Join(dir, "app")
	out, err := exec.Command("go", "test", "-c", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the app of the scenarios: %w\n%s", err, out)
	}
	return path, nil
}

func record(r row) {
	results.Lock()
	defer results.Unlock()
	results.rows = append(results.rows, r)
}

func printTable() {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| scenario\t| requests\t| lost\t| duplicated\t| 5xx\t| refused\t| closed while idle\t| max latency\t|")
	fmt.Fprintln(w, "|---\t|---:\t|---:\t|---:\t|---:\t|---:\t|---:\t|---:\t|")
	for _, r := range results.rows {
		fmt.Fprintf(w, "| %s\t| %d\t| %d\t| %d\t| %d\t| %d\t| %d\t| %v\t|\n", r.scenario, r.requests, r.lost, r.duplicated, r.errors, r.refused, r.cut, r.max.Round(time.Millisecond))
	}
	w.Flush()
}

// add sums a report up in the row.
func (r *row) add(o *load.Report) {
	r.requests += o.Sent
	r.lost += o.Lost - o.Failures[load.Refused]
	r.refused += o.Failures[load.Refused]
	r.duplicated += o.Duplicated
	r.errors += o.Errors5xx()
	r.cut += o.Connections.Dropped
	r.max = max(r.max, o.Latency.Max)
}

// chance decides what a scenario leaves open, the same again for a seed.
func chance(t *testing.T) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(t.Name()))
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the same again: make chaos SEED=%d RUN='^%s$'", *seed, strings.Split(t.Name(), "/")[0])
		}
	})
	return rand.New(rand.NewPCG(*seed, h.Sum64()))
}

// times is how often a scenario does something: briefly, or in its long form.
func times(brief, full int) int {
	if *long {
		return full
	}
	return brief
}
