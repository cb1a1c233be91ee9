package nearest

import (
	"fmt"
	"strings"
	"testing"
)

func TestName(t *testing.T) {
	known := []string{"listen", "question.list", "question.detail", "in", "x"}
	for given, want := range map[string]string{
		"lisen":           "listen",
		"lsiten":          "listen", // neighbours swapped count once
		"LISTEN":          "listen",
		"question.detial": "question.detail",
		"im":              "in",
		"yz":              "", // both letters differ
		"something else":  "",
		"":                "", // nothing was meant
	} {
		if got := Name(given, known); got != want {
			t.Errorf("Name(%q) = %q, want %q", given, got, want)
		}
	}
	if got := Name(strings.Repeat("a", 200), []string{strings.Repeat("a", 199)}); got != "" {
		t.Errorf("a name of 200 letters found one of %d", len(got))
	}
}

func ExampleHint() {
	fmt.Println("unknown flag --lisen" + Hint("lisen", []string{"listen", "workers"}))
	fmt.Println("unknown flag --color" + Hint("color", []string{"listen", "workers"}))
	// Output:
	// unknown flag --lisen, did you mean "listen"?
	// unknown flag --color
}
