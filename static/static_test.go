package static

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// The client runs on pages with any Content-Security-Policy, Trusted Types
// included, and shows compiler output, which is not ours: so it may use none
// of the ways by which text becomes code or markup.
func TestClientUsesNoSinks(t *testing.T) {
	sinks := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\.style\b|setAttribute\('style'|javascript:`)
	for i, line := range strings.Split(Client(), "\n") {
		if found := sinks.FindString(line); found != "" {
			t.Errorf("line %d uses %s: %s", i+1, found, line)
		}
	}
}

// A syntax error would make the whole dev client silently absent.
func TestClientParses(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed; the dev server's browser test covers the same")
	}
	cmd := exec.Command(node, "--check", "-")
	cmd.Stdin = strings.NewReader(Client())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("node --check: %v\n%s", err, out)
	}
}
