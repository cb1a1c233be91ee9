package devserver

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/dram-go/dram/static"
)

// heartbeat keeps the event stream alive through whatever is between, and lets
// a write find out that the browser is gone.
const heartbeat = 15 * time.Second

// devParts serves what is below /__dev/.
func devParts(b *board) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+clientPath, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		_, _ = io.WriteString(w, static.Client())
	})
	mux.HandleFunc("GET "+devPrefix+"state", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(b.view().state)
	})
	mux.HandleFunc("GET "+devPrefix+"events", func(w http.ResponseWriter, r *http.Request) {
		streamStates(w, r, b)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(w, r)
	})
}

// streamStates sends the whole state at once and at every change, as
// server-sent events (HTML, section 9.2). A state that is replaced before it
// was sent is skipped: only the newest counts.
func streamStates(w http.ResponseWriter, r *http.Request, b *board) {
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for v := b.view(); ; v = b.view() {
		data, err := json.Marshal(v.state)
		if err != nil {
			return
		}
		fmt.Fprintf(w, "event: state\ndata: %s\n\n", data)
		if out.Flush() != nil {
			return
		}
		for waiting := true; waiting; {
			select {
			case <-v.changed:
				waiting = false
			case <-beat.C:
				fmt.Fprint(w, ": beat\n\n")
				if out.Flush() != nil {
					return
				}
			case <-r.Context().Done():
				return
			}
		}
	}
}
