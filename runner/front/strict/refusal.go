package strict

import (
	"fmt"
	"net/http"
)

// Refusal is why a request was not accepted: the status that the client got
// and what was wrong.
type Refusal struct {
	Status int
	Reason string // for logs, and for the client
}

func (r *Refusal) Error() string {
	return fmt.Sprintf("%d %s: %s", r.Status, http.StatusText(r.Status), r.Reason)
}

// Client is who sent a request that was refused, and which answers it prefers
// as far as its head had come by then.
type Client struct {
	Remote    string // ADDRESS:PORT
	Accept    string
	Languages string // Accept-Language
}

// Refuse returns a *Refusal.
func Refuse(status int, reason string) error { return &Refusal{status, reason} }

// Bad refuses what no client of good faith sends.
func Bad(reason string) error { return Refuse(http.StatusBadRequest, reason) }
