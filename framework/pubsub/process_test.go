package pubsub_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/pubsub"
)

// worker is the variable that makes this test binary a worker: it echoes what
// it hears to its output and publishes the lines of its input.
const worker = "PUBSUB_TEST_WORKER"

func TestMain(m *testing.M) {
	if name := os.Getenv(worker); name != "" {
		if err := work(name); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func work(name string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	bus := pubsub.New(pubsub.Options{}) // by DRAM_HUB
	if err := bus.Start(ctx); err != nil {
		return err
	}
	heard := bus.Subscribe(ctx, "news")
	go func() {
		for m := range heard {
			fmt.Printf("%s heard %s%v\n", name, m.Data, m.Gap)
		}
	}()
	fmt.Println("ready")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		if err := bus.Publish(ctx, "news", in.Bytes()); err != nil {
			return err
		}
	}
	return bus.Close(ctx)
}

// child is a worker process.
type child struct {
	t    *testing.T
	say  io.WriteCloser
	hear *bufio.Reader
}

func start(t *testing.T, name, socket string) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), worker+"="+name, pubsub.HubVariable+"="+socket)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// A worker that hangs would hang the test; killed, it ends what reads it.
	guard := time.AfterFunc(30*time.Second, func() { cmd.Process.Kill() })
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("worker %s: %v", name, err)
		}
		guard.Stop()
	})
	c := &child{t: t, say: in, hear: bufio.NewReader(out)}
	c.expect("ready")
	return c
}

func (c *child) expect(want string) {
	c.t.Helper()
	line, err := c.hear.ReadString('\n')
	if strings.TrimSpace(line) != want {
		c.t.Fatalf("a worker wrote %q (%v), want %q", line, err, want)
	}
}

func serveHub(t *testing.T, socket string) (stop func()) {
	t.Helper()
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- new(pubsub.Hub).Serve(ctx, l) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("hub: %v", err)
		}
	}
}

// TestRealProcesses: two workers at a real socket, while the hub goes away and
// comes back.
func TestRealProcesses(t *testing.T) {
	dir, err := os.MkdirTemp("", "hub") // t.TempDir is too long for a socket's path
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	socket := filepath.Join(dir, "s")
	stop := serveHub(t, socket)
	a, b := start(t, "a", socket), start(t, "b", socket)
	fmt.Fprintln(a.say, "one")
	a.expect("a heard onefalse")
	b.expect("b heard onefalse")
	stop()
	stop = serveHub(t, socket)
	defer func() { stop() }()
	a.expect("a heard true")
	b.expect("b heard true")
	fmt.Fprintln(b.say, "two")
	b2, err := b.hear.ReadString('\n')
	for err == nil && b2 == "b heard true\n" { // a could not know whether one had arrived
		b2, err = b.hear.ReadString('\n')
	}
	if b2 != "b heard twofalse\n" {
		t.Fatalf("b wrote %q, %v", b2, err)
	}
	a.expect("a heard twofalse")
}

func TestNoHubAtThePath(t *testing.T) {
	bus := pubsub.New(pubsub.Options{Hub: filepath.Join(t.TempDir(), "none")})
	err := bus.Check(t.Context())
	if err == nil || !strings.Contains(err.Error(), "none") || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("Check: %v", err)
	}
	if err := pubsub.New(pubsub.Options{}).Check(t.Context()); err != nil {
		t.Errorf("Check of a node that stays in its process: %v", err)
	}
}

// TestHubVariableIsNoSetting: the strict loader of settings must not take the
// runner's variable for a misspelt one.
func TestHubVariableIsNoSetting(t *testing.T) {
	_, err := config.Load(config.Options{Dir: t.TempDir(), Environ: []string{pubsub.HubVariable + "=/run/qna/hub.sock"}})
	if err != nil {
		t.Error(err)
	}
}
