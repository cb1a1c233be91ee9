package asset

import (
	"fmt"
	"os"
	"testing"
	"testing/fstest"
)

// publisher is the variable that makes this test binary a process that
// publishes: the store's directory.
const publisher = "ASSET_TEST_PUBLISH"

func TestMain(m *testing.M) {
	if store := os.Getenv(publisher); store != "" {
		for i := range 20 {
			if _, err := Publish(manyFiles(i), store, fmt.Sprintf("g%d", i)); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// site is a small app's static directory.
func site() fstest.MapFS {
	return fstest.MapFS{
		"css/site.css":    {Data: []byte("body{color:red}")},
		"js/app.min.js":   {Data: []byte("let a = 1")},
		"LICENSE":         {Data: []byte("MIT")},
		"odd #1?50%+.txt": {Data: []byte("odd")},
		"그림/소주.svg":       {Data: []byte("<svg/>")},
		".DS_Store":       {Data: []byte("hidden")},
		".git/config":     {Data: []byte("hidden")},
		"css/.site.swp":   {Data: []byte("hidden")},
	}
}

// manyFiles is a generation of an app: most files are in every generation.
func manyFiles(generation int) fstest.MapFS {
	files := fstest.MapFS{}
	for i := range 10 {
		files[fmt.Sprintf("d%d/same%d.css", i%3, i)] = &fstest.MapFile{Data: fmt.Appendf(nil, "same %d", i)}
	}
	files["app.js"] = &fstest.MapFile{Data: fmt.Appendf(nil, "generation %d", generation)}
	return files
}
