package h1

import (
	"fmt"
	"net/http"
)

// Refusal is why a request was not accepted: the status that the client got,
// after which its connection was closed, and what was wrong.
type Refusal struct {
	Status int
	Reason string
}

func (r *Refusal) Error() string {
	return fmt.Sprintf("h1: %d %s: %s", r.Status, http.StatusText(r.Status), r.Reason)
}

func refuse(status int, reason string) error { return &Refusal{status, reason} }

// bad refuses what no client of good faith sends.
func bad(reason string) error { return refuse(http.StatusBadRequest, reason) }
