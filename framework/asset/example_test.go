package asset_test

import (
	"fmt"
	"net/http/httptest"
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
