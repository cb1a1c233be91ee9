package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// house says which of our packages a package may import, by path below the
// module; "dir/..." means everything below dir too. The first rule that fits
// a package holds. What no rule names may not exist.
var house = []struct {
	pkg string
	may []string
}{
	{"cmd/dram", []string{"cmd/dram/lint", "devserver", "templates", "runner", "runner/load", "framework/config", "framework/i18n", "framework/nearest"}},
	{"cmd/dram/lint", []string{"framework/i18n", "framework/nearest", "framework/view"}},
	{"devserver/...", []string{"devserver/...", "static", "templates/pages", "framework/config", "framework/trace"}},

	// Apps.
	{"sample-app/...", []string{"sample-app/...", "runner", "framework/..."}},
	{"templates/app/...", []string{"templates/app/...", "runner", "framework/..."}},

	// Leaves: they know nothing of ours, or only settings.
	{"framework/nearest", nil},
	{"framework/trace", nil},
	{"framework/config", []string{"framework/nearest"}},
	{"framework/asset", []string{"framework/config", "framework/nearest"}},
	{"framework/pubsub", []string{"framework/config"}},
	{"runner/nonblock", nil},
	{"runner/tempo", nil},
	{"runner/wire", []string{"runner/nonblock"}},
	{"runner/control", nil},
	{"runner/forwarded", nil},
	{"runner/logqueue", nil},
	{"runner/metrics", nil},
	{"runner/load", nil},
	{"runner/chaos", nil}, // tests of whole processes: they know what an app knows
	{"templates/pages", nil},
	{"templates", nil},
	{"static", nil},

	// The framework: above the root, the root, the blocks below it.
	{"framework/auth", []string{"framework", "framework/..."}},
	{"framework/socket", []string{"framework"}},
	{"framework/pubsub/...", []string{"framework/pubsub", "framework/db", "framework/config"}},
	{"framework/mail", []string{"framework/config", "framework/view", "framework/i18n", "framework/nearest"}},
	{"framework/webtest", []string{"framework", "framework/db", "framework/config"}},
	{"framework", []string{
		"framework/router", "framework/view", "framework/form", "framework/session", "framework/i18n",
		"framework/asset", "framework/config", "framework/nearest", "framework/trace", "framework/pubsub",
		"templates/pages",
	}},
	{"framework/db/...", []string{"framework/db", "framework/config", "framework/trace"}},
	{"framework/i18n/tags", nil},
	{"framework/i18n", []string{"framework/i18n/tags"}},
	{"framework/form", []string{"framework/i18n", "framework/config"}},
	{"framework/view", []string{"framework/view/compile", "framework/nearest"}},
	{"framework/view/compile", []string{"framework/view/escape"}},
	{"framework/view/escape", nil},
	{"framework/...", []string{"framework/config", "framework/asset", "framework/nearest", "framework/trace"}},

	// The runner: front and gateway never know each other.
	{"runner", []string{"runner/...", "framework/config", "framework/asset", "framework/nearest", "framework/pubsub", "templates/pages"}},
	{"runner/front/h1", []string{"runner/nonblock", "runner/front/roster", "runner/front/strict"}},
	{"runner/front/h2", []string{"runner/front/roster", "runner/front/strict"}},
	{"runner/front/roster", nil},
	{"runner/front/strict", nil},
	{"runner/front/cache", []string{"framework/i18n/tags"}},
	{"runner/front/limit", nil},
	{"runner/front/static", []string{"framework/asset"}},
	{"runner/front", []string{"runner/front/h1", "runner/front/h2", "runner/front/strict", "runner/front/static", "runner/front/cache", "runner/front/limit", "runner/control", "runner/forwarded", "runner/logqueue", "runner/metrics", "runner/nonblock", "runner/tempo", "runner/wire", "framework/config", "framework/asset", "templates/pages"}},
	{"runner/gateway", []string{"runner/control", "runner/wire", "framework/config"}},
}

// outside says who may import a library of others, where not everybody may.
var outside = map[string][]string{
	"github.com/spf13/cobra":         {"cmd/dram", "runner"},
	"github.com/mattn/go-sqlite3":    {"framework/db/sqlite"},
	"github.com/pressly/goose/v3":    {"framework/db/..."},
	"github.com/jmoiron/sqlx":        {"framework/db/..."},
	"github.com/air-verse/air":       nil, // GPL-3: run as a process, never linked
	"github.com/PuerkitoBio/goquery": {"framework/webtest"},
	"github.com/jackc/pgx/v5":        {"framework/db/postgres", "framework/pubsub/postgres"},
	"github.com/wneessen/go-mail":    {"framework/mail"},
	"golang.org/x/crypto/argon2":     {"framework/auth"},
	"github.com/andybalholm/brotli":  {"runner"},
	"github.com/klauspost/compress":  {"runner"},
}

type listedPackage struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func TestWhoMayImportWhom(t *testing.T) {
	for _, p := range listPackages(t) {
		name := below(p.ImportPath)
		may, known := allowed(name)
		if !known {
			t.Errorf("package %s has no rule: say in house what it may import", name)
			continue
		}
		for _, imported := range p.Imports {
			if ours := below(imported); ours != imported && !matchesAny(may, ours) {
				t.Errorf("%s imports %s, which it may not; it may import %v", name, ours, may)
			}
			for library, who := range outside {
				inside := imported == library || strings.HasPrefix(imported, library+"/")
				if inside && !matchesAny(who, name) {
					t.Errorf("%s imports %s, which only %v may", name, imported, who)
				}
			}
		}
	}
}

// TestHelloWorldIsLight keeps what a ten-line app does not use out of it.
func TestHelloWorldIsLight(t *testing.T) {
	heavy := []string{
		"github.com/mattn/go-sqlite3", "github.com/jackc/pgx/v5", "github.com/pressly/goose/v3", "github.com/jmoiron/sqlx",
		"github.com/spf13/cobra", "github.com/wneessen/go-mail", "golang.org/x/crypto/argon2",
	}
	for _, p := range listPackages(t) {
		if below(p.ImportPath) != "framework" {
			continue
		}
		for _, dep := range heavy {
			if slices.Contains(p.Deps, dep) {
				t.Errorf("package framework links %s", dep)
			}
		}
		return
	}
	t.Error("package framework is not listed")
}

func listPackages(t *testing.T) []listedPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,Deps", "./...")
	cmd.Dir = "../.."
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	var list []listedPackage
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p listedPackage
		switch err := dec.Decode(&p); {
		case errors.Is(err, io.EOF):
			return list
		case err != nil:
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

// below cuts our module's path off; other paths stay as they are.
func below(path string) string { return strings.TrimPrefix(path, dramModule+"/") }

func allowed(pkg string) (may []string, known bool) {
	for _, rule := range house {
		if matches(rule.pkg, pkg) {
			return rule.may, true
		}
	}
	return nil, false
}

func matchesAny(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, pkg) })
}

func matches(pattern, pkg string) bool {
	dir, tree := strings.CutSuffix(pattern, "/...")
	return pkg == dir || tree && strings.HasPrefix(pkg, dir+"/")
}
