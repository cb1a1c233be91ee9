package auth

import (
	"context"
	"errors"

	dram "github.com/dram-go/dram/framework"
)

// Password finds the account of a name and reports whether the password is its
// own. It signs nobody in: [Auth.SignIn] does, with the id that is returned.
// Config.Find is needed.
//
// Whether the name or the password is wrong cannot be told from the answer nor
// from its time (see [Hasher.Expect] where hashes were imported), and must not
// be told by the page. Attempts count towards Config.Limits, whose error is
// status 429. A hash that was made in an outdated way is replaced by
// Config.Rehash.
func (a *Auth[U]) Password(c *dram.Context, name, password string) (id int64, ok bool, err error) {
	if a.conf.Limits != nil {
		if err := a.conf.Limits.Take(c, name); err != nil {
			return 0, false, err
		}
	}
	id, hash, err := a.conf.Find(c, name)
	if isNone(err) {
		hash, err = "", nil
	}
	if err != nil {
		return 0, false, err
	}
	ok, err = a.verify(c, hash, password)
	if err != nil || !ok {
		return 0, false, err
	}
	if a.conf.Limits != nil {
		if err := a.conf.Limits.GiveBack(c, name); err != nil {
			return 0, false, err
		}
	}
	a.renewHash(c, id, hash, password)
	return id, true, nil
}

// verify does not let a hash that cannot be read tell that its account exists.
func (a *Auth[U]) verify(c *dram.Context, hash, password string) (bool, error) {
	ok, err := a.conf.Hasher.Verify(c, hash, password)
	if errors.Is(err, errHash) {
		c.Log().Error("a password was not checked", "err", err)
		return a.conf.Hasher.Verify(c, "", password)
	}
	return ok, err
}

// renewHash keeps a login from failing for what can be done at the next one.
func (a *Auth[U]) renewHash(c *dram.Context, id int64, old, password string) {
	if a.conf.Rehash == nil || !a.conf.Hasher.Outdated(old) {
		return
	}
	if err := a.rehash(c, id, old, password); err != nil {
		c.Log().Error("an outdated hash of a password was not replaced", "user", id, "err", err)
	}
}

func (a *Auth[U]) rehash(ctx context.Context, id int64, old, password string) error {
	hash, err := a.conf.Hasher.Hash(ctx, password)
	if err != nil {
		return err
	}
	return a.conf.Rehash(ctx, id, old, hash)
}
