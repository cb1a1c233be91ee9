package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"golang.org/x/text/unicode/norm"
)

// maxPassword bounds a password, in bytes. It is far above what people type;
// give the field of the form a rule like max=200.
const maxPassword = 4096

// ErrTooLong is what [Hasher.Hash] says of a password of more than 4096 bytes.
// It has StatusCode 422.
var ErrTooLong error = tooLong{}

type tooLong struct{}

func (tooLong) Error() string {
	return fmt.Sprintf("auth: the password has more than %d bytes; give the form a rule like max=200", maxPassword)
}

func (tooLong) StatusCode() int { return 422 }

// Hasher makes and checks the hashes of passwords, by argon2id (RFC 9106). The
// zero Hasher is ready for use and follows the advice of OWASP: 2 passes over
// 19 MiB, which takes about 30 ms.
//
// A hash needs its memory for as long as it is computed, so a Hasher computes
// only a few at once and lets others wait. Share one among all parts of an app;
// it is safe for use by many goroutines. Set the fields before.
type Hasher struct {
	Passes  uint32 // over the memory; 0 means 2
	Memory  uint32 // in KiB; 0 means 19456
	Threads uint8  // of one hash; 0 means 1
	// Parallel is how many hashes are computed at once; 0 means as many as
	// there are processors (GOMAXPROCS). Parallel × Memory is what a flood of
	// logins can cost.
	Parallel int

	once  sync.Once
	slots chan struct{}

	level level
	did   func(recipe) // told of all work, for tests
}

// Hash returns the hash of a password under a new salt, as text in the PHC
// format that says how it was made:
//
//	$argon2id$v=19$m=19456,t=2,p=1$c2FsdC4uLg$aGFzaC4uLg
//
// The password is normalised to NFC first (RFC 8265 section 4.2), because the
// same Hangul or é arrives in two spellings from different devices. Unlike
// bcrypt nothing of a long password is ignored. Errors: [ErrTooLong], and that
// of ctx if it ends while others are in front.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if len(password) > maxPassword {
		return "", ErrTooLong
	}
	r := h.own(make([]byte, 16))
	rand.Read(r.salt) // never fails
	sum, err := h.compute(ctx, r, password)
	if err != nil {
		return "", err
	}
	return r.phc(sum), nil
}

// Verify reports whether a hash is that of a password. Beside its own hashes it
// reads those of Werkzeug (scrypt and pbkdf2) and of Django (pbkdf2), so that
// users can be taken over from there; see [Hasher.Outdated].
//
// The empty hash fits no password: pass it for a user who does not exist, so
// that nobody learns from the time which users do. Every answer no takes the
// same work: that of a hash of this Hasher's own, and that of each foreign or
// outdated way of hashing that it knows, see [Hasher.Expect].
//
// A hash that cannot be read is an error, which does not contain it. So is the
// end of ctx while others are in front.
func (h *Hasher) Verify(ctx context.Context, hash, password string) (bool, error) {
	if len(password) > maxPassword {
		return false, nil // it never got a hash
	}
	var r recipe
	var want []byte
	if hash != "" {
		var err error
		if r, want, err = parse(hash); err != nil {
			return false, err
		}
		h.level.expect(r)
	}
	leave, err := h.enter(ctx)
	if err != nil {
		return false, err
	}
	defer leave()
	if r != nil {
		got, err := h.sum(r, password)
		if err != nil {
			return false, err
		}
		if subtle.ConstantTimeCompare(got, want) == 1 {
			return true, nil
		}
	}
	for _, rest := range h.level.rest(h.own(make([]byte, 16)), r) {
		if _, err := h.sum(rest, password); err != nil {
			return false, err
		}
	}
	return false, nil
}

// Expect tells the Hasher of a hash that was made in another way than its own,
// so that from now on every answer no of [Hasher.Verify] takes the work of that
// way too: otherwise the time of a login would tell which of the imported
// accounts exist. Verify learns from the hashes that it meets, so what is gained
// are the logins before the first of such an account. Call it at the start with
// one hash of each kind that the table of users still has. A hash that cannot be
// read is an error.
//
// Of PBKDF2 with one hash function the most iterations count. Eight ways are
// kept. Those that take more than 128 MiB, 8 passes or 2 million iterations are
// left out, so that one odd hash does not make every wrong password dear: logins
// to such an account take longer, and tell that it exists.
func (h *Hasher) Expect(hash string) error {
	r, _, err := parse(hash)
	if err != nil {
		return err
	}
	h.level.expect(r)
	return nil
}

// Outdated reports whether a hash was made in another way than [Hasher.Hash]
// would make it now. After a login with the right password, store a new one;
// [Auth.Password] does.
func (h *Hasher) Outdated(hash string) bool {
	r, want, err := parse(hash)
	if err != nil {
		return true
	}
	a, ok := r.(argon)
	return !ok || a.cost != h.cost() || len(want) != 32
}

// own is how new hashes are made.
func (h *Hasher) own(salt []byte) argon { return argon{cost: h.cost(), salt: salt, size: 32} }

// cost returns the fields with their defaults.
func (h *Hasher) cost() cost {
	c := cost{passes: h.Passes, memory: h.Memory, threads: h.Threads}
	if c.passes == 0 {
		c.passes = 2
	}
	if c.memory == 0 {
		c.memory = 19 << 10
	}
	if c.threads == 0 {
		c.threads = 1
	}
	return c
}

// compute runs a recipe once there is a free slot.
func (h *Hasher) compute(ctx context.Context, r recipe, password string) ([]byte, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return h.sum(r, password)
}

// enter waits for a free slot, which leave gives back.
func (h *Hasher) enter(ctx context.Context) (leave func(), err error) {
	h.once.Do(func() {
		n := h.Parallel
		if n <= 0 {
			n = runtime.GOMAXPROCS(0)
		}
		h.slots = make(chan struct{}, n)
	})
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("auth: waiting for other passwords to be hashed: %w", ctx.Err())
	}
}

// sum runs a recipe in the slot that the caller has.
func (h *Hasher) sum(r recipe, password string) ([]byte, error) {
	if h.did != nil {
		h.did(r)
	}
	return r.sum(password)
}

// recipe is one way to compute a hash.
type recipe interface {
	sum(password string) ([]byte, error)
	// way names the kind of work; recipes of one way differ in their turns and
	// salts alone.
	way() string
	// turns is how often the work is done, 1 where it cannot be divided.
	turns() int
	// with returns the same way with another number of turns.
	with(turns int) recipe
	// usual reports whether the work is not far from what others do.
	usual() bool
}

// errHash is what is said of a hash that no recipe fits. The hash itself stays
// out of messages.
var errHash = errors.New("auth: the stored hash is of no known kind ($argon2id$…, scrypt:…, pbkdf2:…, pbkdf2_sha256$…)")

// parse reads a stored hash.
func parse(hash string) (r recipe, want []byte, err error) {
	for _, read := range []func(string) (recipe, []byte, bool){parseArgon, parseWerkzeug, parseDjango} {
		if r, want, ok := read(hash); ok {
			return r, want, nil
		}
	}
	return nil, nil, errHash
}

// normal is the one spelling of a password.
func normal(password string) []byte { return norm.NFC.Bytes([]byte(password)) }
