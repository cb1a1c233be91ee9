package asset_test

import (
	"fmt"
	"log"
	"net/http/httptest"
	"os"
	"testing/fstest"

	"github.com/dram-go/dram/framework/asset"
)

// An app without the rest of Dram serves its embedded files like this; the
// MapFS stands for an embed.FS.
func ExampleHandler() {
	bundle, err := asset.NewBundle(fstest.MapFS{"css/site.css": {Data: []byte("body{color:red}")}})
	if err != nil {
		fmt.Println(err)
		return
	}
	static := asset.NewHandler(bundle) // mux.Handle(asset.Prefix, static)
	url, _ := static.URLName("css/site.css")
	fmt.Println(url)

	w := httptest.NewRecorder()
	static.ServeHTTP(w, httptest.NewRequest("GET", url, nil))
	fmt.Println(w.Code, w.Header().Get("Cache-Control"))

	_, err = static.URLName("site.css")
	fmt.Println(err)
	// Output:
	// /static/css/site.15c42ab7768d.css
	// 200 public, max-age=31536000, immutable
	// no static file "site.css", did you mean "css/site.css"?
}

// Two builds publish into one store. Pages of the first still find their
// stylesheet after the second took over.
func ExamplePublish() {
	dir, err := os.MkdirTemp("", "assets")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	first, err := asset.Publish(fstest.MapFS{"site.css": {Data: []byte("body{color:red}")}}, dir, "1")
	if err != nil {
		log.Fatal(err)
	}
	second, err := asset.Publish(fstest.MapFS{"site.css": {Data: []byte("body{color:blue}")}}, dir, "2")
	if err != nil {
		log.Fatal(err)
	}
	store, err := asset.OpenStore(dir)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	store.Use(second)

	handler := asset.NewHandler(store)
	old, _ := first.URLName("site.css")
	for _, path := range []string{old, "/static/site.css"} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		fmt.Println(path, w.Body, w.Header().Get("Cache-Control"))
	}
	// Output:
	// /static/site.15c42ab7768d.css body{color:red} public, max-age=31536000, immutable
	// /static/site.css body{color:blue} no-cache
}
