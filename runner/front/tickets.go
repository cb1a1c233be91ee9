package front

import (
	"crypto/rand"
	"time"
)

const (
	// TicketTime is how long a key of TLS session tickets is the newest.
	TicketTime = 12 * time.Hour
	// knownTickets is how many keys are known: tickets are good for one to two
	// TicketTime after theirs was replaced.
	knownTickets = 3
)

// NextTickets puts a new key for TLS session tickets before the others, and
// forgets the oldest.
func NextTickets(keys [][]byte) [][]byte {
	key := make([]byte, 32)
	rand.Read(key) // never fails
	next := append([][]byte{key}, keys...)
	return next[:min(len(next), knownTickets)]
}
