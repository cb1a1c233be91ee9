package webtest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/webtest"
)

func newUploads(conf *dram.Config) (*dram.App, error) {
	app := dram.New(conf, nil)
	app.Post("/album/{id:int}/", func(c *dram.Context) error {
		if err := c.Request.ParseMultipartForm(1 << 20); err != nil {
			return err
		}
		form := c.Request.MultipartForm
		text := fmt.Sprint(c.Int("id"), form.Value)
		for _, field := range []string{"a", "b"} {
			for _, h := range form.File[field] {
				f, err := h.Open()
				if err != nil {
					return err
				}
				content, _ := io.ReadAll(f)
				text += fmt.Sprintf(" %s=%s:%q", field, h.Filename, content)
			}
		}
		return c.Text(text)
	}).Name("album")
	return app, app.Build()
}

func TestSubmitFiles(t *testing.T) {
	t.Parallel()
	site := webtest.New(t, newUploads)
	one := webtest.Upload{Field: "a", Name: `사진 "1".png`, Content: []byte("\x89PNG\r\n")}
	two := webtest.Upload{Field: "b", Name: "2.txt"}
	three := webtest.Upload{Field: "a", Name: "3", Content: []byte("3")}
	fields := url.Values{"x": {"1", "2"}, "y": {"a&b"}}
	const files = ` a=사진 "1".png:"\x89PNG\r\n" a=3:"3" b=2.txt:""`
	for got, want := range map[*webtest.Response]string{
		site.Submit("album", 7, fields, one, two, three): "7 map[x:[1 2] y:[a&b]]" + files,
		site.Submit("album", 7, one, two, three):         "7 map[]" + files,
		site.SubmitPath("/album/8/", fields, two):        "8 map[x:[1 2] y:[a&b]] b=2.txt:\"\"",
	} {
		if got.Status(http.StatusOK).Body != want {
			t.Errorf("sent %s, want %s", got.Body, want)
		}
	}
}
