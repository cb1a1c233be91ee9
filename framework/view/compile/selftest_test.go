package compile_test

import (
	"testing"

	"github.com/dram-go/dram/framework/view/compile"
)

func TestSelfTest(t *testing.T) {
	if err := compile.SelfTest(); err != nil {
		t.Error(err)
	}
}

// BenchmarkSelfTest is what an app pays for it at its start.
func BenchmarkSelfTest(b *testing.B) {
	for b.Loop() {
		if err := compile.SelfTest(); err != nil {
			b.Fatal(err)
		}
	}
}
