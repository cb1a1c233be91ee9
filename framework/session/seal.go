package session

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
)

// DeriveKey derives a key of 32 bytes for one purpose from a secret, by
// HKDF-SHA256 (RFC 5869). Keys of different purposes tell nothing of each
// other, so one secret serves sessions, signed links and reset tokens.
func DeriveKey(secret, purpose string) []byte {
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, "dram "+purpose, 32)
	if err != nil {
		panic(err) // only for lengths above 8160 bytes
	}
	return key
}

// sealKey seals and opens cookies under one secret.
type sealKey struct {
	id   byte // first byte of what it seals; tells keys apart without trying
	aead cipher.AEAD
}

func newSealKey(secret string) (sealKey, error) {
	block, err := aes.NewCipher(DeriveKey(secret, "session"))
	if err != nil {
		return sealKey{}, fmt.Errorf("session: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return sealKey{}, fmt.Errorf("session: %w", err)
	}
	return sealKey{id: DeriveKey(secret, "session key id")[0], aead: aead}, nil
}

// encoding refuses what it would not write itself, so that a cookie has one
// spelling.
var encoding = base64.RawURLEncoding.Strict()

// seal returns the text of key id, nonce and sealed data. bound is not part of
// the text, but open must be given the same.
func (k sealKey) seal(data []byte, bound string) string {
	out := make([]byte, 1+k.aead.NonceSize(), sealedSize(len(data)))
	out[0] = k.id
	nonce := out[1:]
	rand.Read(nonce) // never fails since Go 1.24
	return encoding.EncodeToString(k.aead.Seal(out, nonce, data, []byte(bound)))
}

// open undoes seal by whichever key fits.
func open(keys []sealKey, text, bound string) ([]byte, bool) {
	raw, err := encoding.DecodeString(text)
	if err != nil {
		return nil, false
	}
	for _, k := range keys {
		n := 1 + k.aead.NonceSize()
		if len(raw) < n || raw[0] != k.id {
			continue
		}
		data, err := k.aead.Open(nil, raw[1:n], raw[n:], []byte(bound))
		if err == nil {
			return data, true
		}
	}
	return nil, false
}

// sealedSize is the number of bytes that data of n bytes has when sealed: key
// id, nonce and tag are 29.
func sealedSize(n int) int { return 1 + 12 + n + 16 }

// textSize is the length of what seal returns for n bytes.
func textSize(n int) int { return encoding.EncodedLen(sealedSize(n)) }
