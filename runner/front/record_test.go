package front

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dram-go/dram/runner/wire"
)

func TestRecordingsCanBeRead(t *testing.T) {
	s := newSite(t, nil)
	dir := t.TempDir()
	s.front.table.wiring.record = dir // before any connection
	s.add(text("answer"))
	s.want(s.get("/asked"), 200, "answer")
	for name, want := range map[string]string{"1-1.front": "GET /asked", "1-1.worker": `"answer"`} {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		var text strings.Builder
		if err := wire.Dump(&text, f); err != nil || !strings.Contains(text.String(), want) {
			t.Errorf("%s: %v\n%s", name, err, &text)
		}
	}
}
