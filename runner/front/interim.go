package front

import (
	"net/http"
	"net/textproto"
	"sync"
)

// interim passes informational responses on while send waits. The transport
// may call got after RoundTrip returned.
type interim struct {
	turn *turn
	mu   sync.Mutex
	over bool
}

func (i *interim) got(status int, h textproto.MIMEHeader) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.over && status != http.StatusContinue { // reading the body sends that
		responseHeader(http.Header(h))
		i.turn.Inform(status, http.Header(h))
	}
	return nil
}

func (i *interim) end() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.over = true
}
