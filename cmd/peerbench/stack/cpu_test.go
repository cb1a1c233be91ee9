package stack

import (
	"os/exec"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	for text, want := range map[string][2]int{
		"12 (nginx: worker (1)) S 7 12 12 0": {12, 7},
		"12 (a) b) R 1 2":                    {12, 1},
	} {
		if pid, parent, ok := parseStat(text); !ok || pid != want[0] || parent != want[1] {
			t.Errorf("%s: %d %d %t", text, pid, parent, ok)
		}
	}
	for _, text := range []string{"", "12 nginx S 7", "12 (nginx) Z 7 1", ") 1 ("} {
		if _, _, ok := parseStat(text); ok {
			t.Errorf("%q is read", text)
		}
	}
}

// TestCPU has a process of a stack use up processor time.
func TestCPU(t *testing.T) {
	s := &Stack{dir: t.TempDir()}
	defer s.Stop()
	if _, err := s.start("busy", nil, "sh", "-c", "sh -c 'while :; do :; done' & trap 'kill $!' TERM; wait"); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(10 * time.Second)
	var before CPU
	for len(before) < 2 && time.Now().Before(deadline) {
		before, _ = s.CPU() // until the second one is there
	}
	for time.Now().Before(deadline) {
		after, err := s.CPU()
		if err != nil {
			t.Fatal(err)
		}
		if used, err := after.Since(before); err == nil && used > 20*time.Millisecond {
			return
		}
	}
	t.Error("nothing was used up")
}

func TestProcessesThatComeOrGo(t *testing.T) {
	a := CPU{1: time.Second, 2: time.Second}
	if _, err := a.Since(CPU{1: 0}); err == nil {
		t.Error("one that came")
	}
	if _, err := a.Since(CPU{1: 0, 3: 0}); err == nil {
		t.Error("one that went, and another that came")
	}
	if used, err := a.Since(CPU{1: 0, 2: time.Second}); err != nil || used != time.Second {
		t.Errorf("%v, %v", used, err)
	}
}

func TestFind(t *testing.T) {
	if _, err := find("no-such-program-anywhere"); err == nil || err.Error() != "no-such-program-anywhere is not installed" {
		t.Error(err)
	}
	if path, err := find("sh"); err != nil || exec.Command(path, "-c", "true").Run() != nil {
		t.Errorf("%s, %v", path, err)
	}
}
