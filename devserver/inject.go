package devserver

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Where the dev server's own parts are.
const (
	devPrefix  = "/__dev/"
	clientPath = devPrefix + "client.js"
)

// injectClient adds the dev client's tag to a full HTML page and leaves every
// other response as it is.
func injectClient(resp *http.Response) error {
	if !mayInject(resp) {
		return nil
	}
	start, at, err := readHeadOf(resp.Body)
	if err != nil {
		return err
	}
	if at < 0 {
		resp.Body = joined{io.MultiReader(strings.NewReader(start), resp.Body), resp.Body}
		return nil
	}
	nonce := amendPolicies(resp.Header, resp.Request.Host)
	tag := clientTag(visited(resp.Request).view, resp.Request.Method, nonce)
	resp.Body = joined{io.MultiReader(strings.NewReader(start[:at]+tag+start[at:]), resp.Body), resp.Body}
	if resp.ContentLength >= 0 {
		resp.ContentLength += int64(len(tag))
		resp.Header.Set("Content-Length", strconv.FormatInt(resp.ContentLength, 10))
	}
	// These name bytes that the browser does not get. With a validator it
	// would be told 304 and keep a page whose tag is of the past.
	for _, name := range []string{"Etag", "Last-Modified", "Content-Md5", "Digest", "Content-Digest", "Repr-Digest"} {
		resp.Header.Del(name)
	}
	return nil
}

// mayInject tells whether a response can be a page that a browser shows as a
// document, complete and readable.
func mayInject(resp *http.Response) bool {
	r, h := resp.Request, resp.Header
	switch {
	case r.Method == http.MethodHead, resp.StatusCode < 200,
		resp.StatusCode == http.StatusNoContent, resp.StatusCode == http.StatusResetContent,
		resp.StatusCode == http.StatusPartialContent, resp.StatusCode == http.StatusNotModified:
		return false
	case h.Get("Content-Encoding") != "" && h.Get("Content-Encoding") != "identity":
		return false
	case strings.HasPrefix(strings.ToLower(strings.TrimSpace(h.Get("Content-Disposition"))), "attachment"):
		return false
	case strings.EqualFold(h.Get("X-Dev-Inject"), "off"):
		return false
	case asksForFragment(r.Header):
		return false
	}
	media, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && media == "text/html" && !strings.HasPrefix(strings.ToLower(params["charset"]), "utf-16")
}

// asksForFragment tells the requests whose answer a script puts into a page.
func asksForFragment(h http.Header) bool {
	for _, name := range []string{"Hx-Request", "Datastar-Request", "Turbo-Frame"} {
		if h.Get(name) != "" {
			return true
		}
	}
	dest := h.Get("Sec-Fetch-Dest")
	return dest != "" && !slices.Contains([]string{"document", "iframe", "frame"}, dest)
}

// readHeadOf reads as much of a page as is needed to know where the tag goes;
// at is -1 when it does not. A page that streams is read no further than that.
func readHeadOf(body io.Reader) (start string, at int, err error) {
	page := make([]byte, 0, 4096)
	for {
		page = slices.Grow(page, 1024)
		n, err := body.Read(page[len(page):cap(page)])
		page = page[:len(page)+n]
		if err != nil && !errors.Is(err, io.EOF) {
			return "", -1, err
		}
		at, v := findHead(page, err != nil)
		switch v {
		case headHere:
			return string(page), at, nil
		case noHead:
			return string(page), -1, nil
		}
	}
}

// clientTag is the one thing that is added. The attributes say what the page
// was made from, so that the client knows when it is of the past; the answer
// to a form is not loaded again without asking.
func clientTag(v *view, method, nonce string) string {
	extra := ""
	if method != http.MethodGet {
		extra += ` data-method="post"`
	}
	if nonce != "" {
		extra += ` nonce="` + nonce + `"`
	}
	return fmt.Sprintf(`<script src="%s" data-version="%s" data-styles="%d"%s defer></script>`,
		clientPath, v.Version, v.Styles, extra)
}

// joined reads from one and closes the other.
type joined struct {
	io.Reader
	io.Closer
}
