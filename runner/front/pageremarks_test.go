package front

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

func TestRemarksOnErrorPages(t *testing.T) {
	files := fstest.MapFS{}
	wanted := map[string]string{
		"errors/503.html": "", "errors/5xx.html": "", "errors/4xx.ko.html": "", "errors/maintenance.pt-BR.html": "", "errors/413.zh-Hant.html": "",
		"errors/style.css": "", "errors/logo.svg": "", "errors/old/503.html": "", "index.html": "", "error/index.css": "",
		"errors/50x.html":           "did you mean errors/5xx.html?",
		"errors/4XX.html":           "did you mean errors/4xx.html?",
		"errors/503.htm":            "did you mean errors/503.html?",
		"errors/503.HTML":           "did you mean errors/503.html?",
		"errors/503_ko.html":        "did you mean errors/503.ko.html?",
		"errors/5xx-ko.html":        "did you mean errors/5xx.ko.html?",
		"errors/maintainance.html":  "did you mean errors/maintenance.html?",
		"errors/maintenence.ko.htm": "did you mean errors/maintenance.ko.html?",
		"error/503.html":            "did you mean errors/503.html?",
		"errors/index.html":         "they are errors/STATUS.html, errors/4xx.html",
		"errors/303.html":           "they are errors/STATUS.html",
		"errors/404.html":           "no answer of its own with status 404, so nobody sees it; pages for what the app answers are the app's templates (templates/errors/404.html)",
		"errors/418.ko.html":        "no answer of its own with status 418",
		"errors/503.jp.html":        `there is no language "jp", so nobody gets it, did you mean errors/503.ja.html?`,
		"errors/503.kr.html":        `"kr" is the language Kanuri, did you mean errors/503.ko.html?`,
		"errors/502.xq.html":        `there is no language "xq", so nobody gets it`,
		"errors/504.html":           "{{titel}} stays as it is",
		"errors/500.html":           "{{ id }} stays as it is",
		"errors/421.html":           "more than 262144, and is left out",
	}
	for name := range wanted {
		files[name] = &fstest.MapFile{Data: []byte("<title>{{status}} {{title}}</title>{{text}} {{id}}")}
	}
	files["errors/504.html"].Data = []byte("{{titel}}")
	files["errors/500.html"].Data = []byte("{{ id }}")
	files["errors/421.html"].Data = make([]byte, maxPage+1)
	got := map[string]string{}
	for _, remark := range RemarksOnErrorPages(files) {
		name, text, ok := strings.Cut(strings.TrimPrefix(remark.Error(), "static file "), ": ")
		if !ok || got[name] != "" {
			t.Errorf("remark %v", remark)
		}
		got[name] = text
	}
	for name, want := range wanted {
		if (want == "") != (got[name] == "") || !strings.Contains(got[name], want) {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
	}
	if got := RemarksOnErrorPages(nil); got != nil {
		t.Error(got)
	}
	if got := RemarksOnErrorPages(fstest.MapFS{}); got != nil {
		t.Error(got)
	}
}

// TestAnsweredAreAllStatuses that the sources of the front, and of its engines,
// answer with.
func TestAnsweredAreAllStatuses(t *testing.T) {
	names := map[string]int{}
	for status := 400; status < 600; status++ {
		if text := http.StatusText(status); text != "" {
			names[regexp.MustCompile(`[^A-Za-z]`).ReplaceAllString(text, "")] = status
		}
	}
	names["RequestURITooLong"], names["RequestedRangeNotSatisfiable"], names["HTTPVersionNotSupported"] = 414, 416, 505
	found := map[int]bool{400: true} // strict.Bad
	for _, pattern := range []string{"*.go", "h1/*.go", "h2/*.go", "strict/*.go"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatal(pattern, err)
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.CallExpr:
					name := ""
					switch f := n.Fun.(type) {
					case *ast.SelectorExpr:
						name = f.Sel.Name
					}
					if len(n.Args) > 1 && (name == "answer" || name == "Refuse") {
						note(t, found, names, n.Args[0])
					}
				case *ast.KeyValueExpr:
					if key, ok := n.Key.(*ast.Ident); ok && key.Name == "status" {
						note(t, found, names, n.Value)
					}
				}
				return true
			})
		}
	}
	delete(found, 404) // of a file that a worker has named and that is gone: the app's mistake
	for status := range found {
		if !slices.Contains(answered, status) {
			t.Errorf("the front answers %d", status)
		}
	}
	for _, status := range answered {
		if !found[status] {
			t.Errorf("nobody answers %s", strconv.Itoa(status))
		}
	}
}

// note keeps a status that is named.
func note(t *testing.T, found map[int]bool, names map[string]int, e ast.Expr) {
	name, ok := e.(*ast.SelectorExpr)
	if !ok || !strings.HasPrefix(name.Sel.Name, "Status") {
		return
	}
	status, ok := names[strings.TrimPrefix(name.Sel.Name, "Status")]
	if ok && status >= 400 {
		found[status] = true
	}
}
