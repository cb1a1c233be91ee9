package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/dram-go/dram/cmd/peerbench/stack"
)

// row is one kind of work that stacks are compared at.
type row struct {
	name        string
	title       string
	path        string
	contestants []contestant // ours first
	loads       []pressure
	budgets     map[string]float64  // of Dram ÷ the stack, by load and stack
	normal      func(string) string // what may differ between answers is taken out; nil: nothing may
	measure     func(*bench, row) ([]*line, error)
}

func (r row) budget(l pressure, name string) float64 { return r.budgets[l.name+" "+name] }

// The names of contestants.
const (
	ours          = "Dram"
	one           = "Dram, one worker"
	nginx         = "nginx"
	caddy         = "Caddy"
	nginxAndGin   = "nginx + Gin"
	nginxAndFlask = "nginx + Flask"
)

// The loads of the budgets.
var (
	saturation = pressure{name: "saturation", title: "64 connections", connections: 64}
	ordinary   = pressure{name: "ordinary", title: "2,000 requests/s", connections: 64, rate: 2000}
)

func chainRows() []row {
	page := func(r row) row {
		r.contestants = []contestant{{ours, dramPage(0)}, {one, dramPage(1)}, {nginx, nginxPage}, {caddy, caddyPage}}
		r.measure = measured
		return r
	}
	files := func(name, title, path string, loads ...pressure) row {
		saturated, calm := 1.05, 1.25
		if name == "static-1k" {
			saturated = 0.95
		}
		return row{name: name, title: title, path: path, loads: loads, measure: measured,
			contestants: []contestant{{ours, dramFiles}, {nginx, nginxFiles}, {caddy, caddyFiles}},
			budgets: map[string]float64{
				"saturation " + nginx: saturated, "ordinary " + nginx: calm,
				"saturation " + caddy: 0.35, "ordinary " + caddy: 0.5,
			}}
	}
	few := ordinary // of as many clients as at saturation: each comes once, and that is not the work
	few.title, few.rate, few.connections = "20 requests/s", 20, 16
	slow := ordinary
	slow.title, slow.rate = "200 requests/s", 200
	return []row{
		page(row{name: "page", title: "dynamic page, 5 KiB", path: "/", loads: []pressure{saturation, ordinary},
			budgets: map[string]float64{
				"saturation " + nginx: 0.65, "ordinary " + nginx: 0.95,
				"saturation " + caddy: 0.35, "ordinary " + caddy: 0.5,
			}}),
		files("static-1k", "static file, 1 KiB", "/static/1k.bin", saturation, ordinary),
		files("static-100k", "static file, 100 KiB", "/static/100k.bin", saturation, ordinary),
		files("static-10m", "static file, 10 MiB", "/static/10m.bin", saturation.with(16), few),
		{name: "files", title: "static file, 1 KiB", path: manyReady, measure: many, loads: []pressure{saturation},
			contestants: []contestant{{ours, dramMany}, {nginx, nginxMany}, {caddy, caddyMany}},
			budgets:     map[string]float64{"saturation " + nginx: 0.95, "saturation " + caddy: 0.35}},
		{name: "board", title: "list of questions (SQLite, template)", path: "/question/list/",
			contestants: []contestant{{ours, dramBoard}, {nginxAndGin, nginxGin}}, loads: []pressure{saturation, ordinary},
			budgets: map[string]float64{"saturation " + nginxAndGin: 0.45, "ordinary " + nginxAndGin: 0.6},
			normal:  sameBoard, measure: measured},
		{name: "board-flask", title: "list of questions", path: "/question/list/",
			contestants: []contestant{{ours, dramBoard}, {nginxAndFlask, nginxFlask}}, loads: []pressure{saturation, slow},
			budgets: map[string]float64{"saturation " + nginxAndFlask: 1.0 / 40, "ordinary " + nginxAndFlask: 1.0 / 20},
			normal:  sameBoard, measure: measured},
		{name: "h2", title: "dynamic page, 5 KiB, HTTP/2 over TLS", path: "/", measure: measured,
			contestants: []contestant{{ours, dramTLS}, {nginx, nginxTLS}, {caddy, caddyTLS}},
			loads:       []pressure{{name: "saturation", title: "32 connections, 10 streams", connections: 32, streams: 10}},
			budgets:     map[string]float64{"saturation " + nginx: 0.8}},
		{name: "h2-10m", title: "static file, 10 MiB, HTTP/2 over TLS", path: "/static/10m.bin", measure: measured,
			contestants: []contestant{{ours, dramFilesTLS}, {nginx, nginxFilesTLS}, {caddy, caddyFilesTLS}},
			loads:       []pressure{{name: "saturation", title: "8 connections, 2 streams", connections: 8, streams: 2}},
			budgets:     map[string]float64{"saturation " + nginx: 1.05}},
		{name: "idle", title: "10,000 idle connections", path: "/", measure: idle,
			contestants: []contestant{{ours, dramPage(0)}, {nginx, nginxPage}, {caddy, caddyPage}}},
	}
}

// fingerprint is what Dram puts into the names of static files.
var fingerprint = regexp.MustCompile(`(/static/[a-z/]+)\.[0-9a-f]{12}\.`)

// sameBoard takes out what may differ between boards.
func sameBoard(text string) string {
	return strings.Join(strings.Fields(fingerprint.ReplaceAllString(text, "$1.")), " ")
}

func dramPage(workers int) func(*bench, string) (*stack.Stack, error) {
	return func(b *bench, name string) (*stack.Stack, error) {
		d, err := stack.Page("")
		if err != nil {
			return nil, err
		}
		d.Log, d.Workers = b.log, workers
		if workers == 1 {
			d.Procs = 1
		}
		return stack.StartDram(b.dir, name, d)
	}
}

func nginxPage(b *bench, name string) (*stack.Stack, error) {
	return stack.StartNginx(b.dir, name, stack.Proxy{App: stack.PageApp(), Log: b.log, Ready: "/"})
}

func caddyPage(b *bench, name string) (*stack.Stack, error) {
	return stack.StartCaddy(b.dir, name, stack.Proxy{App: stack.PageApp(), Log: b.log, Ready: "/"})
}

func dramTLS(b *bench, name string) (*stack.Stack, error) {
	d, err := stack.Page("")
	if err != nil {
		return nil, err
	}
	d.Log, d.TLS = b.log, true
	return stack.StartDram(b.dir, name, d)
}

func nginxTLS(b *bench, name string) (*stack.Stack, error) {
	return stack.StartNginx(b.dir, name, stack.Proxy{App: stack.PageApp(), Log: b.log, TLS: true, Ready: "/"})
}

func caddyTLS(b *bench, name string) (*stack.Stack, error) {
	return stack.StartCaddy(b.dir, name, stack.Proxy{App: stack.PageApp(), Log: b.log, TLS: true, Ready: "/"})
}

func dramFiles(b *bench, name string) (*stack.Stack, error) { return b.dramFiles(name, false) }

func dramFilesTLS(b *bench, name string) (*stack.Stack, error) { return b.dramFiles(name, true) }

func (b *bench) dramFiles(name string, secure bool) (*stack.Stack, error) {
	files, err := b.staticFiles()
	if err != nil {
		return nil, err
	}
	d, err := stack.Page(files)
	if err != nil {
		return nil, err
	}
	d.Log, d.TLS = b.log, secure
	return stack.StartDram(b.dir, name, d)
}

func nginxFiles(b *bench, name string) (*stack.Stack, error) {
	return b.peerFiles(name, false, stack.StartNginx)
}

func nginxFilesTLS(b *bench, name string) (*stack.Stack, error) {
	return b.peerFiles(name, true, stack.StartNginx)
}

func caddyFiles(b *bench, name string) (*stack.Stack, error) {
	return b.peerFiles(name, false, stack.StartCaddy)
}

func caddyFilesTLS(b *bench, name string) (*stack.Stack, error) {
	return b.peerFiles(name, true, stack.StartCaddy)
}

// peerFiles has a peer serve files.
func (b *bench) peerFiles(name string, secure bool, start func(dir, name string, p stack.Proxy) (*stack.Stack, error)) (*stack.Stack, error) {
	files, err := b.staticFiles()
	if err != nil {
		return nil, err
	}
	return start(b.dir, name, stack.Proxy{Files: files, Log: b.log, TLS: secure, Ready: "/static/1k.bin"})
}

// database is the one of the board, which Dram makes and fills.
func (b *bench) database() string { return filepath.Join(b.dir, "board.db") }

func dramBoard(b *bench, name string) (*stack.Stack, error) {
	if b.pybo == nil {
		d, err := stack.Pybo(b.dir, b.database())
		if err != nil {
			return nil, err
		}
		b.pybo = &d
	}
	d := *b.pybo
	d.Log = b.log
	return stack.StartDram(b.dir, name, d)
}

func nginxGin(b *bench, name string) (*stack.Stack, error) {
	return stack.StartNginx(b.dir, name, stack.Proxy{App: stack.BoardApp(b.database()), Log: b.log, Ready: "/question/list/"})
}

func nginxFlask(b *bench, name string) (*stack.Stack, error) {
	return stack.StartNginx(b.dir, name, stack.Proxy{Flask: b.database(), Log: b.log, Ready: "/question/list/"})
}

// writeFiles makes files that do not get smaller when they are compressed, the
// same in each run.
func writeFiles(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, size := range map[string]int{"1k.bin": 1 << 10, "100k.bin": 100 << 10, "10m.bin": 10 << 20} {
		source := rand.NewChaCha8([32]byte{byte(size >> 10)})
		content := make([]byte, size)
		_, _ = source.Read(content) // it never fails
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
