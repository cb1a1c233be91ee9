package auth

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	dram "github.com/dram-go/dram/framework"
)

// Config describes how an app keeps its users. U is the app's own type of them.
type Config[U any] struct {
	// Load returns the user with an id. If there is none (any more) the error
	// matches sql.ErrNoRows, as db.ErrNotFound does. Needed.
	Load func(ctx context.Context, id int64) (U, error)
	// Login is the name of the route that [Auth.Required] sends visitors to.
	// Needed for it; one that is not there is a fault of the app's Build.
	Login string
	// Epoch returns a number of the user that is not the same after the
	// password was changed: all sessions that began under another one are over,
	// on all devices. Without Epoch they go on.
	Epoch func(user U) int64
	// Key is the name under which sessions keep the user, "user" by default.
	// An app with two kinds of users that sign in separately needs two.
	Key string

	// What follows is needed for [Auth.Password] only.

	// Find returns the id and the stored hash of an account by the name that a
	// visitor typed; none is an error as that of Load.
	Find func(ctx context.Context, name string) (id int64, hash string, err error)
	// Rehash replaces a hash that was made in an outdated way by a better one
	// of the same password, if it is still the old one: UPDATE user SET
	// password = new WHERE id = ? AND password = old. May be nil.
	Rehash func(ctx context.Context, id int64, old, new string) error
	// Hasher checks passwords; nil means one of its own.
	Hasher *Hasher
	// Limits bounds attempts. Nil means that nothing does.
	Limits *Limits
}

// Auth knows who makes a request. Make it by [New]; it is safe for use by many
// goroutines.
type Auth[U any] struct {
	conf   Config[U]
	visits *dram.Key[*visit[U]]
}

// New makes an Auth. It panics without a Load, which is a mistake in the
// program.
func New[U any](conf Config[U]) *Auth[U] {
	if conf.Load == nil {
		panic("auth.New: Config.Load is missing: how is a user found by id?")
	}
	if conf.Key == "" {
		conf.Key = "user"
	}
	if conf.Hasher == nil {
		conf.Hasher = &Hasher{}
	}
	return &Auth[U]{conf: conf, visits: dram.NewKey[*visit[U]]("auth " + conf.Key)}
}

// Load is middleware that lets templates ask for the user:
// {{with user}}{{.Name}}{{else}}…{{end}}. The user is looked for when first
// asked for, once per request; a page that does not ask costs nothing and
// depends on nobody.
func (a *Auth[U]) Load(next dram.Handler) dram.Handler {
	return func(c *dram.Context) error {
		a.visit(c)
		if id, ok := c.SignInAsked(); ok {
			if err := a.SignIn(c, id); err != nil {
				return err
			}
			return c.NoContent()
		}
		return next(c)
	}
}

// User returns the user that makes the request, and whether one is signed in.
// If that cannot be found out, because the database is away, the request is
// answered with that error.
func (a *Auth[U]) User(c *dram.Context) (U, bool) {
	user, ok, err := a.visit(c).find(c)
	if err != nil {
		c.Fail(err)
	}
	return user, ok
}

// Must returns the user behind [Auth.Required]. Where nobody is signed in, the
// route lacks it, which is a mistake in the program: the request is answered
// with 500.
func (a *Auth[U]) Must(c *dram.Context) U {
	user, ok := a.User(c)
	if !ok {
		c.Fail(fmt.Errorf("auth: nobody is signed in, but %s needs a user: put it into a group with Required", c.Pattern()))
	}
	return user
}

// SignIn begins a session of the user: what the visitor's session held is kept,
// unless it was that of another user, and it is renewed, so that a cookie from
// before is not the one of the user. It must come before the first byte of the
// response. The error may be that of Load.
//
// Call it after a change of the password, too: the epoch ends all sessions,
// and this one begins anew.
func (a *Auth[U]) SignIn(c *dram.Context, id int64) error {
	user, err := a.conf.Load(c, id)
	if err != nil {
		return fmt.Errorf("auth: signing in user %d: %w", id, err)
	}
	s := c.Session()
	var old ticket
	if known, _ := s.Get(a.conf.Key, &old); known && old.ID != id {
		if err := s.Clear(); err != nil {
			return err
		}
	}
	if err := s.Renew(); err != nil {
		return err
	}
	if err := s.Set(a.conf.Key, ticket{ID: id, Epoch: a.epoch(user)}); err != nil {
		return err
	}
	if err := s.Own(a.Owner(id)); err != nil {
		return err
	}
	a.visit(c).become(user, true)
	return nil
}

// SignOut ends the session with all that it held. It must come before the
// first byte of the response. Flash messages come after it.
func (a *Auth[U]) SignOut(c *dram.Context) error {
	if err := c.Session().Clear(); err != nil {
		return err
	}
	var nobody U
	a.visit(c).become(nobody, false)
	return nil
}

func (a *Auth[U]) epoch(user U) int64 {
	if a.conf.Epoch == nil {
		return 0
	}
	return a.conf.Epoch(user)
}

// isNone reports whether a lookup found nothing.
func isNone(err error) bool { return errors.Is(err, sql.ErrNoRows) }
