package runner

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/dram-go/dram/framework/config"
)

func readme(t *testing.T) string {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestReadmeNamesVerbsThatExist: whoever types what the README says finds it.
func TestReadmeNamesVerbsThatExist(t *testing.T) {
	root := (&program{args: []string{"forum"}}).root()
	own := map[string]bool{"sql": true} // of package db
	calls := regexp.MustCompile(`\./forum ([a-z]+)((?: [a-z]+)?)((?: --[a-z-]+)?)`).FindAllStringSubmatch(readme(t), -1)
	if len(calls) < 10 {
		t.Errorf("only %d calls were found", len(calls))
	}
	for _, call := range calls {
		if own[call[1]] {
			continue
		}
		c, rest, err := root.Find(strings.Fields(call[1] + call[2]))
		if err != nil || c == root || c.HasSubCommands() || len(rest) > 0 && c.HasParent() && c.Parent() != root {
			t.Errorf("%s: no such verb (%v)", call[0], err)
			continue
		}
		if flag := strings.TrimPrefix(call[3], " --"); flag != "" && c.Flag(flag) == nil {
			t.Errorf("%s: no such flag", call[0])
		}
	}
}

// TestReadmeSettings: each piece of dram.toml in the README is one.
func TestReadmeSettings(t *testing.T) {
	blocks := regexp.MustCompile("(?s)```toml\n(.*?)```").FindAllStringSubmatch(readme(t), -1)
	if len(blocks) < 3 {
		t.Errorf("only %d pieces were found", len(blocks))
	}
	for _, block := range blocks {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "dram.toml"), []byte(block[1]), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := config.Load(config.Options{Dir: dir, Environ: []string{}}); err != nil {
			t.Errorf("%v in\n%s", err, block[1])
		}
	}
}
