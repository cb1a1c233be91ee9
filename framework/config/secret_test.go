package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestSecretSources(t *testing.T) {
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one"), filepath.Join(dir, "two")
	writeFile(t, one, long+"1\n", 0o444)
	writeFile(t, two, long+"2\r\n", 0o444)
	writeFile(t, filepath.Join(dir, "empty"), "\n", 0o444)
	tests := []struct {
		name    string
		environ []string
		want    string // the secret's last digit, or the fault
		origin  string
	}{
		{"own name", []string{"DRAM_SECRET=" + long + "1"}, "1", "DRAM_SECRET"},
		{"everybody's name", []string{"SECRET_KEY=" + long + "1"}, "1", "SECRET_KEY"},
		{"own file", []string{"DRAM_SECRET_FILE=" + one}, "1", "DRAM_SECRET_FILE"},
		{"everybody's file, relative", []string{"SECRET_KEY_FILE=two"}, "2", "SECRET_KEY_FILE"},
		{"two names agree", []string{"SECRET_KEY=" + long + "1", "DRAM_SECRET_FILE=" + one}, "1", "DRAM_SECRET_FILE"},
		{"two names disagree", []string{"SECRET_KEY=" + long + "1", "DRAM_SECRET=" + long + "2"}, "SECRET_KEY: has another value than DRAM_SECRET, which sets the same: unset one of them", ""},
		{"name and file disagree", []string{"SECRET_KEY=" + long + "1", "SECRET_KEY_FILE=two"}, "SECRET_KEY_FILE: has another value than SECRET_KEY, which sets the same: unset one of them", ""},
		{"missing file", []string{"SECRET_KEY_FILE=no"}, "SECRET_KEY_FILE: cannot read the secret: open " + filepath.Join(dir, "no"), ""},
		{"empty file", []string{"SECRET_KEY_FILE=empty"}, "SECRET_KEY_FILE: file " + filepath.Join(dir, "empty") + " is empty, expected a secret", ""},
		{"empty variables", []string{"SECRET_KEY=", "SECRET_KEY_FILE="}, "", "default"},
		{"no secret has a file", []string{"DRAM_NAME_FILE=" + one}, "DRAM_NAME_FILE: unknown variable DRAM_NAME_FILE", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			conf, err := Load(Options{Dir: dir, Environ: tt.environ})
			if err != nil {
				if tt.origin != "" || !strings.HasPrefix(err.Error(), tt.want) {
					t.Errorf("error %v, want %s", err, tt.want)
				}
				if strings.Contains(err.Error(), long) {
					t.Error("the fault shows the secret")
				}
				return
			}
			if got := setting(conf, "secret").Origin; got != tt.origin {
				t.Errorf("origin %q, want %q", got, tt.origin)
			}
			if got := strings.TrimPrefix(conf.Secret, long); got != tt.want {
				t.Errorf("secret …%q, want …%q", got, tt.want)
			}
		})
	}
}

func TestDatabaseURLNames(t *testing.T) {
	conf := load(t, Options{Dir: t.TempDir(), Environ: []string{"DATABASE_URL=postgres://u:hunter2@h/n"}})
	if conf.Database.URL != "postgres://u:hunter2@h/n" {
		t.Errorf("url %q", conf.Database.URL)
	}
	got := faults(t, Options{Dir: t.TempDir(), Environ: []string{"DATABASE_URL=postgres://u:hunter2@h/n", "DRAM_DATABASE_URL=sqlite:x"}})
	if want := "DATABASE_URL: has another value than DRAM_DATABASE_URL, which sets the same: unset one of them"; got[0] != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestGenerateSecret(t *testing.T) {
	root := t.TempDir()
	path, created, err := GenerateSecret(root)
	if err != nil || !created {
		t.Fatalf("GenerateSecret: created %v, %v", created, err)
	}
	first := load(t, Options{Dir: root})
	if len(first.Secret) < minSecret || setting(first, "secret").Origin != ".dram/secret" {
		t.Errorf("secret of %d characters from %q", len(first.Secret), setting(first, "secret").Origin)
	}
	for name, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700 | os.ModeDir} {
		info, err := os.Stat(name)
		if err != nil || info.Mode() != want {
			t.Errorf("%s has mode %v, want %v (%v)", name, info.Mode(), want, err)
		}
	}
	if _, created, err := GenerateSecret(root); err != nil || created {
		t.Errorf("second call: created %v, %v", created, err)
	}
	if load(t, Options{Dir: root}).Secret != first.Secret {
		t.Error("the second call changed the secret")
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	if set := load(t, Options{Dir: root, Environ: []string{"SECRET_KEY=" + long}}); set.Secret != long {
		t.Error("the generated secret goes over the environment")
	}
}

func TestGenerateSecretAtOnce(t *testing.T) {
	root := t.TempDir()
	var made [8]bool
	var secrets [8]string
	var wg sync.WaitGroup
	for i := range made {
		wg.Go(func() {
			path, created, err := GenerateSecret(root)
			text, readErr := os.ReadFile(path)
			if err != nil || readErr != nil {
				t.Error(err, readErr)
			}
			made[i], secrets[i] = created, string(text)
		})
	}
	wg.Wait()
	count := 0
	for i := range made {
		if made[i] {
			count++
		}
		if secrets[i] != secrets[0] {
			t.Error("two callers saw different secrets")
		}
	}
	if count != 1 {
		t.Errorf("%d callers made the secret, want 1", count)
	}
}

func TestWriteOnceNeverReplaces(t *testing.T) {
	for name, write := range map[string]func(string, string) error{"link": writeOnce, "exclusive": writeExclusive} {
		path := filepath.Join(t.TempDir(), "secret")
		if err := write(path, "first"); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := write(path, "second"); !os.IsExist(err) {
			t.Errorf("%s: second write: %v, want that it exists", name, err)
		}
		if text, _ := os.ReadFile(path); string(text) != "first" {
			t.Errorf("%s: content %q", name, text)
		}
	}
}

func TestGeneratedSecretReadableByOthers(t *testing.T) {
	root := t.TempDir()
	path := secretPath(root)
	writeFile(t, path, long, 0o640)
	got := faults(t, Options{Dir: root})
	if want := ".dram/secret: others may read this secret (-rw-r-----): chmod 600 " + path; got[0] != want {
		t.Errorf("got %q, want %q", got[0], want)
	}
	load(t, Options{Dir: root, Environ: []string{"SECRET_KEY=" + long}}) // not used, not looked at
}

func TestPreviousSecrets(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "dram.toml")
	writeFile(t, file, `previous_secrets = ["`+long+`1", "`+long+`2"]`, 0o600)
	conf := load(t, Options{Dir: root})
	if !slices.Equal(conf.PreviousSecrets, []string{long + "1", long + "2"}) {
		t.Errorf("from the file: %q", conf.PreviousSecrets)
	}
	if s := setting(conf, "previous_secrets"); s.Value != masked || s.Origin != "dram.toml:1" {
		t.Errorf("shown as %+v", s)
	}
	conf = load(t, Options{Dir: root, Environ: []string{"DRAM_PREVIOUS_SECRETS=" + long + "3, " + long + "4"}})
	if !slices.Equal(conf.PreviousSecrets, []string{long + "3", long + "4"}) {
		t.Errorf("from the environment: %q", conf.PreviousSecrets)
	}
	mounted := filepath.Join(root, "mounted")
	writeFile(t, mounted, long+"5\n", 0o600)
	conf = load(t, Options{Dir: root, Environ: []string{"DRAM_PREVIOUS_SECRETS_FILE=" + mounted}})
	if !slices.Equal(conf.PreviousSecrets, []string{long + "5"}) {
		t.Errorf("from a file with secrets: %q", conf.PreviousSecrets)
	}
	writeFile(t, file, `previous_secrets = ["`+long+`", "hunter2"]`, 0o600)
	got := faults(t, Options{Dir: root})
	if want := "dram.toml:1: previous_secrets: expected a list of secrets of at least 32 characters, separated by commas in a variable"; got[0] != want {
		t.Errorf("got %q, want %q", got[0], want)
	}
}
