package front

import (
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/dram-go/dram/runner/wire"
)

// tap records a connection to a worker. What cannot be recorded is served all
// the same.
func (w *wiring) tap(conn net.Conn, worker int) net.Conn {
	name := filepath.Join(w.record, fmt.Sprintf("%d-%d", worker, w.number.Add(1)))
	sent, err := createRecord(name + ".front")
	if err != nil {
		w.log.Warn("no recording", "err", err)
		return conn
	}
	received, err := createRecord(name + ".worker")
	if err != nil {
		sent.Close()
		w.log.Warn("no recording", "err", err)
		return conn
	}
	return &recorded{Conn: wire.Tap(conn, sent, received), files: [2]*os.File{sent, received}}
}

func createRecord(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
}

// recorded closes its files with the connection.
type recorded struct {
	net.Conn
	files [2]*os.File
}

func (r *recorded) Close() error {
	for _, f := range r.files {
		f.Close()
	}
	return r.Conn.Close()
}

// CloseWrite is for upgraded connections.
func (r *recorded) CloseWrite() error {
	return r.Conn.(interface{ CloseWrite() error }).CloseWrite()
}
