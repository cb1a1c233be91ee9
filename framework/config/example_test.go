package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/dram-go/dram/framework/config"
)

// An app reads its own section into a struct of its own; what the struct holds
// before is the default.
func ExampleConfig_Decode() {
	dir, _ := os.MkdirTemp("", "qna")
	defer os.RemoveAll(dir)
	os.WriteFile(filepath.Join(dir, "dram.toml"), []byte(`
[app]
page_size = 20
`), 0o644)

	conf, err := config.Load(config.Options{Dir: dir, Environ: []string{"DRAM_APP_COOLDOWN=90s"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	settings := struct {
		PageSize int           `key:"page_size"`
		Cooldown time.Duration `key:"cooldown"`
		Title    string        `key:"title"`
	}{PageSize: 10, Title: "Board"}
	if err := conf.Decode("app", &settings); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(settings.PageSize, settings.Cooldown, settings.Title)
	// Output: 20 1m30s Board
}

// All that is wrong is reported at once.
func ExampleLoad_faults() {
	dir, _ := os.MkdirTemp("", "qna")
	defer os.RemoveAll(dir)
	os.WriteFile(filepath.Join(dir, "dram.toml"), []byte(`
[server]
lisen = ":80"

[workers]
graceful_timeout = 30
`), 0o644)

	_, err := config.Load(config.Options{Dir: dir, Environ: []string{"DRAM_ENV=prod"}})
	fmt.Println(err)
	// Output:
	// dram.toml:3: unknown key server.lisen, did you mean server.listen?
	// dram.toml:6: workers.graceful_timeout: expected a duration like "30s", "5m", "12h" or "30d", found 30
	// DRAM_ENV: env: expected production, development or test, found "prod"
}

// Later layers go over earlier ones, and each setting knows where it came from.
func ExampleLoad() {
	dir, _ := os.MkdirTemp("", "qna")
	defer os.RemoveAll(dir)
	os.WriteFile(filepath.Join(dir, "dram.toml"), []byte(`
[server]
listen = "127.0.0.1:8000"
[database]
url = "postgres://qna:hunter2@db/qna"
`), 0o644)

	conf, err := config.Load(config.Options{
		Dir:     dir,
		Environ: []string{"PORT=8080", "DRAM_ENV=development"},
		Flags:   map[string]string{"workers.count": "4"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range conf.Settings() {
		switch s.Key {
		case "server.listen", "workers.count", "workers.boot_timeout", "database.url":
			fmt.Println(s.Key, s.Value, s.Origin)
		}
	}
	// Output:
	// server.listen 127.0.0.1:8080 PORT
	// workers.count 4 flag workers.count
	// workers.boot_timeout 30s default
	// database.url postgres://qna:********@db/qna dram.toml:5
}

// A test changes what it needs in a copy.
func ExampleConfig_With() {
	conf := *config.Default("/srv/qna")
	if err := conf.With("database.url", "sqlite:test.db"); err != nil {
		fmt.Println(err)
	}
	fmt.Println(conf.With("server.max_body", "10MB"))
	fmt.Println(conf.Database.URL, conf.Server.MaxBody)
	// Output:
	// flag server.max_body: server.max_body: expected a size like 512, "64KiB", "10MiB" or "1GiB", found "10MB"
	// sqlite:test.db 10MiB
}
