package auth

import (
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Bounds of what a stored hash may ask for, so that a damaged or planted one
// cannot take the machine down.
const (
	maxMemory = 1 << 20 // KiB
	maxPasses = 64
)

// Bounds of what [Hasher.Expect] has every failure take.
const (
	usualMemory = 128 << 10 // KiB
	usualPasses = 8
	usualTurns  = 2_000_000 // of PBKDF2
)

// cost is what makes argon2id slow.
type cost struct {
	passes, memory uint32 // memory in KiB
	threads        uint8
}

func (c cost) sane() bool {
	return c.passes >= 1 && c.passes <= maxPasses && c.threads >= 1 &&
		c.memory >= 8*uint32(c.threads) && c.memory <= maxMemory
}

// argon is argon2id (RFC 9106) with one salt.
type argon struct {
	cost
	salt []byte
	size uint32 // of the hash, in bytes
}

func (a argon) sum(password string) ([]byte, error) {
	return argon2.IDKey(normal(password), a.salt, a.passes, a.memory, a.threads, a.size), nil
}

func (a argon) way() string {
	return fmt.Sprintf("argon2id m=%d,t=%d,p=%d,%d", a.memory, a.passes, a.threads, a.size)
}

func (a argon) turns() int      { return 1 }
func (a argon) with(int) recipe { return a }
func (a argon) usual() bool     { return a.memory <= usualMemory && a.passes <= usualPasses }

// encoding of salt and hash in the PHC string format.
var encoding = base64.RawStdEncoding.Strict()

// phc writes the hash with what it takes to compute it again.
func (a argon) phc(sum []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, a.memory, a.passes, a.threads,
		encoding.EncodeToString(a.salt), encoding.EncodeToString(sum))
}

// parseArgon reads what phc writes.
func parseArgon(hash string) (recipe, []byte, bool) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return nil, nil, false
	}
	var a argon
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &a.memory, &a.passes, &a.threads); err != nil || !a.sane() {
		return nil, nil, false
	}
	salt, saltErr := encoding.DecodeString(parts[4])
	want, wantErr := encoding.DecodeString(parts[5])
	if saltErr != nil || wantErr != nil || len(salt) < 8 || len(want) < 16 || len(want) > 128 {
		return nil, nil, false
	}
	a.salt, a.size = salt, uint32(len(want))
	// Readers of numbers and of base64 overlook some things; phc has one spelling.
	return a, want, a.phc(want) == hash
}
