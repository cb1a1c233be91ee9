package pgtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestServer(t *testing.T) {
	s := New()
	s.Stop() // of nothing
	s = New()
	t.Cleanup(s.Stop)
	ask := func(url, query string) (string, error) {
		out, err := exec.Command(filepath.Join(s.programs, "psql"), "-qtAXc", query, url).CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	var first string
	t.Run("databases", func(t *testing.T) {
		first = s.URL(t)
		second, missing := s.URL(t), s.Missing(t)
		if _, err := ask(first, "CREATE TABLE only_here (x INTEGER)"); err != nil {
			t.Fatal(err)
		}
		if out, err := ask(second, "SELECT count(*) FROM pg_class WHERE relname = 'only_here'"); err != nil || out != "0" {
			t.Errorf("two tests share a database: %s, %v", out, err)
		}
		if out, err := ask(missing, "SELECT 1"); err == nil {
			t.Errorf("a missing database answers %s", out)
		}
	})
	if out, err := ask(first, "SELECT 1"); err == nil {
		t.Errorf("a database outlives its test and answers %s", out)
	}
	s.Stop()
	if _, err := os.Stat(s.dir); !os.IsNotExist(err) {
		t.Errorf("files are left: %v", err)
	}
	s.dir = "" // stopped already
	s.cmd = nil
}
