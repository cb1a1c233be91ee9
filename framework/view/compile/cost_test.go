package compile_test

import (
	"html/template"
	"testing"

	"github.com/dram-go/dram/framework/view/compile"
)

// BenchmarkNew is what a changed template costs before it is shown: escaping,
// which html/template does at its first execution anyway, and compiling.
func BenchmarkNew(b *testing.B) {
	funcs := boardFuncs()
	root := template.Must(template.Must(template.New("root").Funcs(unscoped(funcs, newBoard())).Parse(boardLayout)).Parse(listPage))
	for b.Loop() {
		clone := template.Must(root.Clone())
		if err := compile.Escape(clone); err != nil {
			b.Fatal(err)
		}
		if left := compile.New(clone, funcs).Left(); left != nil {
			b.Fatal(left)
		}
	}
}
