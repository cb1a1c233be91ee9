package dram

import (
	"context"

	"github.com/dram-go/dram/framework/config"
)

// UserFunc finds out who makes a request: nil is nobody.
type UserFunc func(c *Context) (any, error)

// currentUser is who {{user}} asks.
var currentUser = NewKey[UserFunc]("user")

// SetUser tells the templates of this request how to find its user: {{user}}
// calls find, and is nothing without one. It is for middleware that knows
// users, such as that of package auth; find should remember what it found.
func (c *Context) SetUser(find UserFunc) { currentUser.Set(c, find) }

// templateUser is who makes the request, as the app's own type:
// {{with user}}{{.Name}}{{else}}…{{end}}.
func templateUser(c *Context) (any, error) {
	find, ok := currentUser.Get(c)
	if !ok {
		return nil, nil
	}
	return find(c)
}

// signInKey is where a context keeps whom to sign in.
type signInKey struct{}

// WithSignIn returns a context that asks the app, in the environment test, to
// sign in a user without a password: the request that carries it is answered
// by the Load of package auth with 204 and the cookie of a session, or with
// the error that kept it from that. No client can send a context, only the
// program itself can; webtest uses it for its As.
func WithSignIn(ctx context.Context, id int64) context.Context {
	return context.WithValue(ctx, signInKey{}, id)
}

// SignInAsked returns what [WithSignIn] asked for. In other environments than
// test nobody is signed in that way.
func (c *Context) SignInAsked() (id int64, ok bool) {
	if c.app.conf.Env != config.Test {
		return 0, false
	}
	id, ok = c.Value(signInKey{}).(int64)
	return id, ok
}
