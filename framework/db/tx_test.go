package db_test

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/dram-go/dram/framework/config"
	"github.com/dram-go/dram/framework/db"
)

const insertQuestion = `INSERT INTO question (subject) VALUES (?)`

func questions(t testing.TB, d *db.DB) []string {
	t.Helper()
	all, err := db.All[string](t.Context(), d, `SELECT subject FROM question ORDER BY id`)
	check(t, err)
	return all
}

func insert(ctx context.Context, d *db.DB, subject string) error {
	_, err := d.Insert(ctx, insertQuestion, subject)
	return err
}

func TestNestedWriteIsASavepoint(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		d := k.open(t)
		err := d.Write(t.Context(), func(ctx context.Context) error {
			check(t, insert(ctx, d, "outer"))
			err := d.Write(ctx, func(ctx context.Context) error {
				check(t, insert(ctx, d, "inner, undone"))
				check(t, d.Write(ctx, func(ctx context.Context) error { return insert(ctx, d, "innermost, undone too") }))
				return errOops
			})
			if !errors.Is(err, errOops) {
				t.Errorf("inner Write returned %v", err)
			}
			return d.Write(ctx, func(ctx context.Context) error { return insert(ctx, d, "inner, kept") })
		})
		check(t, err)
		if got := questions(t, d); !slices.Equal(got, []string{"outer", "inner, kept"}) {
			t.Errorf("the database has %q", got)
		}
	})
}

func TestErrorInWriteRollsBack(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		d := k.open(t)
		err := d.Write(t.Context(), func(ctx context.Context) error {
			check(t, insert(ctx, d, "gone"))
			return errOops
		})
		if !errors.Is(err, errOops) {
			t.Errorf("Write returned %v", err)
		}
		if got := questions(t, d); len(got) != 0 {
			t.Errorf("the database has %q", got)
		}
	})
}

func TestPanicInWriteRollsBackAndGoesOn(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		d := k.open(t)
		func() {
			defer func() {
				if recover() != "boom" {
					t.Error("the panic was swallowed")
				}
			}()
			_ = d.Write(t.Context(), func(ctx context.Context) error {
				check(t, insert(ctx, d, "gone"))
				return d.Write(ctx, func(ctx context.Context) error {
					check(t, insert(ctx, d, "gone too"))
					panic("boom")
				})
			})
		}()
		check(t, insert(t.Context(), d, "after")) // the connection is free again
		if got := questions(t, d); !slices.Equal(got, []string{"after"}) {
			t.Errorf("the database has %q", got)
		}
	})
}

// here is "db/tx_test.go:LINE" of offset lines from the call.
func here(offset int) string {
	_, file, line, _ := runtime.Caller(1)
	return filepath.Base(filepath.Dir(file)) + "/" + filepath.Base(file) + ":" + itoa(line+offset)
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}

func TestWritingWithTheOuterContextFailsAtOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		d := k.open(t)
		outer := t.Context()
		nothing := func(context.Context) error { return nil }
		calls := map[string]func() error{
			"Exec":   func() error { _, err := d.Exec(outer, insertQuestion, "x"); return err },
			"Insert": func() error { _, err := d.Insert(outer, insertQuestion, "x"); return err },
			"Write":  func() error { return d.Write(outer, nothing) },
			"with a derived context": func() error {
				ctx, cancel := context.WithCancel(outer)
				defer cancel()
				return d.Write(ctx, nothing)
			},
			"inside a savepoint": func() error {
				return d.Write(outer, nothing)
			},
		}
		for name, call := range calls {
			t.Run(name, func(t *testing.T) {
				var held *db.HeldError
				var place string
				err := d.Write(outer, func(ctx context.Context) error {
					place = here(-1)
					if name == "inside a savepoint" {
						return d.Write(ctx, func(context.Context) error { return call() })
					}
					return call()
				})
				if !errors.As(err, &held) {
					t.Fatalf("returned %v, expected a HeldError", err)
				}
				if held.Holder != place || !strings.HasPrefix(held.Caller, "db/tx_test.go:") || held.Caller == place {
					t.Errorf("the call sites are %s and %s, expected the holder %s", held.Caller, held.Holder, place)
				}
				says(t, err, held.Caller, held.Holder, "context")
			})
		}
		if got := questions(t, d); len(got) != 0 {
			t.Errorf("the database has %q", got)
		}
	})
}

func TestOuterTransactionContextInsideSavepointFails(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		d := k.open(t)
		err := d.Write(t.Context(), func(outer context.Context) error {
			return d.Write(outer, func(context.Context) error { return insert(outer, d, "x") })
		})
		says(t, err, "outer Write", "inner closure")
	})
}

func TestWriteInsideReadFailsAtOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		d := k.open(t)
		calls := map[string]func(ctx context.Context) error{
			"Write": func(ctx context.Context) error {
				return d.Write(ctx, func(context.Context) error { return nil })
			},
			"Exec":   func(ctx context.Context) error { _, err := d.Exec(ctx, insertQuestion, "x"); return err },
			"Insert": func(ctx context.Context) error { return insert(ctx, d, "x") },
		}
		for name, call := range calls {
			t.Run(name, func(t *testing.T) {
				place := here(1)
				err := d.Read(t.Context(), func(ctx context.Context) error { return call(ctx) })
				says(t, err, place, "inside the Read")
			})
		}
	})
}

func TestReadingWithTheOuterContextDoesNotWaitForItself(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		conf := k.config(t, config.Test)
		conf.Database.Readers = 1
		d := start(t, conf, k.board())
		outer := t.Context()
		err := d.Read(outer, func(context.Context) error {
			_, err := db.All[int](outer, d, `SELECT n FROM counter`)
			return err
		})
		says(t, err, "the Read begun at", "db/tx_test.go")
	})
}

func TestReadIsOneSnapshot(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		d := k.open(t)
		outer := t.Context()
		check(t, d.Read(outer, func(ctx context.Context) error {
			before, err := db.One[int](ctx, d, `SELECT count(*) FROM question`)
			check(t, err)
			check(t, insert(outer, d, "meanwhile"))
			after, err := db.One[int](ctx, d, `SELECT count(*) FROM question`)
			if before != after {
				t.Errorf("Read saw %d rows and then %d", before, after)
			}
			return err
		}))
		if got := questions(t, d); len(got) != 1 {
			t.Errorf("after Read the database has %q", got)
		}
	})
}

func TestReadInsideWriteSeesTheTransaction(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		d := k.open(t)
		check(t, d.Write(t.Context(), func(ctx context.Context) error {
			check(t, insert(ctx, d, "mine"))
			return d.Read(ctx, func(ctx context.Context) error {
				n, err := db.One[int](ctx, d, `SELECT count(*) FROM question`)
				if n != 1 {
					t.Errorf("Read inside Write sees %d rows", n)
				}
				return err
			})
		}))
	})
}

func TestAfterCommit(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		d := k.open(t)
		var ran []string
		note := func(ctx context.Context, what string) {
			db.AfterCommit(ctx, func(ctx context.Context) {
				ran = append(ran, what)
				check(t, insert(ctx, d, what)) // the lock is free, and there is no transaction
			})
		}
		note(t.Context(), "without a transaction")
		check(t, d.Write(t.Context(), func(ctx context.Context) error {
			note(ctx, "outer")
			_ = d.Write(ctx, func(ctx context.Context) error { note(ctx, "inner, undone"); return errOops })
			check(t, d.Write(ctx, func(ctx context.Context) error { note(ctx, "inner"); return nil }))
			if len(ran) != 1 {
				t.Errorf("ran before the commit: %q", ran)
			}
			return nil
		}))
		_ = d.Write(t.Context(), func(ctx context.Context) error { note(ctx, "rolled back"); return errOops })
		want := []string{"without a transaction", "outer", "inner"}
		if !slices.Equal(ran, want) || !slices.Equal(questions(t, d), want) {
			t.Errorf("ran %q and wrote %q, expected %q", ran, questions(t, d), want)
		}
	})
}

func TestAfterCommitDoesNotRunWhenCommitFails(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		d := k.open(t)
		ctx, cancel := context.WithCancel(t.Context())
		err := d.Write(ctx, func(ctx context.Context) error {
			db.AfterCommit(ctx, func(context.Context) { t.Error("ran") })
			check(t, insert(ctx, d, "gone"))
			cancel()
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Write returned %v", err)
		}
		if got := questions(t, d); len(got) != 0 {
			t.Errorf("the database has %q", got)
		}
	})
}

// TestCancelledWhileWaiting holds the lock until the waiting call has
// returned: if that did not watch its context, it would end otherwise.
func TestCancelledWhileWaiting(t *testing.T) {
	t.Parallel()
	conf := newConfig(t.TempDir(), config.Test)
	holder := start(t, conf, board())
	waiters := map[string]*db.DB{"same process": holder, "another process": start(t, conf, board())}
	for name, waiter := range waiters {
		t.Run(name, func(t *testing.T) {
			check(t, holder.Write(t.Context(), func(context.Context) error {
				returned := make(chan error)
				ctx, cancel := context.WithCancel(t.Context())
				go func() { returned <- insert(ctx, waiter, "never") }()
				cancel()
				if err := <-returned; !errors.Is(err, context.Canceled) {
					t.Errorf("returned %v", err)
				}
				return nil
			}))
		})
	}
}

func TestPatienceEnds(t *testing.T) {
	t.Parallel()
	conf := newConfig(t.TempDir(), config.Test)
	conf.Database.BusyTimeout = 1
	holder := start(t, conf, board())
	waiters := map[string]*db.DB{"the transaction begun at db/tx_test.go": holder, "another process": start(t, conf, board())}
	for who, waiter := range waiters {
		t.Run(who, func(t *testing.T) {
			check(t, holder.Write(t.Context(), func(context.Context) error {
				returned := make(chan error)
				go func() { returned <- insert(t.Context(), waiter, "never") }()
				err := <-returned
				says(t, err, who, "database.busy_timeout")
				var status interface{ StatusCode() int }
				if !errors.As(err, &status) || status.StatusCode() != 503 {
					t.Errorf("%v has no status 503", err)
				}
				return nil
			}))
		})
	}
}

func TestContextThatOutlivesItsTransaction(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		d := k.open(t)
		var kept context.Context
		check(t, d.Write(t.Context(), func(ctx context.Context) error { kept = ctx; return nil }))
		_, err := db.One[int](kept, d, `SELECT n FROM counter`)
		says(t, err, "which is over", "db/tx_test.go")
	})
}

func TestTwoDatabasesHaveTransactionsOfTheirOwn(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		a, b := k.open(t), k.open(t)
		err := a.Write(t.Context(), func(ctx context.Context) error {
			check(t, insert(ctx, a, "a"))
			check(t, b.Write(ctx, func(ctx context.Context) error {
				check(t, insert(ctx, a, "a, from inside b"))
				return insert(ctx, b, "b")
			}))
			return errOops
		})
		if !errors.Is(err, errOops) {
			t.Errorf("Write returned %v", err)
		}
		if len(questions(t, a)) != 0 || !slices.Equal(questions(t, b), []string{"b"}) {
			t.Errorf("a has %q and b has %q", questions(t, a), questions(t, b))
		}
	})
}

func TestManyGoroutinesTakeTurns(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		d := k.open(t)
		const goroutines, each = 8, 25
		errs := make(chan error)
		for range goroutines {
			go func() {
				var err error
				for range each {
					err = errors.Join(err, d.Write(t.Context(), func(ctx context.Context) error {
						n, err := db.One[int](ctx, d, `SELECT n FROM counter`)
						if err != nil {
							return err
						}
						_, err = d.Exec(ctx, `UPDATE counter SET n = ?`, n+1)
						return err
					}))
				}
				errs <- err
			}()
		}
		for range goroutines {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		if n := count(t, d, `SELECT n FROM counter`); n != goroutines*each {
			t.Errorf("counter is %d, expected %d", n, goroutines*each)
		}
	})
}

func TestFailedStatementAndTheTransactionAroundIt(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k kind) {
		d := k.open(t)
		check(t, insert(t.Context(), d, "taken"))
		check(t, d.Write(t.Context(), func(ctx context.Context) error {
			err := d.Write(ctx, func(ctx context.Context) error { return insert(ctx, d, "taken") })
			if !db.IsUnique(err, "question.subject") {
				t.Errorf("the inner Write returned %v", err)
			}
			return insert(ctx, d, "free")
		}))
		if got := questions(t, d); !slices.Equal(got, []string{"taken", "free"}) {
			t.Errorf("the database has %q", got)
		}
	})
}

func TestPanicAfterCommitStopsNobody(t *testing.T) {
	t.Parallel()
	d := openBoard(t)
	var ran []int
	func() {
		defer func() {
			if said := recover(); said != "second" {
				t.Errorf("recovered %v", said)
			}
		}()
		check(t, d.Write(t.Context(), func(ctx context.Context) error {
			for i := range 4 {
				db.AfterCommit(ctx, func(context.Context) {
					ran = append(ran, i)
					if i == 1 {
						panic("second")
					}
				})
			}
			return nil
		}))
		t.Error("the panic is lost")
	}()
	if !slices.Equal(ran, []int{0, 1, 2, 3}) {
		t.Errorf("ran %v", ran)
	}
}
