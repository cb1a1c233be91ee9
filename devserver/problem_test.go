package devserver

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseBuild(t *testing.T) {
	tests := []struct {
		name, json string
		message    string
		locations  []location
		hint       string
	}{{
		name: "type errors",
		json: `{"ImportPath":"exp","Action":"build-output","Output":"# exp\n"}
{"ImportPath":"exp","Action":"build-output","Output":"./main.go:3:27: undefined: x\n"}
{"ImportPath":"exp","Action":"build-output","Output":"web/web.go:9:2: cannot use x (variable of type T) as I value in argument to f: T does not implement I (wrong type for method M)\n"}
{"ImportPath":"exp","Action":"build-output","Output":"\t\thave M()\n"}
{"ImportPath":"exp","Action":"build-output","Output":"\t\twant M(int)\n"}
{"ImportPath":"exp","Action":"build-fail"}
`,
		message: "undefined: x",
		locations: []location{
			{File: "main.go", Line: 3, Col: 27, Message: "undefined: x"},
			{File: "web/web.go", Line: 9, Col: 2, Message: "cannot use x (variable of type T) as I value in argument to f: T does not implement I (wrong type for method M)\n\t\thave M()\n\t\twant M(int)"},
		},
	}, {
		name: "missing module",
		json: `{"ImportPath":"github.com/nope/x","Action":"build-output","Output":"main.go:2:8: no required module provides package github.com/nope/x; to add it:\n"}
{"ImportPath":"github.com/nope/x","Action":"build-output","Output":"\tgo get github.com/nope/x\n"}
`,
		message: "no required module provides package github.com/nope/x; to add it:\n\tgo get github.com/nope/x",
		locations: []location{{File: "main.go", Line: 2, Col: 8,
			Message: "no required module provides package github.com/nope/x; to add it:\n\tgo get github.com/nope/x"}},
	}, {
		name:      "broken go.mod, plain text",
		json:      "go: errors parsing go.mod:\ngo.mod:3: unknown directive: bad\n",
		message:   "unknown directive: bad",
		locations: []location{{File: "go.mod", Line: 3, Message: "unknown directive: bad"}},
	}, {
		name:    "untidy",
		json:    "go: updates to go.mod needed; to update it:\n\tgo mod tidy\n",
		message: "go: updates to go.mod needed; to update it:\n\tgo mod tidy",
		hint:    "go mod tidy",
	}, {
		name:    "no C compiler",
		json:    `{"ImportPath":"runtime/cgo","Action":"build-output","Output":"cgo: C compiler \"gcc\" not found: exec: \"gcc\": executable file not found in $PATH\n"}` + "\n",
		message: `cgo: C compiler "gcc" not found: exec: "gcc": executable file not found in $PATH`,
		hint:    "apt install gcc",
	}}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := parseBuild(buildText([]byte(test.json)), "go build .")
			if p.Message != test.message {
				t.Errorf("message %q, want %q", p.Message, test.message)
			}
			if d := cmp.Diff(test.locations, p.Locations); d != "" && len(test.locations)+len(p.Locations) > 0 {
				t.Errorf("locations (-want +got):\n%s", d)
			}
			if !strings.Contains(p.Hint, test.hint) || test.hint == "" && p.Hint != "" {
				t.Errorf("hint %q, want one with %q", p.Hint, test.hint)
			}
		})
	}
}

func TestParseCrash(t *testing.T) {
	output := "12:00 started\npanic: runtime error: index out of range [1] with length 0\n\n" +
		"goroutine 1 [running]:\nmain.pick(...)\n\t/app/pick.go:7\nmain.main()\n\t/app/main.go:12 +0x1d\n" +
		"runtime.main()\n\t/usr/local/go/src/runtime/proc.go:283 +0x28b\nexit status 2\n"
	p := parseCrash(problemStart, "the app ended with exit code 2", output, "run")
	if p.Message != "runtime error: index out of range [1] with length 0" {
		t.Errorf("message %q", p.Message)
	}
	p = sources{dir: "/app"}.explain(p)
	want := []location{{File: "pick.go", Line: 7}, {File: "main.go", Line: 12}}
	if d := cmp.Diff(want, p.Locations); d != "" {
		t.Errorf("own frames only (-want +got):\n%s", d)
	}

	p = parseCrash(problemStart, "the app ended with exit code 1",
		"level=ERROR msg=request err=\"templates/a.html:1:1: bad\"\nmy-forum: dram.toml:12: unknown key server.lisen, did you mean server.listen?\n", "run")
	want = []location{{File: "dram.toml", Line: 12, Message: "unknown key server.lisen, did you mean server.listen?"}}
	if d := cmp.Diff(want, p.Locations); d != "" {
		t.Errorf("a fault in a settings file (-want +got):\n%s", d)
	}
	if p.Message != want[0].Message {
		t.Errorf("message %q", p.Message)
	}
}

// Only files of the app and of what it is built from are shown, whatever a
// program prints.
func TestFrameStaysInside(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	write(t, dir, "a.go", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13")
	write(t, outside, "secret.go", "secret")
	if err := os.Symlink(filepath.Join(outside, "secret.go"), filepath.Join(dir, "link.go")); err != nil {
		t.Fatal(err)
	}
	src := sources{dir: dir}
	want := &frame{First: 2, Lines: []string{"2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"}}
	if d := cmp.Diff(want, src.frame(filepath.Join(dir, "a.go"), 7)); d != "" {
		t.Errorf("frame (-want +got):\n%s", d)
	}
	for _, name := range []string{filepath.Join(outside, "secret.go"), filepath.Join(dir, "link.go"), filepath.Join(dir, "../"+filepath.Base(outside)+"/secret.go")} {
		if f := src.frame(name, 1); f != nil {
			t.Errorf("%s was read: %v", name, f)
		}
	}
	for _, line := range []int{0, -1, 14} {
		if f := src.frame(filepath.Join(dir, "a.go"), line); f != nil {
			t.Errorf("line %d has a frame: %v", line, f)
		}
	}
}
