package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// lockKey is the advisory lock of migrations, one per database: "dram" and
// "migr" in ASCII.
const lockKey = 0x6472616d_6d696772

// Lock waits until no other process migrates. The lock ends with its
// connection, whatever happens to this process. It is asked for again and again
// instead of waited for on the server, because a waiting statement would keep
// CREATE INDEX CONCURRENTLY, in the migration it waits for, from ending.
func (e *engine) Lock(ctx context.Context) (unlock func(), err error) {
	conn, err := pgx.ConnectConfig(ctx, e.conf.Copy())
	if err != nil {
		return nil, e.connectError(err)
	}
	release := func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		_ = conn.Close(ctx)
	}
	for {
		var locked bool
		err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", int64(lockKey)).Scan(&locked)
		if err == nil && locked {
			return release, nil
		}
		if err == nil {
			err = pause(ctx, 20*time.Millisecond)
		}
		if err != nil {
			release()
			return nil, fmt.Errorf("another process is migrating: %w", err)
		}
	}
}

// pause waits, or returns the context's error when that ends first.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
