package dram

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// Status chooses the status of the response that follows, as in
// c.Status(201).JSON(v). It returns c.
func (c *Context) Status(status int) *Context {
	c.status = status
	return c
}

// Text answers with plain text.
func (c *Context) Text(text string) error {
	return c.send("text/plain; charset=utf-8", []byte(text))
}

// JSON answers with v as JSON. If v cannot be encoded nothing is sent and the
// error says why.
func (c *Context) JSON(v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("JSON at %s: %w", callerOf(), err)
	}
	return c.send("application/json", append(body, '\n'))
}

// NoContent answers with 204 and nothing else.
func (c *Context) NoContent() error {
	c.Writer.WriteHeader(http.StatusNoContent)
	return nil
}

// Render answers with a page of templates/, such as "question/detail.html";
// data is its dot. The page is complete before the first byte is sent, so an
// error still gets a response of its own. If a form that was bound in this
// request is invalid, the status is 422 unless [Context.Status] chose another;
// if it came as JSON, its errors are the answer (problem+json) and not the page.
func (c *Context) Render(page string, data any) error {
	for _, f := range c.forms {
		if err := f.Err(); err != nil {
			return err
		}
	}
	buf := c.app.buffers.borrow()
	defer c.app.buffers.giveBack(buf)
	if err := c.renderTo(buf, page, data); err != nil {
		return err
	}
	if c.status == 0 && c.hasInvalidForm() {
		c.status = http.StatusUnprocessableEntity
	}
	return c.send("text/html; charset=utf-8", buf.Bytes())
}

// renderTo writes a page to w, whole or not at all.
func (c *Context) renderTo(w io.Writer, page string, data any) error {
	c.page = page
	return c.app.views.Render(w, page, data, c)
}

func (c *Context) hasInvalidForm() bool {
	for _, f := range c.forms {
		if f.Invalid() {
			return true
		}
	}
	return false
}

// send writes a whole response. A Content-Type that the handler has set stays.
func (c *Context) send(contentType string, body []byte) error {
	header := c.Writer.Header()
	setDefault(header, "Content-Type", contentType)
	if c.statusOr(http.StatusOK) == http.StatusOK && c.fresh() {
		return c.NotModified()
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	c.Writer.WriteHeader(c.statusOr(http.StatusOK))
	_, err := c.Writer.Write(body)
	return err
}
