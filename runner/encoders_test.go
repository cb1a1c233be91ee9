package runner

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/dram-go/dram/framework/asset"
)

// TestPublishedFilesAreCompressed reads back what a front will send.
func TestPublishedFilesAreCompressed(t *testing.T) {
	css := strings.Repeat("a { color: red }\n", 1000)
	store := t.TempDir()
	files := fstest.MapFS{"site.css": {Data: []byte(css)}, "pic.png": {Data: []byte(css)}, "noise.txt": {Data: noise(4 << 10)}}
	for range 2 { // what is there is kept
		m, err := asset.Publish(files, store, "1", encoders()...)
		if err != nil {
			t.Fatal(err)
		}
		for coding, open := range map[string]func(io.Reader) (io.Reader, error){
			"br":   func(r io.Reader) (io.Reader, error) { return brotli.NewReader(r), nil },
			"gzip": func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
			"zstd": func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r, zstd.WithDecoderMaxWindow(8<<20)) },
		} {
			f := m.Files["site.css"]
			packed, err := os.ReadFile(filepath.Join(store, "encoded", coding, f.Asset))
			if err != nil || int64(len(packed)) != f.Encoded[coding] || len(packed) > len(css)/10 {
				t.Fatalf("%s: %d octets, %v in the manifest, %v", coding, len(packed), f.Encoded, err)
			}
			r, err := open(bytes.NewReader(packed))
			if err != nil {
				t.Fatal(err)
			}
			if text, err := io.ReadAll(r); err != nil || string(text) != css {
				t.Errorf("%s: %d octets decoded, %v", coding, len(text), err)
			}
			for _, name := range []string{"pic.png", "noise.txt"} {
				if n, ok := m.Files[name].Encoded[coding]; ok {
					t.Errorf("%s is compressed to %d octets with %s", name, n, coding)
				}
			}
		}
	}
	if left, _ := filepath.Glob(filepath.Join(store, "encoded", "*", ".*")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

// noise is octets that no coding makes shorter.
func noise(n int) []byte {
	b := make([]byte, n)
	x := uint64(1)
	for i := range b {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[i] = byte(x)
	}
	return b
}
