package runner

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What replaces a process that crashed is what was deployed, whatever has
// become of the settings file since.
func TestRestartedProcessesKeepTheirSettings(t *testing.T) {
	t.Parallel()
	s := newSite(t, "version=1")
	toml := filepath.Join(s.dir, "dram.toml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(toml, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("[locale]\ndefault = \"ko\"\n")
	r := s.start("serve", "--listen", "127.0.0.1:0", "--workers", "1")
	want := filepath.Base(s.dir) + " " + s.dir + " ko"
	for name, text := range map[string]string{"invalid": "nonsense", "valid": "[locale]\ndefault = \"ja\"\n"} {
		write(text)
		before := s.status()
		syscall.Kill(before.Workers[0].PID, syscall.SIGKILL)
		syscall.Kill(before.Front.PID, syscall.SIGKILL)
		s.await("new ones serve", func() bool {
			st := s.status()
			return st.Front != nil && st.Front.State == ready && st.Front.PID != before.Front.PID &&
				len(st.Workers) == 1 && st.Workers[0].State == ready && st.Workers[0].PID != before.Workers[0].PID
		})
		if got := r.get("/settings"); got != want {
			t.Fatalf("with an %s edit a new worker says %q, want %q", name, got, want)
		}
		write("")
	}
	write("[locale]\ndefault = \"ja\"\n")
	s.must("reload")
	if got, want := r.get("/settings"), strings.TrimSuffix(want, "ko")+"ja"; got != want {
		t.Fatalf("after the reload: %q, want %q", got, want)
	}
	kept, err := filepath.Glob(filepath.Join(s.dir, ".dram", "state", "config", "*"))
	if err != nil || len(kept) != 2 {
		t.Fatalf("kept settings %v, %v, want those of this generation and the one before", kept, err)
	}
	r.stop()
}

func TestKeepSettings(t *testing.T) {
	root := filepath.Join(t.TempDir(), "my board")
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, ".dram"), 0o700); err != nil {
		t.Fatal(err)
	}
	secret := strings.Repeat("s", 40)
	for name, text := range map[string]string{"site.toml": "[workers]\ncount = 5\n", ".dram/secret": secret, "url": "sqlite:here.db"} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := keepSettings(filepath.Join(root, "site.toml"), dir, 3)
	if err != nil {
		t.Fatal(err)
	}
	conf, err := kept.load(nil)
	if err != nil {
		t.Fatal(err)
	}
	if conf.Root != root || conf.Name != "my-board" || conf.Workers.Count != 5 || conf.Secret != secret {
		t.Fatalf("root %s, name %s, %d workers, secret %q", conf.Root, conf.Name, conf.Workers.Count, conf.Secret)
	}
	got := absoluteSecrets([]string{"DRAM_DATABASE_URL_FILE=url", "DRAM_APP_LOG_FILE=x", "PATH=/bin", "SECRET_KEY_FILE=/s"}, root)
	want := []string{"DRAM_DATABASE_URL_FILE=" + root + "/url", "DRAM_APP_LOG_FILE=x", "PATH=/bin", "SECRET_KEY_FILE=/s"}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal(d)
	}
	// Without a file the settings are kept too: as none.
	if kept, err = keepSettings(filepath.Join(root, "none.toml"), dir, 4); err != nil {
		t.Fatal(err)
	}
	if _, err := kept.load(nil); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "5"), 0o700); err != nil { // of a reload that has begun
		t.Fatal(err)
	}
	if err := pruneSettings(dir, 4, 4); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 2 || left[0].Name() != "4" {
		t.Fatalf("left: %v", left)
	}
}
