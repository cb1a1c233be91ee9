package auth

import (
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"strconv"
	"strings"

	"golang.org/x/crypto/scrypt"
)

// Hashes that other frameworks made. They are only checked, never made; their
// passwords were not normalised.

// scrypted is scrypt (RFC 7914) as Werkzeug uses it.
type scrypted struct {
	salt    []byte
	n, r, p int
	size    int
}

func (s scrypted) sum(password string) ([]byte, error) {
	return scrypt.Key([]byte(password), s.salt, s.n, s.r, s.p, s.size)
}

func (s scrypted) way() string     { return fmt.Sprintf("scrypt %d:%d:%d,%d", s.n, s.r, s.p, s.size) }
func (s scrypted) turns() int      { return 1 }
func (s scrypted) with(int) recipe { return s }

// usual counts 128 × N × R bytes.
func (s scrypted) usual() bool { return s.n*s.r <= usualMemory*8 && s.p <= usualPasses }

// stretched is PBKDF2 (RFC 8018 section 5.2).
type stretched struct {
	hash  func() hash.Hash
	salt  []byte
	count int // of iterations
	size  int
}

func (s stretched) sum(password string) ([]byte, error) {
	return pbkdf2.Key(s.hash, password, s.salt, s.count, s.size)
}

func (s stretched) way() string { return fmt.Sprintf("pbkdf2 %d,%d", s.hash().Size(), s.size) }
func (s stretched) turns() int  { return s.count }
func (s stretched) usual() bool { return s.count <= usualTurns }

func (s stretched) with(turns int) recipe {
	s.count = turns
	return s
}

// maxTurns bounds the iterations of PBKDF2 that a stored hash may ask for.
const maxTurns = 10_000_000

// hashByName returns the hash functions that PBKDF2 is used with.
func hashByName(name string) (func() hash.Hash, bool) {
	switch name {
	case "sha1":
		return sha1.New, true
	case "sha256":
		return sha256.New, true
	case "sha512":
		return sha512.New, true
	}
	return nil, false
}

// parseWerkzeug reads METHOD$SALT$HEX, where METHOD is scrypt:N:R:P or
// pbkdf2:HASH:ITERATIONS. The salt is used as the text that it is.
func parseWerkzeug(text string) (recipe, []byte, bool) {
	parts := strings.Split(text, "$")
	if len(parts) != 3 || parts[1] == "" {
		return nil, nil, false
	}
	salt := []byte(parts[1])
	want, err := hex.DecodeString(parts[2])
	if err != nil || len(want) < 16 || len(want) > 128 {
		return nil, nil, false
	}
	method, rest, _ := strings.Cut(parts[0], ":")
	switch method {
	case "scrypt":
		r, ok := parseScrypt(rest, salt, len(want))
		return r, want, ok
	case "pbkdf2":
		name, turns, _ := strings.Cut(rest, ":")
		r, ok := newStretched(name, turns, salt, len(want))
		return r, want, ok
	}
	return nil, nil, false
}

// parseScrypt reads N:R:P.
func parseScrypt(text string, salt []byte, size int) (recipe, bool) {
	parts := strings.Split(text, ":")
	if len(parts) != 3 {
		return nil, false
	}
	var numbers [3]int
	for i, part := range parts {
		n, err := strconv.Atoi(part)
		if err != nil || n < 1 || n > 1<<20 {
			return nil, false
		}
		numbers[i] = n
	}
	s := scrypted{salt: salt, n: numbers[0], r: numbers[1], p: numbers[2], size: size}
	// N must be a power of two; the memory is 128 × N × R bytes.
	if s.n < 2 || s.n&(s.n-1) != 0 || int64(s.n)*int64(s.r) > maxMemory*8 || s.p > maxPasses {
		return nil, false
	}
	return s, true
}

// parseDjango reads pbkdf2_HASH$ITERATIONS$SALT$BASE64.
func parseDjango(text string) (recipe, []byte, bool) {
	parts := strings.Split(text, "$")
	if len(parts) != 4 || parts[2] == "" {
		return nil, nil, false
	}
	name, ok := strings.CutPrefix(parts[0], "pbkdf2_")
	if !ok {
		return nil, nil, false
	}
	want, err := base64.StdEncoding.DecodeString(parts[3])
	if err != nil || len(want) < 16 || len(want) > 128 {
		return nil, nil, false
	}
	r, ok := newStretched(name, parts[1], []byte(parts[2]), len(want))
	return r, want, ok
}

func newStretched(name, turns string, salt []byte, size int) (recipe, bool) {
	h, ok := hashByName(name)
	n, err := strconv.Atoi(turns)
	if !ok || err != nil || n < 1 || n > maxTurns {
		return nil, false
	}
	return stretched{hash: h, salt: salt, count: n, size: size}, true
}
