package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/netip"
	"strconv"
	"strings"
	"time"

	dram "github.com/dram-go/dram/framework"
	"github.com/dram-go/dram/framework/db"
)

// Limits bounds how often passwords may be guessed. Attempts are counted in the
// database (table auth_limit, see [Migration]), so that the limit holds for all
// processes together and survives a reload.
//
// Both limits count attempts, not failures, because guesses that run at the
// same time have not failed yet. A success gives its attempts back.
//
// Whoever knows a name can use up its attempts and so keep its owner from
// signing in for a while; those who are signed in stay so. Without a limit per
// account, many addresses together could guess on.
type Limits struct {
	DB *db.DB // has the table auth_limit
	// Window is how long attempts count, from the first one on. 0 means 15
	// minutes.
	Window time.Duration
	// PerAccount is how many attempts an account may see in a window, whoever
	// makes them. 0 means 10.
	PerAccount int
	// PerAddress is how many attempts may come from one address, for whatever
	// account; of IPv6 the first 64 bits count. 0 means 100, because an office
	// or a school may share an address.
	PerAddress int
}

// Take counts an attempt for an account, named as the visitor typed it (its case
// and white space do not matter), and for the address that the request comes
// from. Call it before the password is looked at. When the limit of either is
// reached the error is status 429 with Retry-After, and a message from the
// texts auth.too_many (its {0} is a number of minutes) of the app's catalogue,
// else in English or Korean.
func (l *Limits) Take(c *dram.Context, account string) error {
	buckets := l.buckets(c, account)
	now := l.DB.Now().Unix()
	wait, err := l.spent(c, buckets, now)
	if err != nil {
		return err
	}
	if wait > 0 {
		return tooMany(c, wait)
	}
	err = l.DB.Write(c, func(ctx context.Context) error {
		wait, err = l.count(ctx, buckets, now)
		return err
	})
	if err == nil && wait > 0 {
		return tooMany(c, wait)
	}
	return err
}

// GiveBack forgets the attempts for an account, and one of the request's
// address. Call it after the right password.
func (l *Limits) GiveBack(c *dram.Context, account string) error {
	buckets := l.buckets(c, account)
	return l.DB.Write(c, func(ctx context.Context) error {
		for _, b := range buckets {
			statement := `UPDATE auth_limit SET attempts = attempts - 1 WHERE name = ? AND attempts > 0`
			if b.whole {
				statement = `DELETE FROM auth_limit WHERE name = ?`
			}
			if _, err := l.DB.Exec(ctx, statement, b.name); err != nil {
				return err
			}
		}
		return nil
	})
}

// bucket is one row of attempts.
type bucket struct {
	name  string
	limit int64
	whole bool // a success empties it
}

// buckets lists what an attempt counts for, the address first: once that is
// used up, accounts stay as they are.
func (l *Limits) buckets(c *dram.Context, account string) []bucket {
	var list []bucket
	if from := network(c.ClientIP()); from != "" {
		list = append(list, bucket{name: digest("address", from), limit: orElse(l.PerAddress, 100)})
	}
	account = strings.ToLower(string(normal(strings.TrimSpace(account))))
	return append(list, bucket{name: digest("account", account), limit: orElse(l.PerAccount, 10), whole: true})
}

func orElse(n, otherwise int) int64 {
	if n <= 0 {
		n = otherwise
	}
	return int64(n)
}

// network is what counts as one address: with IPv6 everybody has 2^64.
func network(ip netip.Addr) string {
	if !ip.IsValid() {
		return ""
	}
	if ip = ip.Unmap(); ip.Is6() {
		prefix, _ := ip.WithZone("").Prefix(64) // 64 is always possible
		return prefix.String()
	}
	return ip.String()
}

// digest names a bucket. People type passwords into the field for the name;
// the table must not keep them.
func digest(kind, text string) string {
	sum := sha256.Sum256([]byte(kind + "\x00" + text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// tally is a row of auth_limit.
type tally struct {
	Attempts int64
	Ends     int64
}

// spent returns how long an attempt has to wait, without counting it. Whoever
// has used up the attempts can knock on without writing to the database.
func (l *Limits) spent(ctx context.Context, buckets []bucket, now int64) (wait int64, err error) {
	for _, b := range buckets {
		rows, err := db.All[tally](ctx, l.DB, `SELECT attempts, ends FROM auth_limit WHERE name = ?`, b.name)
		if err != nil {
			return 0, err
		}
		for _, row := range rows {
			if row.Attempts >= b.limit && row.Ends > now {
				wait = max(wait, row.Ends-now)
			}
		}
	}
	return wait, nil
}

// take is one statement, so that no two attempts are the same one.
const take = `INSERT INTO auth_limit (name, attempts, ends) VALUES (?, 1, ?)
ON CONFLICT (name) DO UPDATE SET
	attempts = CASE WHEN auth_limit.ends <= ? THEN 1 ELSE auth_limit.attempts + 1 END,
	ends = CASE WHEN auth_limit.ends <= ? THEN excluded.ends ELSE auth_limit.ends END
RETURNING attempts, ends`

// count counts an attempt in each bucket, up to the first that is used up, and
// returns how long that one lasts.
func (l *Limits) count(ctx context.Context, buckets []bucket, now int64) (wait int64, err error) {
	if _, err := l.DB.Exec(ctx, `DELETE FROM auth_limit WHERE ends <= ?`, now); err != nil {
		return 0, err
	}
	window := l.Window
	if window <= 0 {
		window = 15 * time.Minute
	}
	for _, b := range buckets {
		row, err := db.One[tally](ctx, l.DB, take, b.name, now+int64(window/time.Second), now, now)
		if err != nil {
			return 0, err
		}
		if row.Attempts > b.limit {
			return row.Ends - now, nil
		}
	}
	return 0, nil
}

// tooMany is the answer to an attempt that comes too early, in seconds.
func tooMany(c *dram.Context, wait int64) error {
	minutes := (wait + 59) / 60
	return dram.TooManyRequests(textTooMany(c, minutes)).With("Retry-After", strconv.FormatInt(wait, 10))
}

// textTooMany is for the visitor.
func textTooMany(c *dram.Context, minutes int64) string {
	const key = "auth.too_many"
	if c.App().HasText(c.Locale(), key) {
		return c.T(key, minutes)
	}
	n := strconv.FormatInt(minutes, 10)
	switch language, _, _ := strings.Cut(c.Locale(), "-"); {
	case language == "ko":
		return "로그인을 너무 여러 번 시도했습니다. " + n + "분 뒤에 다시 시도해 주세요."
	case minutes == 1:
		return "Too many attempts to sign in. Please try again in a minute."
	}
	return "Too many attempts to sign in. Please try again in " + n + " minutes."
}
