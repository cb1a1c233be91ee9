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
	r := argon{cost: h.cost(), salt: make([]byte, 16), size: 32}
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
// The empty hash fits no password, and takes as long as another to say so:
// pass it for a user who does not exist, so that nobody learns from the time
// which users do.
//
// A hash that cannot be read is an error, which does not contain it. So is the
// end of ctx while others are in front.
func (h *Hasher) Verify(ctx context.Context, hash, password string) (bool, error) {
	if len(password) > maxPassword {
		return false, nil // it never got a hash
	}
	if hash == "" {
		_, err := h.compute(ctx, argon{cost: h.cost(), salt: make([]byte, 16), size: 32}, password)
		return false, err
	}
	r, want, err := parse(hash)
	if err != nil {
		return false, err
	}
	got, err := h.compute(ctx, r, password)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1, nil
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
	h.once.Do(func() {
		n := h.Parallel
		if n <= 0 {
			n = runtime.GOMAXPROCS(0)
		}
		h.slots = make(chan struct{}, n)
	})
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("auth: waiting for other passwords to be hashed: %w", ctx.Err())
	}
	defer func() { <-h.slots }()
	return r.sum(password)
}

// recipe is one way to compute a hash.
type recipe interface {
	sum(password string) ([]byte, error)
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
