package auth

import (
	"errors"
	"sync"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/session"
)

// ticket is what a session keeps of its user.
type ticket struct {
	ID    int64 `json:"id"`
	Epoch int64 `json:"epoch,omitempty"`
}

// visit is one request and who makes it, found out at most once. All copies of
// the Context share it.
type visit[U any] struct {
	auth *Auth[U]

	mu    sync.Mutex
	known bool
	user  U
	ok    bool
}

// visit returns that of the request, new if nobody asked yet.
func (a *Auth[U]) visit(c *dram.Context) *visit[U] {
	if v, ok := a.visits.Get(c); ok {
		return v
	}
	v := &visit[U]{auth: a}
	a.visits.Set(c, v)
	c.SetUser(func(c *dram.Context) (any, error) {
		user, ok, err := v.find(c)
		if !ok {
			return nil, err
		}
		return user, nil
	})
	return v
}

func (v *visit[U]) become(user U, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.user, v.ok, v.known = user, ok, true
}

// find returns the user. An error is returned once: the page that tells of it
// shows nobody signed in rather than failing too.
func (v *visit[U]) find(c *dram.Context) (user U, ok bool, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.known {
		v.known = true
		v.user, v.ok, err = v.auth.recognise(c)
	}
	return v.user, v.ok, err
}

// recognise finds the user of the session. A session of a user who is gone, or
// of another epoch, is nobody's from now on.
func (a *Auth[U]) recognise(c *dram.Context) (nobody U, ok bool, err error) {
	s := c.Session()
	var t ticket
	found, err := s.Get(a.conf.Key, &t)
	if !found {
		return nobody, false, err
	}
	if err != nil {
		return nobody, false, a.forget(s) // of another build, in another form
	}
	user, err := a.conf.Load(c, t.ID)
	switch {
	case isNone(err) || err == nil && a.epoch(user) != t.Epoch:
		return nobody, false, a.forget(s)
	case err != nil:
		return nobody, false, err
	}
	return user, true, nil
}

// forget takes the user out of a session, which may hold more.
func (a *Auth[U]) forget(s *session.Session) error {
	return errors.Join(s.Delete(a.conf.Key), s.Own(""))
}
