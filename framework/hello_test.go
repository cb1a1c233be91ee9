package dram_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// maxHello is what hello world may weigh as it is shipped, without debug
// information. net/http and html/template alone have two thirds of it.
const maxHello = 12 << 20

func TestHelloWorldLinksNoHeavyThings(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "./testdata/hello").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	heavy := []string{
		"go-sqlite3", "goose", "cobra", "sqlx", "pgx", "coder/websocket", "go-mail", "golang.org/x/net",
		"database/sql", "framework/db", "framework/socket", "dram/runner", "dram/devserver",
	}
	for _, dep := range deps {
		for _, h := range heavy {
			if strings.Contains(dep, h) && !strings.HasPrefix(dep, "vendor/") { // the standard library's own
				t.Errorf("hello world links %s", dep)
			}
		}
	}
	if len(deps) < 50 {
		t.Errorf("only %d packages listed", len(deps))
	}
}

func TestHelloWorldIsSmall(t *testing.T) {
	if testing.Short() {
		t.Skip("links a program")
	}
	program := filepath.Join(t.TempDir(), "hello")
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", program, "./testdata/hello")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	info, err := os.Stat(program)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > maxHello {
		t.Errorf("hello world has %d bytes, %d are allowed", info.Size(), maxHello)
	}
	source, err := os.ReadFile("testdata/hello/main.go")
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(source), "func main() {")
	if lines := strings.Count(strings.TrimSpace(body), "\n"); lines > 10 {
		t.Errorf("hello world has %d lines", lines)
	}
}
