package onrunner

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/dram-go/dram/runner"
)

// These are whole programs.

func ExampleNewChi() {
	main := func() { runner.Main(NewChi) }
	_ = main
}

func ExampleNewGin() {
	main := func() { runner.Main(NewGin) }
	_ = main
}

func ExampleNewEcho() {
	main := func() { runner.Main(NewEcho) }
	_ = main
}

// appVariable makes this test binary the app of that name.
const appVariable = "ONRUNNER_APP"

func TestMain(m *testing.M) {
	switch os.Getenv(appVariable) {
	case "chi":
		runner.Main(NewChi)
	case "gin":
		runner.Main(NewGin)
	case "echo":
		runner.Main(NewEcho)
	}
	os.Exit(m.Run())
}

// TestOthersRunAndReload serves each app with workers, reloads it and asks it.
func TestOthersRunAndReload(t *testing.T) {
	for _, app := range []string{"chi", "gin", "echo"} {
		t.Run(app, func(t *testing.T) {
			dir := t.TempDir()
			command := func(args ...string) *exec.Cmd {
				cmd := exec.Command(os.Args[0], args...)
				cmd.Dir, cmd.Env, cmd.Stderr = dir, append(os.Environ(), appVariable+"="+app, "DRAM_RELOAD_SOAK=0s"), os.Stderr
				return cmd
			}
			serve := command("serve", "--listen", "127.0.0.1:0", "--workers", "1")
			out, err := serve.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := serve.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				serve.Process.Signal(syscall.SIGTERM)
				_ = serve.Wait()
			}()
			line, err := bufio.NewReader(out).ReadString('\n')
			url, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
			if err != nil || !ok {
				t.Fatalf("printed %q, %v", line, err)
			}
			for range 2 {
				resp, err := http.Get(url + "/hello/dram")
				if err != nil {
					t.Fatal(err)
				}
				b, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if want := "hello dram from " + app; err != nil || string(b) != want {
					t.Errorf("%q, %v, want %q", b, err, want)
				}
				if out, err := command("reload").Output(); err != nil {
					t.Fatalf("reload: %v\n%s", err, out)
				}
			}
		})
	}
}
