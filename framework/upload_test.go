package dram_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"testing"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/config"
)

// multipartBody makes a body of pairs: the name of a field, or field=file, and
// its content.
func multipartBody(t *testing.T, pairs ...string) (io.Reader, string) {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i := 0; i < len(pairs); i += 2 {
		field, file, isFile := strings.Cut(pairs[i], "=")
		header := textproto.MIMEHeader{"Content-Disposition": {fmt.Sprintf(`form-data; name="%s"`, field)}}
		if isFile {
			header["Content-Disposition"][0] += fmt.Sprintf(`; filename="%s"`, file)
			header.Set("Content-Type", "image/png")
		}
		part, err := w.CreatePart(header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(part, pairs[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &body, w.FormDataContentType()
}

func uploadApp(t *testing.T) *dram.App {
	t.Helper()
	app, _ := newApp(t, config.Test, nil)
	app.Post("/files", func(c *dram.Context) error {
		var got []string
		for file, err := range c.Uploads(20) {
			if err != nil {
				return err
			}
			if file.Field == "skip" {
				continue
			}
			if file.Field == "last" {
				break
			}
			text, err := io.ReadAll(file)
			if err != nil {
				return err
			}
			got = append(got, fmt.Sprintf("%s|%s|%s|%s", file.Field, file.Filename, file.Type, text))
		}
		return c.Text(strings.Join(got, "\n"))
	})
	app.Post("/text", func(c *dram.Context) error {
		for file, err := range c.Uploads(1 << 20) {
			if err != nil {
				return err
			}
			text, err := file.Text()
			if err != nil {
				return err
			}
			return c.Text(fmt.Sprint(len(text)))
		}
		return nil
	})
	return app
}

func TestUploadsComeOneByOne(t *testing.T) {
	app := uploadApp(t)
	send := func(path, contentType string, body io.Reader) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", path, body)
		r.Header.Set("Content-Type", contentType)
		return do(app, r)
	}
	body, contentType := multipartBody(t, "title", "hello", "skip=b.png", strings.Repeat("x", 1000), `file=C:\dir\가.png`, "12345678901234567890", "last", "", "never=a", "b")
	w := send("/files", contentType, body)
	wantBody(t, w, 200)
	if got := w.Body.String(); got != "title|||hello\nfile|가.png|image/png|12345678901234567890" {
		t.Errorf("got %q", got)
	}

	body, contentType = multipartBody(t, "file=a.png", "123456789012345678901")
	wantBody(t, send("/files", contentType, body), 413, `upload "a.png" in field "file" has more than 20 bytes`)
	body, contentType = multipartBody(t, "file=a.png", "whole")
	half, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	wantBody(t, send("/files", contentType, bytes.NewReader(half[:len(half)-30])), 400)
	wantBody(t, send("/files", "multipart/form-data", strings.NewReader("x")), 400)
	wantBody(t, send("/files", "application/x-www-form-urlencoded", strings.NewReader("a=b")), 415)

	body, contentType = multipartBody(t, "text", strings.Repeat("x", 64<<10))
	wantBody(t, send("/text", contentType, body), 200, "65536")
	body, contentType = multipartBody(t, "text", strings.Repeat("x", 64<<10+1))
	wantBody(t, send("/text", contentType, body), 413)

	var many []string
	for range 1001 {
		many = append(many, "a", "")
	}
	body, contentType = multipartBody(t, many...)
	wantBody(t, send("/files", contentType, body), 400, "more than 1000 parts")
}

func TestGroupsMayBoundBodies(t *testing.T) {
	app, _ := newApp(t, config.Production, nil)
	app.Config().Server.MaxBody = 200
	read := func(c *dram.Context) error {
		for _, err := range c.Uploads(1000) {
			if err != nil {
				return err
			}
		}
		return c.NoContent()
	}
	bind := func(c *dram.Context) error {
		if _, err := dram.Bind[signUp](c); err != nil {
			return err
		}
		return c.NoContent()
	}
	app.Post("/wide", bind)
	small := app.Group("/small", "").MaxBody(20)
	small.Post("/", bind)
	small.Post("/upload", read)
	app.Group("/large", "").MaxBody(10_000).Post("/", bind)
	form := func(n int) io.Reader { return strings.NewReader("name=" + strings.Repeat("x", n)) }
	for path, want := range map[string][2]int{"/wide": {204, 413}, "/small/": {413, 413}, "/large/": {204, 413}} {
		for i, n := range []int{100, 300} {
			if w := do(app, browser("POST", path, form(n))); w.Code != want[i] {
				t.Errorf("%s with %d bytes: %d", path, n, w.Code)
			}
		}
	}
	body, contentType := multipartBody(t, "a=b", "12345678901234567890")
	r := browser("POST", "/small/upload", body)
	r.Header.Set("Content-Type", contentType)
	wantBody(t, do(app, r), 413)
}

func TestMiddlewareReadsABoundedBodyToo(t *testing.T) {
	app, _ := newApp(t, config.Production, nil)
	app.Config().Server.MaxBody = 10
	app.Use(func(next dram.Handler) dram.Handler {
		return func(c *dram.Context) error {
			if _, err := io.ReadAll(c.Request.Body); err != nil {
				return err
			}
			return next(c)
		}
	})
	wantBody(t, do(app, browser("POST", "/nowhere", strings.NewReader("0123456789"))), 404)
	wantBody(t, do(app, browser("POST", "/nowhere", strings.NewReader("0123456789x"))), 413)
}

func TestReadJSON(t *testing.T) {
	app, _ := newApp(t, config.Production, nil)
	app.Config().Server.MaxBody = 60
	app.Post("/", func(c *dram.Context) error {
		var v struct {
			Name string
			Age  int
		}
		if err := c.ReadJSON(&v); err != nil {
			return err
		}
		return c.JSON(v)
	})
	app.Post("/wrong", func(c *dram.Context) error {
		err := c.ReadJSON(struct{}{})
		if err == nil || errors.Is(err, dram.BadRequest("")) {
			t.Errorf("got %v", err)
		}
		return err
	})
	for _, tt := range []struct {
		path, contentType, body string
		status                  int
		want                    string
	}{
		{"/", "application/json; charset=utf-8", `{"name":"kim","age":3}`, 200, `{"Name":"kim","Age":3}`},
		{"/", "application/vnd.api+json", ` {} `, 200, `{"Name":"","Age":0}`},
		{"/", "text/plain", `{}`, 415, ""},
		{"/", "", `{}`, 415, ""},
		{"/", "application/json", ``, 400, "the body is not valid JSON"},
		{"/", "application/json", `{"name"`, 400, "the body is not valid JSON"},
		{"/", "application/json", `{} {}`, 400, "the body is not valid JSON"},
		{"/", "application/json", `{} x`, 400, "the body is not valid JSON"},
		{"/", "application/json", `{"age":"three"}`, 400, "Age: string is not what is expected (byte 1"},
		{"/", "application/json", `[]`, 400, "the body: array is not what is expected"},
		{"/", "application/json", `{"name":"` + strings.Repeat("x", 100) + `"}`, 413, ""},
		{"/wrong", "application/json", `{}`, 500, ""},
	} {
		r := httptest.NewRequest("POST", tt.path, strings.NewReader(tt.body))
		r.Header.Set("Content-Type", tt.contentType)
		r.Header.Set("Accept", "application/json")
		wantBody(t, do(app, r), tt.status, tt.want)
	}
}
