package devserver

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"
)

const (
	pokeTimeout = 2 * time.Second // for a poke to reach the dev server
	socketLimit = 100             // bytes in the name of a unix socket, by unix(7) 108
)

// Poke tells the dev server that listens on socket that files may have
// changed. It is what the watcher runs instead of a build.
func Poke(socket string) error {
	conn, err := net.DialTimeout("unix", socket, pokeTimeout)
	if err != nil {
		return fmt.Errorf("no dev server listens for this poke: %w", err)
	}
	return conn.Close()
}

// pokeSocket listens for pokes: in dir, or in a directory of its own when the
// name would be too long for a socket. remove undoes it.
func pokeSocket(dir string) (l net.Listener, remove func(), err error) {
	name, short := filepath.Join(dir, "poke.sock"), ""
	if len(name) > socketLimit {
		if short, err = os.MkdirTemp("", "dram-"); err != nil {
			return nil, nil, err
		}
		name = filepath.Join(short, "poke.sock")
	}
	_ = os.Remove(name) // left by one that was killed; the lock says there is no other
	l, err = net.Listen("unix", name)
	remove = func() {
		if err == nil {
			l.Close()
		}
		if short != "" {
			os.RemoveAll(short)
		}
	}
	if err != nil {
		remove()
		return nil, nil, err
	}
	return l, remove, nil
}

// servePokes calls poke for each connection until l is closed.
func servePokes(l net.Listener, poke func()) {
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			conn.Close()
			poke()
		}
	}
}
