package webtest

import (
	"net/http"

	dram "github.com/dram-go/dram/framework"
)

// As returns another visitor, who has the headers of this one and has just
// signed in as a user, without a password. The app must be one of Dram whose
// users are known by package auth: app.Use(login.Load).
func (c *Client) As(id int64) *Client {
	c.t.Helper()
	visitor := c.Visitor()
	visitor.header = c.header.Clone()
	r := visitor.do(dram.WithSignIn(c.t.Context(), id), visitor.request("GET", "/", nil))
	if r.Code != http.StatusNoContent || len(r.Headers.Values("Set-Cookie")) == 0 {
		r.fail("As(%d): nobody was signed in: the app must have such a user, and app.Use(login.Load) with login of auth.New", id)
	}
	return visitor
}
