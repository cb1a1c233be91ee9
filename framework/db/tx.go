package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/jmoiron/sqlx"
)

// scope is a transaction, or a savepoint in one, as the context carries it.
type scope struct {
	db     *DB
	tx     *sqlx.Tx
	write  bool
	outer  *scope // the scope of the context it began in, perhaps of another DB
	parent *scope // the enclosing scope of the same transaction, nil at the top
	depth  int
	begun  stack

	conflict atomic.Bool // at the top: the database asks for another try

	mu    sync.Mutex
	inner *scope // the savepoint that is open now
	state state
	after []func(ctx context.Context)
}

// state is how far a scope has come.
type state int

const (
	open state = iota
	committed
	rolledBack
)

// scopeKey finds the innermost scope in a context.
type scopeKey struct{}

// scope returns this database's scope in ctx, nil outside of one. It fails
// when the context is not the one to use now.
func (d *DB) scope(ctx context.Context) (*scope, error) {
	s, _ := ctx.Value(scopeKey{}).(*scope)
	for s != nil && s.db != d {
		s = s.outer
	}
	if s == nil {
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != open {
		return nil, fmt.Errorf("%s: this context belongs to the transaction begun at %s, which is over; "+
			"work that outlives a transaction needs the context from outside", caller(), &s.begun)
	}
	if s.inner != nil {
		return nil, &HeldError{Caller: caller(), Holder: s.inner.begun.String(), text: heldByInner}
	}
	return s, nil
}

// Write runs fn in a transaction in which what fn reads cannot change before it
// writes: on SQLite it holds the write lock from the beginning. It commits when fn returns
// nil, and rolls back when fn returns an error (which Write returns), panics
// or ctx ends. Queries find the transaction in the context that fn receives.
//
// On PostgreSQL, transactions write side by side. Where two of them meet, one
// runs fn again from the beginning, so fn does nothing that must not happen
// twice: what is to follow the commit belongs into [AfterCommit].
//
// Inside another Write it is a savepoint: an error undoes what fn did and
// nothing else. Inside Read it fails. Waiting for the lock ends with ctx, or
// with a [BusyError] after database.busy_timeout.
func (d *DB) Write(ctx context.Context, fn func(ctx context.Context) error) error {
	begun := capture(0)
	s, err := d.scope(ctx)
	if err != nil {
		return err
	}
	if s == nil {
		return d.write(ctx, begun, fn)
	}
	if !s.write {
		return &HeldError{Caller: begun.String(), Holder: s.begun.String(), text: writeInRead}
	}
	return s.savepoint(ctx, begun, fn)
}

// write is the outermost Write.
func (d *DB) write(ctx context.Context, begun stack, fn func(ctx context.Context) error) error {
	if err := d.gate.enter(ctx, &begun, d.conf.Database.BusyTimeout, d.migrating); err != nil {
		return err
	}
	var s *scope
	err := func() error {
		defer d.gate.leave(&begun)
		p := d.pools.Load()
		if p == nil {
			return errNotStarted
		}
		return d.repeat(ctx, &begun, func() (bool, error) {
			s = &scope{db: d, write: true, outer: current(ctx), begun: begun}
			err := s.transaction(ctx, p.writer, nil, fn)
			return s.conflict.Load(), err
		})
	}()
	if err != nil {
		return err
	}
	s.runAfter(ctx)
	return nil
}

func (d *DB) migrating() bool { return d.engine != nil && d.engine.Migrating() }

// Read runs fn with a context in which all queries see the same state of the
// database, whatever others commit meanwhile. Inside Write or Read it joins
// the transaction there. Writing inside Read fails.
func (d *DB) Read(ctx context.Context, fn func(ctx context.Context) error) error {
	begun := capture(0)
	s, err := d.scope(ctx)
	if err != nil {
		return err
	}
	if s != nil {
		return fn(ctx)
	}
	p := d.pools.Load()
	if p == nil {
		return errNotStarted
	}
	if err := d.reads.check(d.readers()); err != nil {
		return err
	}
	err = d.repeat(ctx, &begun, func() (bool, error) {
		s = &scope{db: d, outer: current(ctx), begun: begun}
		d.reads.add(s)
		defer d.reads.remove(s)
		err := s.transaction(ctx, p.reader, &sql.TxOptions{ReadOnly: true}, fn)
		return s.conflict.Load(), err
	})
	if err != nil {
		return err
	}
	s.runAfter(ctx)
	return nil
}

// AfterCommit has fn run once the transaction in ctx is committed, after all
// of its locks are gone; if it rolls back, or the savepoint that ctx belongs
// to does, fn never runs. Without a transaction in ctx it runs at once. The
// context that fn receives has no transaction and does not end with ctx. If one
// fn panics, those after it run all the same, and then the panic goes on.
func AfterCommit(ctx context.Context, fn func(ctx context.Context)) {
	for s := current(ctx); s != nil; s = s.parent {
		switch s.later(fn) {
		case open, rolledBack:
			return
		case committed: // a released savepoint: its transaction decides
		}
	}
	fn(context.WithValue(context.WithoutCancel(ctx), scopeKey{}, (*scope)(nil)))
}

// later keeps fn if s is open, and returns the state of s.
func (s *scope) later(fn func(ctx context.Context)) state {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == open {
		s.after = append(s.after, fn)
	}
	return s.state
}

// current is the innermost scope of any database in ctx.
func current(ctx context.Context) *scope {
	s, _ := ctx.Value(scopeKey{}).(*scope)
	return s
}

func (s *scope) runAfter(ctx context.Context) {
	runAll(context.WithoutCancel(ctx), s.after)
}

// runAll calls all functions in order, also those after one that panics: each
// was promised to follow the commit. The panic goes on when they have run.
func runAll(ctx context.Context, all []func(ctx context.Context)) {
	if len(all) == 0 {
		return
	}
	defer runAll(ctx, all[1:])
	all[0](ctx)
}

// transaction begins, runs fn and commits or rolls back.
func (s *scope) transaction(ctx context.Context, pool *sqlx.DB, opts *sql.TxOptions, fn func(ctx context.Context) error) error {
	log := s.db.begin(ctx, "BEGIN", nil, &s.begun)
	tx, err := pool.BeginTxx(ctx, opts)
	log.end(-1, err)
	if err != nil {
		return fmt.Errorf("%s: begin: %w", &s.begun, s.failed(ctx, err))
	}
	s.tx = tx
	return s.run(ctx, fn, func() error {
		if s.conflict.Load() {
			return errConflict // fn went on as if a part of it had failed
		}
		log := s.db.begin(ctx, "COMMIT", nil, &s.begun)
		err := tx.Commit()
		log.end(-1, err)
		if err != nil {
			return fmt.Errorf("%s: commit: %w", &s.begun, s.failed(ctx, err))
		}
		return nil
	}, tx.Rollback)
}

// explain turns an error of the driver into one that says more. That the
// transaction is over because its context ended is reported as the latter.
func (d *DB) explain(ctx context.Context, err error) error {
	if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil {
		return ctx.Err()
	}
	return d.engine.Explain(ctx, err)
}

// savepoint runs fn in a part of the transaction that can fail alone.
func (s *scope) savepoint(ctx context.Context, begun stack, fn func(ctx context.Context) error) error {
	in := &scope{db: s.db, tx: s.tx, write: true, outer: s.outer, parent: s, depth: s.depth + 1, begun: begun}
	name := fmt.Sprintf("dram_%d", in.depth)
	// The end of a context that is shorter than the transaction must not keep
	// the savepoint from being closed.
	do := func(statement string) error {
		log := s.db.begin(ctx, statement, nil, &in.begun)
		_, err := s.tx.ExecContext(context.WithoutCancel(ctx), statement)
		log.end(-1, err)
		return err
	}
	if err := do("SAVEPOINT " + name); err != nil {
		return fmt.Errorf("%s: %w", &in.begun, s.failed(ctx, err))
	}
	s.setInner(in)
	defer s.setInner(nil)
	err := in.run(ctx, fn,
		func() error { return do("RELEASE " + name) },
		func() error { return errors.Join(do("ROLLBACK TO "+name), do("RELEASE "+name)) })
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after = append(s.after, in.after...)
	return nil
}

func (s *scope) setInner(in *scope) {
	s.mu.Lock()
	s.inner = in
	s.mu.Unlock()
}

func (s *scope) setState(to state) {
	s.mu.Lock()
	s.state = to
	s.mu.Unlock()
}

// run calls fn and then exactly one of commit and rollback, also when fn
// panics or ends its goroutine.
func (s *scope) run(ctx context.Context, fn func(ctx context.Context) error, commit, rollback func() error) error {
	returned := false
	defer func() {
		if !returned {
			s.setState(rolledBack)
			_ = rollback() // the panic is what matters now
		}
	}()
	err := fn(context.WithValue(ctx, scopeKey{}, s))
	returned = true
	if err == nil {
		if err = commit(); err == nil {
			s.setState(committed)
			return nil
		}
	}
	s.setState(rolledBack)
	// Rolling back what has already ended (ctx, commit) is no news.
	if undo := rollback(); undo != nil && !errors.Is(undo, sql.ErrTxDone) {
		return errors.Join(err, fmt.Errorf("and its rollback: %w", undo))
	}
	return err
}
