package auth

import (
	"context"
	"strconv"
	"time"

	"github.com/dram-go/dram/framework/db"
	"github.com/dram-go/dram/framework/session"
)

// Sessions keeps sessions in the database, in the table auth_session that
// [Migration] makes: app.SessionStore(&auth.Sessions{DB: database}). Users can
// then see where they are signed in, and end one session of theirs:
//
//	mine := s.Auth.Owner(u.ID)
//	devices, err := s.Sessions.Of(c, mine)
//	…
//	err := s.Sessions.End(c, mine, c.Param("id"))
//
// It is a [session.Store].
type Sessions struct{ DB *db.DB }

var _ session.Store = (*Sessions)(nil)

// Device is one session, on the page where its owner sees them all.
type Device struct {
	// ID names the session for End. It is that of session.Session.ID, which
	// tells the one at hand. It is no secret, its cookie cannot be made of it.
	ID string
	// Agent is what the browser calls itself.
	Agent string
	// Begun is when the user signed in, Seen when the session was last used, to
	// within five minutes.
	Begun, Seen time.Time
}

// Of lists the sessions of an owner, see [Auth.Owner], the last used first.
func (s *Sessions) Of(ctx context.Context, owner string) ([]Device, error) {
	rows, err := db.All[sessionRow](ctx, s.DB, `SELECT id, owner, data, agent, begun, seen, ends FROM auth_session
WHERE owner = ? AND ends > ? ORDER BY seen DESC, begun DESC, id`, owner, s.DB.Now().Unix())
	if err != nil {
		return nil, err
	}
	devices := make([]Device, len(rows))
	for i, row := range rows {
		devices[i] = Device{ID: row.ID, Agent: row.Agent, Begun: moment(row.Begun), Seen: moment(row.Seen)}
	}
	return devices, nil
}

// End ends one session of an owner. One that the owner does not have is
// db.ErrNotFound.
func (s *Sessions) End(ctx context.Context, owner, id string) error {
	done, err := s.DB.Exec(ctx, `DELETE FROM auth_session WHERE id = ? AND owner = ?`, id, owner)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return orNotFound(err)
	}
	return nil
}

func orNotFound(err error) error {
	if err == nil {
		return db.ErrNotFound
	}
	return err
}

// EndOthers ends all sessions of an owner but the one with an id; "" ends all.
func (s *Sessions) EndOthers(ctx context.Context, owner, id string) error {
	_, err := s.DB.Exec(ctx, `DELETE FROM auth_session WHERE owner = ? AND id <> ?`, owner, id)
	return err
}

// sessionRow is a row of auth_session.
type sessionRow struct {
	ID, Owner, Data, Agent string
	Begun, Seen, Ends      int64
}

func moment(unix int64) time.Time { return time.Unix(unix, 0).UTC() }

// Find is for package session.
func (s *Sessions) Find(ctx context.Context, id string) (session.Record, bool, error) {
	rows, err := db.All[sessionRow](ctx, s.DB, `SELECT id, owner, data, agent, begun, seen, ends FROM auth_session
WHERE id = ? AND ends > ?`, id, s.DB.Now().Unix())
	if err != nil || len(rows) == 0 {
		return session.Record{}, false, err
	}
	r := rows[0]
	return session.Record{
		ID: r.ID, Owner: r.Owner, Agent: r.Agent, Data: []byte(r.Data),
		Begun: moment(r.Begun), Seen: moment(r.Seen), Ends: moment(r.Ends),
	}, true, nil
}

// Create is for package session. It also removes what has ended.
func (s *Sessions) Create(ctx context.Context, r session.Record) error {
	return s.DB.Write(ctx, func(ctx context.Context) error {
		if _, err := s.DB.Exec(ctx, `DELETE FROM auth_session WHERE ends <= ?`, s.DB.Now().Unix()); err != nil {
			return err
		}
		_, err := s.DB.Exec(ctx, `INSERT INTO auth_session (id, owner, data, agent, begun, seen, ends)
VALUES (?, ?, ?, ?, ?, ?, ?)`, r.ID, r.Owner, string(r.Data), r.Agent, r.Begun.Unix(), r.Seen.Unix(), r.Ends.Unix())
		return err
	})
}

// Update is for package session.
func (s *Sessions) Update(ctx context.Context, r session.Record) (bool, error) {
	done, err := s.DB.Exec(ctx, `UPDATE auth_session SET owner = ?, data = ?, agent = ?, begun = ?, seen = ?, ends = ? WHERE id = ?`,
		r.Owner, string(r.Data), r.Agent, r.Begun.Unix(), r.Seen.Unix(), r.Ends.Unix(), r.ID)
	if err != nil {
		return false, err
	}
	n, err := done.RowsAffected()
	return n > 0, err
}

// Delete is for package session.
func (s *Sessions) Delete(ctx context.Context, id string) error {
	_, err := s.DB.Exec(ctx, `DELETE FROM auth_session WHERE id = ?`, id)
	return err
}

// Owner is how sessions name a user of this kind, for the methods of [Sessions].
func (a *Auth[U]) Owner(id int64) string { return a.conf.Key + ":" + strconv.FormatInt(id, 10) }
