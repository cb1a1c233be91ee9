package devserver

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDotenv(t *testing.T) {
	dir := t.TempDir()
	if env, warnings := withDotenv([]string{"A=1"}, dir); len(env) != 1 || warnings != nil {
		t.Errorf("without a file: %v %v", env, warnings)
	}
	write(t, dir, ".env", `# comment
PLAIN=value with spaces # and a comment
export EXPORTED=x#y
QUOTED="a \"b\"\nc" # more
SINGLE='as $is \n'
EMPTY=
URL=postgres://u:p@h/d?a=b
HAVE=no
bad line
1X=2
OPEN="x
`)
	env, warnings := withDotenv([]string{"HAVE=yes"}, dir)
	want := []string{"HAVE=yes", "PLAIN=value with spaces", "EXPORTED=x#y", "QUOTED=a \"b\"\nc",
		`SINGLE=as $is \n`, "EMPTY=", "URL=postgres://u:p@h/d?a=b"}
	if d := cmp.Diff(want, env); d != "" {
		t.Errorf("environment (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{".env:9: expected NAME=value", ".env:10: expected NAME=value", ".env:11: the quotation of OPEN has no end"}, warnings); d != "" {
		t.Errorf("warnings (-want +got):\n%s", d)
	}
}
